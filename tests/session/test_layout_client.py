"""Layouts: at once when small, from the helper process when large, and without a trace of it afterwards."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import msgspec
import pytest
from PySide6.QtCore import QProcess
from pytestqt.qtbot import QtBot

from tests.conftest import Mistakes
from tests.traces import golden
from tutor.protocol import OperationId, TensorId
from tutor.session import layout_client
from tutor.session.layout_client import LayoutClient
from tutor.session.layout_worker import ReplyReader, answer, request_pieces
from tutor.trace.folding import fold
from tutor.trace.layout import Order, layout
from tutor.trace.picture import Circle, Group, ItemId, Lane, LaneId, Structure
from tutor.trace.routes import Port
from tutor.trace.structure import structure


def chain(length: int) -> tuple[Structure, dict[ItemId, tuple[float, float]]]:
    circles = tuple(
        Circle(ItemId(f"o{n}"), OperationId(n), "+", "torch.add", "", (), None) for n in range(length)
    )
    lanes = tuple(
        Lane(LaneId(f"l{n}"), ItemId(f"o{n}"), ItemId(f"o{n + 1}"), TensorId(n), 0, True)
        for n in range(length - 1)
    )
    return Structure(0, (), circles, lanes), {circle.id: (60.0, 60.0) for circle in circles}


def test_a_small_structure_is_laid_out_at_once(qtbot: QtBot) -> None:
    client = LayoutClient()
    trace = golden("two_paths")
    still = structure(trace, 0)
    sizes = dict.fromkeys(still.keys, (100.0, 80.0))
    with qtbot.waitSignal(client.done, timeout=0) as told:
        client.request(still, Order(sizes))
    assert told.args == [still, layout(still, Order(sizes))]
    assert not client.busy


def test_a_large_structure_comes_from_the_helper_process_and_is_the_same(qtbot: QtBot) -> None:
    client = LayoutClient()
    still, sizes = chain(layout_client.AT_ONCE + 1)
    with qtbot.waitSignal(client.done, timeout=30_000) as told:
        client.request(still, Order(sizes))
        assert client.busy
    assert told.args == [still, layout(still, Order(sizes))]
    assert not client.busy


def test_a_cancelled_layout_says_so_and_the_next_one_comes(qtbot: QtBot) -> None:
    client = LayoutClient()
    still, sizes = chain(layout_client.AT_ONCE + 1)
    client.request(still, Order(sizes))
    with qtbot.waitSignal(client.failed, timeout=0) as told:
        client.cancel()
    assert told.args == [still] and not client.busy
    small, few = chain(3)
    with qtbot.waitSignal(client.done, timeout=0):
        client.request(small, Order(few))


@pytest.mark.parametrize("forbidden", ["PySide6", "torch"])
def test_the_helper_process_imports_neither_qt_nor_torch(forbidden: str) -> None:
    code = f"import sys, tutor.session.layout_worker; sys.exit({forbidden!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def grouped(length: int) -> tuple[Structure, Order]:
    """A long chain with an open group, and a closed one."""
    whole, sizes = chain(length)
    names = [circle.id for circle in whole.circles]
    groups = tuple(
        Group(ItemId(f"m{n}"), "module", f"{n}", "", 1, 3, 0, tuple(names[4 * n : 4 * n + 3]), None, 0)
        for n in (0, 1)
    )
    keys = {name: str(name) for name in names}
    drawn = fold(replace(whole, groups=groups, keys=keys), {groups[1].id})
    kept = {circle.id: sizes[circle.id] for circle in drawn.circles} | {groups[1].id: (90.0, 80.0)}
    return drawn, Order(kept, {names[0]: Port(-30.0, 40.0, 5.0)}, "down", {groups[0].id: 400.0})


def test_the_helper_is_told_all_that_the_layout_depends_on() -> None:
    drawn, order = grouped(2_500)
    reader = ReplyReader()
    said = b"".join(answer(b"".join(request_pieces(drawn, order))))
    for start in range(0, len(said), 1_000):
        reader.feed(said[start : start + 1_000])
        while reader.take():
            pass
    assert reader.layout == layout(drawn, order)
    assert len(reader.layout.frames) == 1


def test_a_large_request_is_made_in_small_pieces() -> None:
    drawn, sizes = chain(20_000)
    pieces = list(request_pieces(drawn, Order(sizes)))
    assert len(pieces) > 40
    assert max(len(piece) for piece in pieces[1:]) < len(b"".join(pieces)) / 10


def test_a_helper_that_dies_is_told_as_no_layout(qtbot: QtBot, logged_errors: Mistakes) -> None:
    client = LayoutClient()
    still, sizes = chain(layout_client.AT_ONCE + 1)
    with qtbot.waitSignal(client.failed, timeout=30_000) as told:
        client.request(still, Order(sizes))
        (helper,) = client.findChildren(QProcess)
        helper.kill()
    assert told.args == [still] and not client.busy
    assert len(logged_errors.texts) == 1
    logged_errors.clear()


def test_a_damaged_reply_is_none() -> None:
    drawn, sizes = chain(10)
    said = b"".join(answer(b"".join(request_pieces(drawn, Order(sizes)))))
    reader = ReplyReader()
    reader.feed(said[:4] + b"\xc1" + said[5:])
    with pytest.raises(msgspec.DecodeError):
        while reader.take():
            pass
