"""The helper process: lays out large structures without Qt and torch, so that the window stays live.

Run as `python -m tutor.session.layout_worker`: reads requests from stdin, writes layouts to stdout, ends with its stdin.
A message is four bytes of length and a msgpack body.
"""

from __future__ import annotations

import struct
import sys
from typing import BinaryIO

import msgspec

from tutor.trace.layout import Layout, layout
from tutor.trace.picture import ItemId, Structure

_LENGTH = struct.Struct(">I")


class LayoutRequest(msgspec.Struct, frozen=True):
    """Which structure to lay out, with the sizes of its items."""

    number: int
    structure: Structure
    sizes: dict[ItemId, tuple[float, float]]


class LayoutReply(msgspec.Struct, frozen=True):
    """The layout asked for under this number; `fault` says what went wrong instead."""

    number: int
    layout: Layout | None
    fault: str = ""


_encoder = msgspec.msgpack.Encoder()
_request_decoder = msgspec.msgpack.Decoder(LayoutRequest)
_reply_decoder = msgspec.msgpack.Decoder(LayoutReply)


def frame(message: LayoutRequest | LayoutReply) -> bytes:
    """The bytes of one message."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


def replies(buffer: bytearray) -> list[LayoutReply]:
    """Takes the whole messages out of what has come so far."""
    found = []
    while len(buffer) >= _LENGTH.size:
        (length,) = _LENGTH.unpack_from(buffer)
        end = _LENGTH.size + length
        if len(buffer) < end:
            break
        found.append(_reply_decoder.decode(bytes(buffer[_LENGTH.size : end])))
        del buffer[:end]
    return found


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers until the other end closes."""
    while header := requests.read(_LENGTH.size):
        (length,) = _LENGTH.unpack(header)
        request = _request_decoder.decode(requests.read(length))
        answers.write(frame(_answer(request)))
        answers.flush()


def _answer(request: LayoutRequest) -> LayoutReply:
    try:
        return LayoutReply(request.number, layout(request.structure, request.sizes))
    except (ArithmeticError, LookupError, RuntimeError, ValueError) as fault:
        return LayoutReply(request.number, None, f"{type(fault).__name__}: {fault}")


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
