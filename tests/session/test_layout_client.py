"""Layouts: at once when small, from the helper process when large, and without a trace of it afterwards."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pytestqt.qtbot import QtBot

from tests.traces import golden
from tutor.protocol import OperationId, TensorId
from tutor.session import layout_client
from tutor.session.layout_client import LayoutClient
from tutor.trace.layout import Order, layout
from tutor.trace.picture import Circle, ItemId, Lane, LaneId, Structure
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
