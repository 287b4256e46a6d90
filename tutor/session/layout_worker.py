"""The helper process: lays out one large structure without Qt and torch, so that the window stays live.

Run as `python -m tutor.session.layout_worker`: reads a request from stdin, writes the reply to stdout, and ends. Both
come in pieces, so that the window makes and takes them between two frames.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

import msgspec

from tutor.trace.layout import Direction, Layout, Order, Point, layout_of
from tutor.trace.nesting import Rect
from tutor.trace.picture import ItemId, LaneId, Structure
from tutor.trace.routes import Port
from tutor.trace.skeleton import Bone, Open, Skeleton, banded_in, bones_of, frames_of, held_in, order_of

_PIECE = 1_000
_LENGTH = 4
"""Bytes before each piece that say how long it is."""

_T = TypeVar("_T")


class RequestPiece(msgspec.Struct, array_like=True, frozen=True):
    """Some of a skeleton and of its order; the lists of all pieces together are the whole."""

    direction: Direction = "right"
    order: tuple[ItemId, ...] = ()
    frames: tuple[Open, ...] = ()
    lanes: tuple[Bone, ...] = ()
    banded: frozenset[ItemId] = frozenset()
    held: tuple[tuple[ItemId, int], ...] = ()
    sizes: tuple[tuple[ItemId, tuple[float, float]], ...] = ()
    ports: tuple[tuple[ItemId, Port], ...] = ()
    titles: tuple[tuple[ItemId, float], ...] = ()


class ReplyPiece(msgspec.Struct, array_like=True, frozen=True):
    """Some of a layout. The `last` one says that it is whole."""

    positions: tuple[tuple[ItemId, Point], ...] = ()
    routes: tuple[tuple[LaneId, tuple[Point, ...]], ...] = ()
    frames: tuple[tuple[ItemId, Rect], ...] = ()
    size: tuple[float, float] = (0.0, 0.0)
    last: bool = False


def request_pieces(structure: Structure, order: Order) -> Iterator[bytes]:
    """What goes to the helper's stdin, a little at a time."""
    yield _framed(
        RequestPiece(
            direction=order.direction,
            order=order_of(structure),
            frames=frames_of(structure),
            banded=banded_in(structure),
            held=held_in(structure),
            titles=tuple(order.titles.items()),
        )
    )
    for sizes in _batches(order.sizes.items()):
        yield _framed(RequestPiece(sizes=sizes))
    for ports in _batches(order.ports.items()):
        yield _framed(RequestPiece(ports=ports))
    for lanes in _batches(bones_of(structure)):
        yield _framed(RequestPiece(lanes=lanes))


@dataclass(slots=True)
class ReplyReader:
    """Puts a layout together from what the helper writes; `feed` takes bytes, `take` works one piece off."""

    _data: bytearray = field(default_factory=bytearray)
    _read: int = 0
    _positions: dict[ItemId, Point] = field(default_factory=dict)
    _routes: dict[LaneId, tuple[Point, ...]] = field(default_factory=dict)
    _frames: dict[ItemId, Rect] = field(default_factory=dict)
    layout: Layout | None = None
    """Once it is whole."""

    def feed(self, data: bytes) -> None:
        self._data += data

    def take(self) -> bool:
        """Whether there was a piece. Raises msgspec.DecodeError when it is damaged."""
        end = _end(self._data, self._read)
        if end is None:
            return False
        piece = _REPLIES.decode(memoryview(self._data)[self._read + _LENGTH : end])
        self._read = end
        self._positions.update(piece.positions)
        self._routes.update(piece.routes)
        self._frames.update(piece.frames)
        if piece.last:
            self.layout = Layout(self._positions, self._routes, *piece.size, self._frames)
        return True


def answer(data: bytes) -> Iterator[bytes]:
    """The reply's pieces for a whole request."""
    drawn = layout_of(*_request(data))
    for positions in _batches(drawn.positions.items()):
        yield _framed(ReplyPiece(positions=positions))
    for routes in _batches(drawn.routes.items()):
        yield _framed(ReplyPiece(routes=routes))
    frames, size = tuple(drawn.frames.items()), (drawn.width, drawn.height)
    yield _framed(ReplyPiece(frames=frames, size=size, last=True))


def _request(data: bytes) -> tuple[Skeleton, Order]:
    pieces = []
    at = 0
    while (end := _end(data, at)) is not None:
        pieces.append(_REQUESTS.decode(memoryview(data)[at + _LENGTH : end]))
        at = end
    head = pieces[0]
    bones = Skeleton(
        head.order, head.frames, tuple(lane for p in pieces for lane in p.lanes), head.banded, head.held
    )
    sizes = {item: size for p in pieces for item, size in p.sizes}
    ports = {item: port for p in pieces for item, port in p.ports}
    return bones, Order(sizes, ports, head.direction, dict(head.titles))


def _framed(piece: RequestPiece | ReplyPiece) -> bytes:
    said = _ENCODER.encode(piece)
    return len(said).to_bytes(_LENGTH, "big") + said


def _end(data: bytes | bytearray, at: int) -> int | None:
    """Where the piece that begins here ends; None where it is not all there."""
    if len(data) < at + _LENGTH:
        return None
    end = at + _LENGTH + int.from_bytes(data[at : at + _LENGTH], "big")
    return end if end <= len(data) else None


def _batches(found: Iterable[_T]) -> Iterator[tuple[_T, ...]]:
    rest = iter(found)
    while batch := tuple(islice(rest, _PIECE)):
        yield batch


_ENCODER = msgspec.msgpack.Encoder()
_REQUESTS = msgspec.msgpack.Decoder(RequestPiece)
_REPLIES = msgspec.msgpack.Decoder(ReplyPiece)


def main() -> None:
    # It lives for one layout, which makes no circles.
    gc.disable()
    for piece in answer(sys.stdin.buffer.read()):
        sys.stdout.buffer.write(piece)


if __name__ == "__main__":
    main()
