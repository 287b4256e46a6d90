"""The command line: what it tells of itself, and the window that opens without a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutor.cli import main


def test_help_tells_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["--help"])
    assert leaving.value.code == 0
    text = capsys.readouterr().out
    for command in ("open", "trace", "check"):
        assert f"    {command} " in text


def test_help_tells_the_exit_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["trace", "--help"])
    text = capsys.readouterr().out
    assert all(f"\n  {status} " in text for status in (0, 1, 2, 130))


def test_the_versions_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert "torch" in capsys.readouterr().out


def test_without_a_command_the_window_opens_on_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path | None] = []

    def run(path: Path | None) -> int:
        opened.append(path)
        return 0

    import tutor.app

    monkeypatch.setattr(tutor.app, "run", run)
    assert [main([]), main(["some.py"]), main(["open", "some.json"])] == [0, 0, 0]
    assert opened == [None, Path("some.py"), Path("some.json")]


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_while_the_program_starts_is_no_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import tutor.app

    def interrupted(_path: Path | None) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(tutor.app, "run", interrupted)
    assert main([]) == 130
    assert capsys.readouterr().err == ""
