"""What is remembered from one start to the next: language, theme, text size, docks, recent files, run settings, sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
from platformdirs import user_data_path
from PySide6.QtCore import QByteArray, QObject, QSettings, QSizeF

from tutor.i18n import LANGUAGES, system_language
from tutor.protocol import RunSettings
from tutor.source.disk import DocumentError, read_bytes, write_bytes
from tutor.source.document import Cell, CellId, CellKind, Document, sandbox

Theme = Literal["system", "light", "dark"]
GraphDirection = Literal["auto", "right", "down"]
"""Which way the picture of the graph runs; by itself it runs down only where the pane is narrow."""
GRAPH_DIRECTIONS: tuple[GraphDirection, ...] = ("auto", "right", "down")
THEMES: tuple[Theme, ...] = ("system", "light", "dark")
TEXT_SIZES = (80, 90, 100, 110, 125, 150, 175, 200)
"""Per cent of the system's text size."""
RECENT_LIMIT = 12


class _KeptCell(msgspec.Struct):
    id: str
    kind: CellKind
    text: str


def data_folder() -> Path:
    """Where the program keeps what belongs to the person: sandbox and progress. Made when missing."""
    return user_data_path("autograd-tutor", appauthor=False, ensure_exists=True)


class Settings(QObject):
    """The preferences, read and written through QSettings; what is damaged or unknown falls back to the default."""

    def __init__(
        self, store: QSettings | None = None, folder: Path | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._store = store if store is not None else QSettings("autograd-tutor", "autograd-tutor")
        self.folder = folder if folder is not None else data_folder()

    @property
    def first_start(self) -> bool:
        return not self._bool("started")

    def mark_started(self) -> None:
        self._store.setValue("started", "yes")

    @property
    def language(self) -> str:
        code = self._text("language")
        return code if code in LANGUAGES else system_language()

    @language.setter
    def language(self, code: str) -> None:
        self._store.setValue("language", code)

    @property
    def theme(self) -> Theme:
        name = self._text("theme")
        return next((theme for theme in THEMES if theme == name), "system")

    @theme.setter
    def theme(self, theme: Theme) -> None:
        self._store.setValue("theme", theme)

    @property
    def graph_direction(self) -> GraphDirection:
        name = self._text("graph_direction")
        return next((direction for direction in GRAPH_DIRECTIONS if direction == name), "auto")

    @graph_direction.setter
    def graph_direction(self, direction: GraphDirection) -> None:
        self._store.setValue("graph_direction", direction)

    @property
    def text_size(self) -> int:
        """Per cent of the system's text size: one of TEXT_SIZES."""
        size = self._int("text_size", 100)
        return size if size in TEXT_SIZES else 100

    @text_size.setter
    def text_size(self, size: int) -> None:
        self._store.setValue("text_size", str(size))

    @property
    def reduced_motion(self) -> bool:
        return self._bool("reduced_motion")

    @reduced_motion.setter
    def reduced_motion(self, on: bool) -> None:
        self._store.setValue("reduced_motion", "yes" if on else "no")

    @property
    def speed(self) -> float:
        """The player's."""
        try:
            return min(max(float(self._text("speed") or 1.0), 0.1), 16.0)
        except ValueError:
            return 1.0

    @speed.setter
    def speed(self, speed: float) -> None:
        self._store.setValue("speed", str(speed))

    @property
    def run_settings(self) -> RunSettings:
        return RunSettings(device=self._text("device") or "cpu", seed=self._int("seed", 0))

    @run_settings.setter
    def run_settings(self, settings: RunSettings) -> None:
        self._store.setValue("device", settings.device)
        self._store.setValue("seed", str(settings.seed))

    @property
    def recent(self) -> tuple[Path, ...]:
        """The files opened last, newest first, without those that are gone."""
        paths = [Path(line) for line in self._text("recent").splitlines() if line]
        return tuple(path for path in paths if path.is_file())

    def add_recent(self, path: Path) -> None:
        path = path.resolve()
        kept = [path, *(other for other in self.recent if other != path)]
        self._store.setValue("recent", "\n".join(str(one) for one in kept[:RECENT_LIMIT]))

    def window(self, key: str) -> QByteArray:
        """A window's saved geometry or arrangement; empty when there is none."""
        value = self._store.value(f"window/{key}")
        return value if isinstance(value, QByteArray) else QByteArray()

    def set_window(self, key: str, state: QByteArray) -> None:
        self._store.setValue(f"window/{key}", state)

    def pane_share(self, name: str) -> QSizeF | None:
        """How large a part of the window the person gave to a pane; None when they never did."""
        value = self._store.value(f"panes/{name}")
        usable = isinstance(value, QSizeF) and 0 < value.width() <= 1 and 0 < value.height() <= 1
        return value if usable else None

    def set_pane_share(self, name: str, share: QSizeF) -> None:
        self._store.setValue(f"panes/{name}", share)

    def choices(self, dialog: str) -> str:
        """What was chosen last in a dialog, as the dialog wrote it; empty when nothing was."""
        return self._text(f"choices/{dialog}")

    def set_choices(self, dialog: str, text: str) -> None:
        self._store.setValue(f"choices/{dialog}", text)

    def sync(self) -> None:
        self._store.sync()

    # the sandbox, kept without asking

    @property
    def _sandbox_path(self) -> Path:
        return self.folder / "sandbox.json"

    def read_sandbox(self) -> Document:
        """The sandbox as it was left; an empty one when there is none that can be read."""
        try:
            kept = msgspec.json.decode(read_bytes(self._sandbox_path), type=list[_KeptCell])
        except (DocumentError, msgspec.DecodeError):
            return sandbox()
        cells = tuple(Cell(CellId(cell.id), cell.kind, cell.text) for cell in kept)
        unique = len({cell.id for cell in cells}) == len(cells)
        return Document("sandbox", None, cells) if cells and unique else sandbox()

    def write_sandbox(self, document: Document) -> None:
        """Raises DocumentError when the disk is full or may not be written."""
        kept = [_KeptCell(cell.id, cell.kind, cell.text) for cell in document.cells]
        self.folder.mkdir(parents=True, exist_ok=True)
        write_bytes(self._sandbox_path, msgspec.json.encode(kept))

    def _text(self, key: str) -> str:
        value = self._store.value(key)
        return value if isinstance(value, str) else ""

    def _int(self, key: str, default: int) -> int:
        text = self._text(key)
        return int(text) if text.lstrip("-").isdecimal() else default

    def _bool(self, key: str) -> bool:
        return self._text(key) == "yes"
