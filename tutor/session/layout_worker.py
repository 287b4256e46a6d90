"""The helper process: lays out one large structure without Qt and torch, so that the window stays live.

Run as `python -m tutor.session.layout_worker`: reads a request from stdin, writes the reply to stdout, and ends.
"""

from __future__ import annotations

import sys

import msgspec

from tutor.trace.layout import Layout, Order, layout
from tutor.trace.picture import Structure


class LayoutRequest(msgspec.Struct, frozen=True):
    """Which structure to lay out, and how."""

    structure: Structure
    order: Order


def encode_request(request: LayoutRequest) -> bytes:
    return msgspec.msgpack.encode(request)


def decode_layout(data: bytes) -> Layout:
    """Raises msgspec.DecodeError when the helper's answer is not whole."""
    return msgspec.msgpack.decode(data, type=Layout)


def answer(data: bytes) -> bytes:
    """The encoded layout for an encoded request."""
    request = msgspec.msgpack.decode(data, type=LayoutRequest)
    return msgspec.msgpack.encode(layout(request.structure, request.order))


if __name__ == "__main__":
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read()))
