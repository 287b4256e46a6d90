"""The timeline under the picture: the painted line, the player's buttons, what the step is, and the speed.

Shows `session.trace` and `session.player`; every wish goes to the player.
"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QActionGroup, QFontMetrics, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from tutor.i18n import _, ngettext
from tutor.insight.step_text import step_text
from tutor.session.player import SPEEDS
from tutor.session.session import Session
from tutor.trace.iterations import iteration_at
from tutor.trace.timeline import Timeline, timeline
from tutor.trace.values import cell
from tutor.views.fonts import Weight, sans
from tutor.views.theme import LIGHT, SMALLEST_PIXELS, Palette, icon
from tutor.views.timeline.bar import TimelineBar
from tutor.views.timeline.track import Break, Stretch, Track
from tutor.views.timeline.turn_box import TurnBox
from tutor.views.timeline.words import before_text, breaks_text, pace_tip, speed_text, stretches, turn_tip


class TimelineView(QWidget):
    """Plays, steps and scrubs. Hidden, it goes stale and catches up when shown."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._palette = LIGHT
        self._timeline: Timeline | None = None
        self._stretches: tuple[Stretch, ...] = ()
        self._breaks: tuple[Break, ...] = ()
        self._stale = False
        self._make_children()
        self._lay_out()
        self._connect()
        self.retranslate()
        self.apply_theme(LIGHT)

    def _make_children(self) -> None:
        self.bar = TimelineBar(self._describe, breaks_text, self)
        self.to_start = self._button("skip-previous")
        self.back = self._button("step-backward")
        self.play = self._button("play")
        self.forth = self._button("step-forward")
        self.to_end = self._button("skip-next")
        self.text = _ElidedLabel(self)
        self.turn = TurnBox(self)
        self.pace = QLabel(self)
        self.speed = QToolButton(self)
        self.speed.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.speed.setMenu(self._speed_menu())

    def _button(self, icon_name: str) -> QToolButton:
        button = QToolButton(self)
        button.setProperty("icon_name", icon_name)
        button.setAutoRepeat(icon_name.startswith("step"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _speed_menu(self) -> QMenu:
        menu = QMenu(self.speed)
        self._speeds = QActionGroup(menu)
        for speed in SPEEDS:
            action = menu.addAction(speed_text(speed))
            action.setData(speed)
            action.setCheckable(True)
            self._speeds.addAction(action)
        return menu

    @property
    def _buttons(self) -> tuple[QToolButton, ...]:
        return (self.to_start, self.back, self.play, self.forth, self.to_end)

    def _lay_out(self) -> None:
        below = QHBoxLayout()
        below.setContentsMargins(8, 0, 8, 0)
        below.setSpacing(1)
        for button in self._buttons:
            below.addWidget(button)
        below.addSpacing(8)
        below.addWidget(self.text, stretch=1)
        below.addWidget(self.turn)
        below.addSpacing(6)
        below.addWidget(self.pace)
        below.addSpacing(6)
        below.addWidget(self.speed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 6)
        column.setSpacing(2)
        column.addWidget(self.bar)
        column.addLayout(below)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def _connect(self) -> None:
        player = self._session.player
        self.to_start.clicked.connect(player.first)
        self.back.clicked.connect(player.previous)
        self.play.clicked.connect(player.toggle)
        self.forth.clicked.connect(player.next)
        self.to_end.clicked.connect(player.last)
        self.bar.step_asked.connect(player.seek)
        self.turn.step_asked.connect(player.seek)
        self.bar.move_asked.connect(self._on_bar_move_asked)
        self.bar.mark_asked.connect(self._on_bar_mark_asked)
        self.bar.play_asked.connect(player.toggle)
        self.bar.speed_asked.connect(self._on_bar_speed_asked)
        self._speeds.triggered.connect(self._on_speeds_triggered)
        player.step_changed.connect(self._on_player_moved)
        player.progress_changed.connect(self._on_player_moved)
        player.playing_changed.connect(self._on_player_playing_changed)
        player.count_changed.connect(self._on_session_trace_changed)
        player.speed_changed.connect(self._show_speed)
        player.pace_changed.connect(self._show_pace)
        self._session.trace_changed.connect(self._on_session_trace_changed)
        self._session.lesson_changed.connect(self._on_session_trace_changed)
        self._session.picture_changed.connect(self._on_session_picture_changed)

    def retranslate(self) -> None:
        """Sets all texts anew in the current language."""
        names = {
            self.to_start: _("To the beginning") + " (Home)",
            self.back: _("Previous step") + " (←)",
            self.forth: _("Next step") + " (→)",
            self.to_end: _("To the end") + " (End)",
        }
        for button, name in names.items():
            button.setToolTip(name)
            button.setAccessibleName(name)
        self.speed.setToolTip(_("Speed of playing"))
        self.speed.setAccessibleName(_("Speed of playing"))
        self.bar.setAccessibleName(_("Timeline"))
        self._show_playing()
        self._refresh()

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        pixels = max(self.font().pixelSize(), SMALLEST_PIXELS)
        for button in self._buttons:
            button.setIcon(icon(str(button.property("icon_name")), palette))
            button.setIconSize(QSize(1, 1) * round(pixels * 1.5))
        self.bar.set_text_pixels(pixels)
        self.text.setFont(sans(pixels, Weight.DemiBold))
        self.pace.setStyleSheet(f"color: {palette.muted};")
        self.bar.set_palette(palette)
        self._show_playing()

    # what is shown

    def _refresh(self) -> None:
        self._stale = False
        self._timeline = timeline(self._session.trace)
        self._stretches = stretches(self._timeline)
        self._breaks = tuple(Break(s.first, s.left_out) for s in self._timeline.segments if s.kind == "gap")
        self.bar.set_track(self._track(self._timeline))
        self.turn.show_turns(self._timeline.turns)
        self.turn.setToolTip(turn_tip(self._timeline))
        self.turn.setAccessibleName(turn_tip(self._timeline))
        self._on_player_moved()
        self._show_speed()
        for button in (*self._buttons, self.bar):
            button.setEnabled(self._timeline.count > 0)

    def _track(self, shown: Timeline) -> Track:
        player = self._session.player
        marks = tuple(player.marks) or shown.marks
        turns = tuple((turn.first, turn.number) for turn in shown.turns) if len(shown.iterations) > 1 else ()
        return Track(shown.count, self._stretches, marks, player.stops, self._breaks, turns, _("iteration"))

    def _on_player_moved(self) -> None:
        player = self._session.player
        self.bar.set_step(player.step, player.progress)
        if player.progress in (0.0, 1.0):
            self.turn.show_step(player.step)
            self._show_text()

    def _show_text(self) -> None:
        step, count = self._session.player.step, self._session.player.count
        self.text.set_text(self._status(step, count))
        self.bar.setAccessibleDescription(self.text.full_text)

    def _status(self, step: int, count: int) -> str:
        if count == 0:
            return ""
        if step < 0:
            return _("before the first of {count} steps").format(count=count)
        parts = [_("step {step} of {count}").format(step=step + 1, count=count)]
        parts.append(step_text(self._session.trace, step))
        parts.append(self._iteration_text(step))
        if step in self._session.player.stops and not self._session.player.playing:
            parts.append(_("the lesson stops here"))
        parts.append(self._truncated_text(step))
        return " · ".join(part for part in parts if part)

    def _truncated_text(self, step: int) -> str:
        """From the last recorded step on; what the program printed after it has steps of its own."""
        full = self._session.trace.truncated
        if full is None:
            return ""
        end = len(self._session.trace.steps) if full.step is None else full.step
        if step < end - 1:
            return ""
        if full.backwards == 0:
            return _("the recording is full; what came later is not in it")
        return ngettext(
            "the recording is full; {count} later backward is not in it",
            "the recording is full; {count} later backwards are not in it",
            full.backwards,
        ).format(count=full.backwards)

    def _iteration_text(self, step: int) -> str:
        """Counted as the program did, whatever was left out."""
        found = self._timeline.iterations if self._timeline is not None else ()
        count = found[-1].number if found else 0
        if count < 2:
            return ""
        own = iteration_at(self._session.trace, step)
        if own.left_out and step == own.first_step:
            first, last = own.number - own.left_out, own.number - 1
            if own.end_step == step + 1:
                first, last = first + 1, last + 1
            if first == last:
                return _("iteration {number} of {count}").format(number=first, count=count)
            return _("iterations {first} to {last} of {count}").format(first=first, last=last, count=count)
        text = _("iteration {number} of {count}").format(number=own.number, count=count)
        return ", ".join(part for part in (text, before_text(own.left_out)) if part)

    def _describe(self, step: int) -> str:
        """What the pointer rests on."""
        if step < 0:
            return _("before the first step")
        parts = (str(step + 1), step_text(self._session.trace, step), self._iteration_text(step))
        return " · ".join(part for part in parts if part)

    def _show_playing(self) -> None:
        playing = self._session.player.playing
        self.play.setProperty("icon_name", "pause" if playing else "play")
        self.play.setIcon(icon("pause" if playing else "play", self._palette, color=self._palette.value))
        name = (_("Pause") if playing else _("Play")) + " (" + _("Space") + ")"
        self.play.setToolTip(name)
        self.play.setAccessibleName(name)

    def _show_speed(self) -> None:
        speed = self._session.player.speed
        self.speed.setText(speed_text(speed))
        for action in self._speeds.actions():
            action.setChecked(action.data() == speed)
        self._show_pace()

    def _show_pace(self) -> None:
        """Said where a run plays faster than a step at a time."""
        player = self._session.player
        self.pace.setVisible(player.pace.is_quick)
        if not player.pace.is_quick:
            return
        number = cell(player.pace.steps_a_second * player.speed, digits=2)
        self.pace.setText(_("≈ {number} steps/s").format(number=number))
        self.pace.setToolTip(pace_tip(player.pace, player.speed))

    # slots

    def _on_session_trace_changed(self) -> None:
        if self.isVisible():
            self._refresh()
        else:
            self._stale = True

    def _on_session_picture_changed(self) -> None:
        """The step's words may be others now, and the author's stops are known when a run has ended."""
        if self._timeline is not None and not self._stale:
            self.bar.set_track(self._track(self._timeline))
        self._show_text()

    def _on_player_playing_changed(self) -> None:
        self._show_playing()
        self._show_text()

    def _on_bar_move_asked(self, by: int) -> None:
        player = self._session.player
        (player.next if by > 0 else player.previous)()

    def _on_bar_mark_asked(self, by: int) -> None:
        player = self._session.player
        (player.next_mark if by > 0 else player.previous_mark)()

    def _on_bar_speed_asked(self, by: int) -> None:
        player = self._session.player
        (player.faster if by > 0 else player.slower)()

    def _on_speeds_triggered(self, action: QAction) -> None:
        self._session.player.set_speed(action.data())

    # Qt's own

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._stale = True


class _ElidedLabel(QLabel):
    """One line of text that ends in "…" where there is no room; whole in its tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.full_text = ""
        self.setMinimumWidth(40)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def set_text(self, text: str) -> None:
        if text != self.full_text:
            self.full_text = text
            self._fit()

    def _fit(self) -> None:
        shown = QFontMetrics(self.font()).elidedText(
            self.full_text, Qt.TextElideMode.ElideRight, self.width()
        )
        self.setText(shown)
        self.setToolTip(self.full_text if shown != self.full_text else "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(40, super().minimumSizeHint().height())
