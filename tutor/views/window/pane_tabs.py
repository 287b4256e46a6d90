"""The tabs of a narrow window: code, tensors, output and plots behind each other, the one in front that is needed now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, cast

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QDockWidget, QWidget

from tutor.i18n import _

if TYPE_CHECKING:
    from tutor.session.session import Session

Tab = Literal["code", "tensors", "output", "plots"]
TABS: tuple[Tab, ...] = ("code", "tensors", "output", "plots")


class PaneTabs(QObject):
    """Brings a pane to the front when a part, a stop or an error speaks of it; off while the panes stand side by side."""

    def __init__(self, session: Session, docks: Mapping[Tab, QDockWidget], parent: QObject) -> None:
        super().__init__(parent)
        self.on = False
        self._session = session
        self._docks = docks
        self._has_brought_output = False
        self._was_running = False
        self._output_is_new = False
        session.player.playing_changed.connect(self._on_player_playing_changed)
        session.run_changed.connect(self._on_session_run_changed)
        session.reveal.connect(self._on_session_reveal)
        docks["output"].visibilityChanged.connect(self._on_output_visibility_changed)

    @property
    def shown(self) -> list[QDockWidget]:
        return [self._docks[name] for name in TABS if not self._docks[name].isHidden()]

    def set_on(self, on: bool) -> None:
        self.on = on
        self.refresh()

    def refresh(self) -> None:
        """A pane among several has its title on the tab, and needs no second one."""
        on_tab = self.shown if self.on and len(self.shown) > 1 else []
        for dock in self._docks.values():
            if dock in on_tab and dock.titleBarWidget() is None:
                dock.setTitleBarWidget(QWidget(dock))
            elif dock not in on_tab and dock.titleBarWidget() is not None:
                dock.setTitleBarWidget(cast(QWidget, None))  # Qt's way to have its own back

    def retranslate(self) -> None:
        titles = {"code": _("Code"), "tensors": _("Tensors"), "output": _("Output"), "plots": _("Plots")}
        for name in TABS:
            news = " •" if name == "output" and self._output_is_new else ""
            self._docks[name].setWindowTitle(titles[name] + news)

    def open(self, panes: Iterable[str]) -> None:
        """A part or a document begins: the first of its panes is in front."""
        self._has_brought_output = False
        first = next((name for name in TABS if name in set(panes)), None)
        if first is not None:
            self.bring(first)

    def bring(self, name: Tab) -> None:
        """To the front, if it is shown at all."""
        if self.on and not self._docks[name].isHidden():
            self._docks[name].raise_()

    def _is_typed_in(self) -> bool:
        focus = QApplication.focusWidget()
        return focus is not None and any(dock.isAncestorOf(focus) for dock in self._docks.values())

    def _bring_output(self) -> None:
        self._has_brought_output = True
        self.bring("output")

    def _set_news(self, on: bool) -> None:
        if on != self._output_is_new:
            self._output_is_new = on
            self.retranslate()

    def _on_player_playing_changed(self, playing: bool) -> None:
        """Where the player comes to rest on something that was printed, that is what one wants to read."""
        steps, step = self._session.trace.steps, self._session.player.step
        if playing and self._has_brought_output:
            self._has_brought_output = False
            self.bring("code")
        elif not playing and 0 <= step < len(steps) and steps[step].kind in ("output", "error"):
            self._bring_output()

    def _on_session_run_changed(self) -> None:
        was_running, self._was_running = self._was_running, self._session.run.running
        if not was_running or self._was_running:
            return
        if self._session.trace.error is not None and not self._is_typed_in():
            self._bring_output()
        printed = bool(self._session.trace.outputs) or self._session.trace.error is not None
        self._set_news(printed and self.on and self._docks["output"].visibleRegion().isEmpty())

    def _on_session_reveal(self, _span: object) -> None:
        self.bring("code")

    def _on_output_visibility_changed(self, visible: bool) -> None:
        if visible:
            self._set_news(False)
