"""The dialog *Export…*: choices, a preview with size and duration, then the progress; the window stays usable meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from tutor.i18n import _
from tutor.views.export.choices import Choices
from tutor.views.export.exporting import Drawn, drawing, exporting
from tutor.views.export.form import ExportForm
from tutor.views.export.job import ExportJob
from tutor.views.export.moments import seconds
from tutor.views.export.request import Format, Request, Subject, kind_of
from tutor.views.theme import Palette, mix

AskPath = Callable[[Format], Path | None]
"""Where to save something of this format; None when they think better of it."""
_PREVIEW = QSize(360, 260)


class ExportDialog(QDialog):
    """One export after the other, until it is closed. Closing it breaks off what is under way."""

    exported = Signal(object)
    """Path: there it lies."""

    def __init__(
        self,
        subject: Subject,
        choices: Choices,
        palette: Palette,
        *,
        step: int,
        ask_path: AskPath,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._subject, self._palette, self._ask_path = subject, palette, ask_path
        self._step = step
        self._job, self._looking = ExportJob(self), ExportJob(self)
        self._path = Path()
        self.form = ExportForm(choices, step=step, count=len(subject.trace.steps), parent=self)
        self.preview, self.facts, self.fault = QLabel(self), QLabel(self), QLabel(self)
        self.progress = QProgressBar(self)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.start = QPushButton(_("Export…"), self)
        self._soon = QTimer(self, singleShot=True, interval=150)
        self._lay_out()
        self._connect()
        self._show_running()
        self._draw_preview()

    def _connect(self) -> None:
        self._soon.timeout.connect(self._draw_preview)
        self._looking.done.connect(self._on_looking_done)
        self._looking.failed.connect(self._on_looking_failed)
        self._job.progressed.connect(self._on_job_progressed)
        self._job.failed.connect(self.fault.setText)
        self._job.done.connect(self._on_job_done)
        self._job.over.connect(self._show_running)
        self.form.changed.connect(self._on_form_changed)
        self.start.clicked.connect(self._on_start_clicked)
        self.buttons.rejected.connect(self._on_buttons_rejected)

    def _lay_out(self) -> None:
        self.setWindowTitle(_("Export"))
        self.start.setDefault(True)
        self.buttons.addButton(self.start, QDialogButtonBox.ButtonRole.ActionRole)
        self.preview.setFixedSize(_PREVIEW)
        self.preview.setAccessibleName(_("Preview"))
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        ground = mix(self._palette.window, self._palette.ink, 0.06)
        self.preview.setStyleSheet(f"background: {ground}; border-radius: 8px;")
        self.facts.setProperty("role", "muted")
        self.fault.setProperty("role", "error")
        self.fault.setWordWrap(True)
        right = QVBoxLayout()
        for part in (self.preview, self.facts, self.fault):
            right.addWidget(part)
        right.setSpacing(10)
        right.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(24)
        row.addWidget(self.form, 1, Qt.AlignmentFlag.AlignTop)
        row.addLayout(right)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 20, 22, 16)
        column.setSpacing(14)
        column.addLayout(row, 1)
        column.addWidget(self.progress)
        column.addWidget(self.buttons)

    @property
    def choices(self) -> Choices:
        """As they stand now."""
        return self.form.choices

    @property
    def running(self) -> bool:
        return self._job.running

    def request(self, path: Path) -> Request:
        """What is asked for."""
        chosen = self.choices
        look = chosen.look(self._palette, self.form.caption.text().strip())
        return Request(self._subject, self.form.stretch, chosen.format, path, look)

    # the preview

    def _on_form_changed(self) -> None:
        self.fault.clear()
        self._soon.start()

    def _draw_preview(self) -> None:
        """The step that is looked at, as it would be exported."""
        self._looking.cancel()
        if kind_of(self.choices.format) == "graph":
            self.preview.setText(_("No picture: nodes and edges\nwith their numbers, as text"))
            self.facts.clear()
            return
        request = self.request(Path("preview"))
        step = min(max(self._step, request.stretch.first), request.stretch.last)
        within = (_PREVIEW - QSize(16, 16)) * self.devicePixelRatioF()
        self._looking.start(drawing(request, step, within))

    def _on_looking_done(self, drawn: Drawn) -> None:
        pixmap = QPixmap.fromImage(drawn.image)
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        self.preview.setPixmap(pixmap)
        self.facts.setText(self._facts(drawn.pixels))

    def _on_looking_failed(self, why: str) -> None:
        self.preview.clear()
        self.facts.clear()
        self.fault.setText(why)

    def _facts(self, pixels: QSize) -> str:
        """How large, how long."""
        chosen = self.choices
        size = _("{width} × {height} pixels").format(width=pixels.width(), height=pixels.height())
        if kind_of(chosen.format) != "animation":
            return size
        length = seconds(self.form.stretch)
        minutes, rest = divmod(round(length), 60)
        text = _("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest)
        return f"{size} · " + (text if minutes else _("{seconds:.1f} s").format(seconds=length))

    # the export

    def _on_start_clicked(self) -> None:
        path = self._ask_path(self.choices.format)
        if path is None:
            return
        self._path = path
        self.fault.clear()
        self._soon.stop()
        self._looking.cancel()
        self._job.start(exporting(self.request(path)))
        self._show_running()

    def _show_running(self) -> None:
        running = self.running
        self.form.setEnabled(not running)
        self.start.setEnabled(not running)
        self.progress.setVisible(running)
        self.progress.setRange(0, 0)
        close = self.buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setText(_("Cancel") if running else _("Close"))

    def _on_job_progressed(self, done: int, total: int) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)

    def _on_job_done(self, _made: object) -> None:
        self.exported.emit(self._path)

    def _on_buttons_rejected(self) -> None:
        """Cancel breaks off; Close closes."""
        if self.running:
            self._job.cancel()
        else:
            self.reject()

    # Qt

    def done(self, result: int) -> None:
        """However it is closed."""
        self._soon.stop()
        self._looking.cancel()
        self._job.cancel()
        super().done(result)
