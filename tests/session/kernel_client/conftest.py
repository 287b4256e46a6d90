"""One real kernel for each module of tests; whoever kills it finds it back."""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest
from PySide6.QtWidgets import QApplication

from tests.session.listener import STOOD_STILL, Listener
from tutor.session.kernel_client import KernelClient


@pytest.fixture(autouse=True)
def nothing_stays() -> None:
    """Here one kernel lasts from test to test, and some tests replace it: what stays is looked for at the end."""


@pytest.fixture(scope="module")
def shared(qapp: QApplication) -> Iterator[Listener]:
    """One kernel for the whole module; whoever kills it finds it back."""
    client = KernelClient()
    heard = Listener(client)
    client.start()
    yield heard
    client.shutdown()
    assert psutil.Process().children(recursive=True) == []


@pytest.fixture
def kernel(shared: Listener) -> Iterator[Listener]:
    shared.until_ready()
    shared.forget()
    yield shared
    assert shared.longest_gap < STOOD_STILL, "the window stood still"


@pytest.fixture
def patient(kernel: Listener) -> Iterator[Listener]:
    """Never kills a kernel that is slow to react, however busy the computer is."""
    before, kernel.client.patience = kernel.client.patience, 60_000
    yield kernel
    kernel.client.patience = before
