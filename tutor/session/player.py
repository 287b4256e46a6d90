"""The player: an integer step and the progress inside it, moved by a timer. Time comes in as an argument of `advance`."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from time import monotonic

from PySide6.QtCore import QObject, QTimer, Signal

from tutor.trace.pace import SECONDS_A_STEP, Pace

__all__ = ["SECONDS_A_STEP", "SPEEDS", "Player"]

BRISK = 0.15
"""Steps that are shown for a shorter time than these seconds show their end state at once: no beats could be seen."""

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_FRAME_MS = 16


class Player(QObject):
    """Where the timeline stands. `step` is -1 (before the first) to count - 1; `progress` runs from 0 to 1 inside it."""

    step_changed = Signal(int)
    progress_changed = Signal(float)
    playing_changed = Signal(bool)
    count_changed = Signal(int)
    speed_changed = Signal(float)
    pace_changed = Signal()
    scrubbed = Signal()
    """The person, not a run, moved to another step."""

    def __init__(self, parent: QObject | None = None, *, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(parent)
        self.step = -1
        self.progress = 1.0
        self.playing = False
        self.speed = 1.0
        self.pace = Pace()
        self.count = 0
        self.stops: frozenset[int] = frozenset()
        self.marks: tuple[int, ...] = ()
        self.animated = True
        self._clock = clock
        self._last_tick = 0.0
        self._time = 0.0
        self._timer = QTimer(self, interval=_FRAME_MS)
        self._timer.timeout.connect(self._on_timer_tick)

    # what the person does

    def play(self) -> None:
        """Plays on from here; from the beginning when at the end."""
        if self.playing or self.count == 0:
            return
        if self.step >= self.count - 1:
            self._move(-1, progress=1.0)
        self._set_playing(True)
        self.scrubbed.emit()
        self._move(self.step + 1, progress=self._start_of(self.step + 1))

    def pause(self) -> None:
        """Stops here; the step's end state is held."""
        self._set_playing(False)
        self._set_progress(1.0)

    def toggle(self) -> None:
        if self.playing:
            self.pause()
        else:
            self.play()

    def next(self) -> None:
        """One step on, shown moving."""
        self._set_playing(False)
        if self.step < self.count - 1:
            self.scrubbed.emit()
            self._move(self.step + 1, progress=0.0 if self.animated else 1.0)
            self._timer_on(self.animated)

    def previous(self) -> None:
        self.seek(self.step - 1)

    def first(self) -> None:
        self.seek(-1)

    def last(self) -> None:
        self.seek(self.count - 1)

    def seek(self, step: int) -> None:
        """Shows at once exactly what was true after this step."""
        self._set_playing(False)
        self.scrubbed.emit()
        self._move(step, progress=1.0)

    def next_mark(self) -> None:
        place = bisect_right(self.marks, self.step)
        self.seek(self.marks[place] if place < len(self.marks) else self.count - 1)

    def previous_mark(self) -> None:
        place = bisect_left(self.marks, self.step)
        self.seek(self.marks[place - 1] if place else -1)

    def set_speed(self, speed: float) -> None:
        """Steps run this many times as fast."""
        if speed != self.speed:
            self.speed = speed
            self.speed_changed.emit(speed)

    def faster(self) -> None:
        """The next of `SPEEDS`, if there is one."""
        self.set_speed(next((speed for speed in SPEEDS if speed > self.speed), self.speed))

    def slower(self) -> None:
        self.set_speed(next((speed for speed in reversed(SPEEDS) if speed < self.speed), self.speed))

    def set_animated(self, on: bool) -> None:
        """Without motion a step shows its end state at once; playing keeps its pace."""
        self.animated = on
        if not on:
            self._set_progress(1.0)

    # what a run does

    def set_count(self, count: int) -> None:
        """How many steps there are; the step stays, or goes to the new end when it lay behind it."""
        if count != self.count:
            self.count = count
            self.count_changed.emit(count)
        if self.step >= count:
            self._set_playing(False)
            self._move(count - 1, progress=1.0)

    def show(self, step: int) -> None:
        """Goes there without counting as the person's doing: a run is followed, a lesson begins."""
        self._set_playing(False)
        self._move(step, progress=1.0)

    def set_marks(self, marks: Iterable[int]) -> None:
        """Where PageUp and PageDown go."""
        self.marks = tuple(sorted(set(marks)))

    def set_pace(self, pace: Pace) -> None:
        """How fast playing goes at speed 1."""
        if pace != self.pace:
            self.pace = pace
            self.pace_changed.emit()

    def set_stops(self, stops: frozenset[int]) -> None:
        """The steps after which playing stops."""
        self.stops = stops

    # the clock

    def advance(self, seconds: float) -> None:
        """The time that has passed since the last call moves the progress, and at its end the step."""
        lasting = self._seconds(self.step)
        self._time += seconds / lasting
        if self._time < 1.0:
            self._set_progress(max(self._time, self._start_of(self.step)))
        elif not self.playing:
            self._set_progress(1.0)
            self._timer_on(False)
        else:
            self._set_progress(1.0)
            self._go_on((self._time - 1.0) * lasting)

    def _go_on(self, seconds: float) -> None:
        """To the next step; over those that are too short for what is left of the time."""
        step = self.step
        while not self._ends_at(step):
            step += 1
            lasting = self._seconds(step)
            if lasting >= BRISK or seconds < lasting:
                break
            seconds -= lasting
        if step == self.step:
            self._set_playing(False)
            return
        self._move(step, progress=self._start_of(step))
        lasting = self._seconds(step)
        self._time = min(seconds / lasting, 1.0) if lasting < BRISK else 0.0

    def _ends_at(self, step: int) -> bool:
        return step in self.stops or step >= self.count - 1

    def _seconds(self, step: int) -> float:
        """How long a step is shown now. One that was asked for by itself takes its time."""
        pace = self.pace.seconds(step) if self.playing else SECONDS_A_STEP
        return pace / self.speed

    def _start_of(self, step: int) -> float:
        """Where a step's progress begins: at the end, where nothing moves."""
        return 0.0 if self.animated and self._seconds(step) >= BRISK else 1.0

    def _on_timer_tick(self) -> None:
        now = self._clock()
        self.advance(min(now - self._last_tick, 0.25))
        self._last_tick = now

    def _move(self, step: int, *, progress: float) -> None:
        step = max(-1, min(step, self.count - 1))
        changed = step != self.step
        self.step = step
        self._time = 0.0
        self.progress = progress
        if changed:
            self.step_changed.emit(step)
        self.progress_changed.emit(progress)

    def _set_progress(self, progress: float) -> None:
        if progress != self.progress:
            self.progress = progress
            self.progress_changed.emit(progress)

    def _set_playing(self, playing: bool) -> None:
        self._timer_on(playing)
        if playing != self.playing:
            self.playing = playing
            self.playing_changed.emit(playing)

    def _timer_on(self, on: bool) -> None:
        if on and not self._timer.isActive():
            self._last_tick = self._clock()
            self._timer.start()
        elif not on:
            self._timer.stop()
