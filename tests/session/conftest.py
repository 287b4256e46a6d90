"""What the tests of the session share: a kernel that they play."""

from __future__ import annotations

import pytest

from tests.session.fake_kernel import FakeKernel


@pytest.fixture
def kernel(qapp: object) -> FakeKernel:
    return FakeKernel()
