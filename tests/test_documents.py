"""What the documents say can be done, can be done."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
import torch

from tutor.kernel.record import Limits
from tutor.trace.trace import Trace

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "recording.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_every_piece_of_code_about_recording_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {
        "model": torch.nn.Linear(2, 1),
        "x": torch.ones(2),
        "Path": Path,
        "__name__": "__main__",
    }
    for place, block in enumerate(BLOCKS):
        exec(compile(block, f"block {place}", "exec"), namespace)

    assert (tmp_path / "run.json").is_file()
    assert "model.weight None + [[1.0, 1.0]] = [[1.0, 1.0]]" in capsys.readouterr().out


def test_every_list_of_a_trace_is_told() -> None:
    lists = {field.name for field in fields(Trace)} - {"environment", "outputs"}

    assert {name for name in lists if f"`{name}`" not in PAGE} == set()


def test_the_limits_are_told_as_they_are() -> None:
    limits = Limits()

    for field in fields(Limits):
        assert f"| `{field.name}` | {getattr(limits, field.name):,} |" in PAGE
