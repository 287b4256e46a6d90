"""What the tests of code, output and tensors share: a session on a small program, and the kernel that they play."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.session.fake_kernel import FakeKernel
from tests.views import live
from tutor.session.session import Session


@pytest.fixture
def told(tmp_path: Path) -> Iterator[tuple[Session, FakeKernel]]:
    yield from live.lent(tmp_path)


@pytest.fixture
def session(told: tuple[Session, FakeKernel]) -> Session:
    return told[0]


@pytest.fixture
def kernel(told: tuple[Session, FakeKernel]) -> FakeKernel:
    return told[1]
