"""What the program printed, as far as the step has come; its warnings; and its error, explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, assert_never

from PySide6.QtCore import QSize, Qt, QTimer, QUrl
from PySide6.QtGui import QColor, QGuiApplication, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QStackedWidget,
    QTextBrowser,
    QTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tutor.i18n import _, ngettext
from tutor.protocol import Output
from tutor.trace.cover import covered_text
from tutor.trace.trace import Trace
from tutor.views.fonts import mono
from tutor.views.output.writer import OutputWriter, linked_span
from tutor.views.stale_banner import StaleBanner
from tutor.views.theme import LIGHT, Palette, icon, mix

if TYPE_CHECKING:
    from tutor.session.session import Session

_GATHER_MS = 40
"""Events that come within this time are written in one go."""
_SLICE = 300
"""So many outputs are written before the window gets its turn again."""


class OutputView(QWidget):
    """Appends what is new; writes everything again only when the trace, the covers or the colours are others."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._palette = LIGHT
        self._trace = session.trace
        self._written = 0
        self._tail: tuple[int, object] = (0, None)
        self._at_end = True
        self._seen = True
        self._covered: frozenset[str] = frozenset()
        self._banner = StaleBanner(session, self)
        self._earlier = QLabel(self)
        self._unseen = QLabel(self)
        self._empty = QLabel(self)
        self._text = QTextBrowser(self)
        self._pages = QStackedWidget(self)
        self._copy = QToolButton(self._pages)
        self._writer = OutputWriter(self._text.document())
        self._gather = QTimer(self, singleShot=True, interval=_GATHER_MS)
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        self._text.setOpenLinks(False)
        self._text.setUndoRedoEnabled(False)
        self._text.setFrameShape(QFrame.Shape.NoFrame)
        self._text.document().setDocumentMargin(8)
        self._text.setFont(mono(13))
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setContentsMargins(24, 8, 24, 8)
        for line in (self._earlier, self._unseen):
            line.setContentsMargins(8, 3, 8, 3)
            line.setWordWrap(True)
            line.hide()
        self._copy.setAutoRaise(True)
        self._copy.setIconSize(QSize(15, 15))
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self._text)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        for part in (self._banner, self._earlier, self._pages, self._unseen):
            whole.addWidget(part, 1 if part is self._pages else 0)

    def _connect(self) -> None:
        self._session.trace_changed.connect(self._on_session_trace_changed)
        self._session.picture_changed.connect(self._on_session_picture_changed)
        self._session.run_changed.connect(self._show_page)
        self._gather.timeout.connect(self.refresh)
        self._text.anchorClicked.connect(self.follow)
        self._text.verticalScrollBar().rangeChanged.connect(self._stay_at_end)
        self._text.verticalScrollBar().actionTriggered.connect(self._on_bar_moved)
        self._copy.clicked.connect(self.copy)

    # for the window

    @property
    def text(self) -> str:
        """What is written in the view now."""
        return self._text.toPlainText()

    @property
    def faded(self) -> str:
        """What the step has not reached."""
        faded = [light.cursor.selectedText() for light in self._text.extraSelections()]
        return "".join(faded).replace("\u2029", "\n")

    @property
    def banner(self) -> StaleBanner:
        return self._banner

    @property
    def empty_text(self) -> str:
        """The words that stand in place of an output; empty where there is one."""
        return self._empty.text() if self._pages.currentWidget() is self._empty else ""

    @property
    def unseen(self) -> str:
        """That something was computed where the recorder does not look."""
        return self._unseen.text() if not self._unseen.isHidden() else ""

    def copy(self) -> None:
        """The whole output onto the clipboard, as covered as it is shown."""
        selected = self._text.textCursor().selectedText().replace("\u2029", "\n")
        whole = "".join(self._shown(one) for one in self._session.trace.outputs) or self.text
        QGuiApplication.clipboard().setText(selected or whole)

    def set_seen(self, on: bool) -> None:
        """Off while the pane is hidden or behind another one: then the text is gathered, and nothing faded."""
        self._seen = on
        self._fade()

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        colours = self.palette()
        colours.setColor(QPalette.ColorRole.Base, QColor(palette.panel))
        colours.setColor(QPalette.ColorRole.Text, QColor(palette.ink))
        self._text.setPalette(colours)
        for label in (self._empty, self._earlier, self._unseen):
            label.setStyleSheet(f"color: {palette.muted}; background: {palette.panel};")
        self._copy.setStyleSheet(f"QToolButton {{ background: {palette.panel}; padding: 3px; }}")
        self._copy.setIcon(icon("content-copy", palette, color=palette.muted))
        self._banner.apply_theme(palette)
        self._writer.use(palette)
        self._write_all()

    def set_text_size(self, pixels: float) -> None:
        """The size of the letters."""
        self._text.setFont(mono(pixels))
        self._write_all()

    def retranslate(self) -> None:
        self.setAccessibleName(_("Output"))
        self._copy.setToolTip(_("Copy the output"))
        self._banner.retranslate()
        self._write_all()

    # what is pushed in

    def _on_session_trace_changed(self) -> None:
        """A burst of events is written once."""
        if self._session.trace is not self._trace:
            self.refresh()
        elif not self._gather.isActive():
            self._gather.start()

    def _on_session_picture_changed(self) -> None:
        covered = self._session.covered
        if covered != self._covered or covered:
            self._write_all()
        else:
            self._fade()

    def refresh(self) -> None:
        """Writes what has come since the last time."""
        trace = self._session.trace
        if trace is not self._trace or len(trace.outputs) < self._written:
            self._write_all()
            return
        fresh = trace.outputs[self._written : self._written + _SLICE]
        tail = (len(trace.warnings), trace.error)
        if fresh or tail != self._tail:
            self._append(fresh, tail)
        if self._written < len(trace.outputs):
            self._gather.start()
        self._show_page()

    def _write_all(self) -> None:
        if self._session.trace is not self._trace:
            self._at_end = True
        self._trace = self._session.trace
        self._covered = self._session.covered
        self._written, self._tail = 0, (0, None)
        self._writer.clear()
        self.refresh()

    def _append(self, fresh: list[Output], tail: tuple[int, object]) -> None:
        self._writer.cut_tail()
        with self._writer.in_one_go():
            for output in fresh:
                self._writer.add(output, self._shown(output))
        self._writer.trim()
        self._written += len(fresh)
        self._tail = tail
        self._write_tail()
        self._fade()
        self._stay_at_end()

    def _fade(self) -> None:
        """What the step has not reached, at two fifths of the ink: one light over all of it, however much it is."""
        if not self._seen:
            return
        light = QTextEdit.ExtraSelection()
        light.cursor = self._writer.unreached(self._step_reached())
        light.format.setForeground(QColor(mix(self._palette.panel, self._palette.ink, 0.4)))
        self._text.setExtraSelections([light] if light.cursor.hasSelection() else [])

    def _step_reached(self) -> int:
        """At the newest step all is reached that was printed, though its own step may be told later."""
        trace, step = self._session.trace, self._session.player.step
        if trace.gaps:
            self._writer.place(trace.outputs[: self._written])
        newest = step >= len(trace.steps) - 1
        return max((step, *(output.step for output in trace.outputs[-1:]))) if newest else step

    def _stay_at_end(self) -> None:
        """The newest line stays in sight until the person scrolls up."""
        bar = self._text.verticalScrollBar()
        if self._at_end:
            bar.setValue(bar.maximum())

    def _on_bar_moved(self) -> None:
        bar = self._text.verticalScrollBar()
        self._at_end = bar.sliderPosition() >= bar.maximum() - 4

    def _write_tail(self) -> None:
        from tutor.insight.errors import explain_warning
        from tutor.insight.used_up import explain_in

        trace = self._session.trace
        printed = trace.stderr if trace.warnings else ""
        for warned in trace.warnings:
            if f"{warned.category}: {warned.message}" not in printed:
                self._writer.add_warning(warned)
        for said in dict.fromkeys(map(explain_warning, trace.warnings)):
            if said is not None:
                self._writer.add_explanation(said)
        if trace.error is not None:
            self._writer.add_failure(trace.error, explain_in(trace, trace.error))

    def _shown(self, output: Output) -> str:
        """An output's text, with what a question asks for covered."""
        covered = self._session.covered
        text = output.text
        if covered:
            text = covered_text(text, self._session.trace, output.step, covered)
        return text + "\n" if output.stream == "display" and not text.endswith("\n") else text

    def _show_page(self) -> None:
        hidden = self._writer.hidden_lines
        self._earlier.setVisible(hidden > 0)
        self._earlier.setText(
            ngettext(
                "{count} earlier line is not shown; Copy takes it too.",
                "{count} earlier lines are not shown; Copy takes them too.",
                hidden,
            ).format(count=hidden)
        )
        unseen = unseen_words(self._session.trace)
        self._unseen.setVisible(bool(unseen))
        self._unseen.setText(unseen)
        is_empty = self._text.document().isEmpty()
        self._empty.setText(self._empty_words())
        self._pages.setCurrentWidget(self._empty if is_empty else self._text)
        self._copy.setVisible(not is_empty)

    def _empty_words(self) -> str:
        if self._session.run.running:
            return _("Running; nothing has been printed yet.")
        if self._session.trace.sources:
            return _("The program printed nothing. print(a.grad) would show a gradient here.")
        return _("Nothing has run yet. What the program prints appears here.")

    def follow(self, address: QUrl) -> None:
        """A link of a traceback: that line comes into view in the code."""
        span = linked_span(address.toString())
        if span is None:
            return
        cell = self._session.source_cell(span)
        if cell is not None:
            self._session.set_current_cell(cell)
        self._session.reveal.emit(span)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        size = self._copy.sizeHint()
        self._copy.setGeometry(self.width() - size.width() - 18, 3, size.width(), size.height())
        self._copy.raise_()

    def sizeHint(self) -> QSize:
        return QSize(320, 220)


def unseen_words(trace: Trace) -> str:
    """What the picture cannot show, one line for each kind."""
    said = dict.fromkeys(_unseen_text(unseen.what) for unseen in trace.unseen)
    return "\n".join(said)


def _unseen_text(what: Literal["thread", "fork"]) -> str:
    match what:
        case "thread":
            return _("Other threads computed too; what they did is not shown.")
        case "fork":
            return _("Other processes computed too; what they did is not shown.")
        case _:
            assert_never(what)
