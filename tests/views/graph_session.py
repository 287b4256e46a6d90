"""A session of the parts that the graph looks at: a recorded trace, a player, the pictures of its steps."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from tests.traces import golden
from tutor.protocol import Span
from tutor.session.folding import ALL, Folds, Wishes, around, seen_as
from tutor.session.pictures import Pictures
from tutor.session.player import Player
from tutor.session.runs import RunStatus
from tutor.session.selection import Selection
from tutor.session.settings import GraphDirection
from tutor.trace.picture import ItemId, Picture, Structure, whole_of
from tutor.trace.trace import Trace


class Preferences:
    graph_direction: GraphDirection = "auto"


class GraphSession(QObject):
    picture_changed = Signal()
    trace_changed = Signal()
    run_changed = Signal()
    selection_changed = Signal()
    revealed = Signal(object)

    def __init__(self, trace: Trace | str) -> None:
        super().__init__()
        self.trace = golden(trace) if isinstance(trace, str) else trace
        self.player = Player(self, clock=lambda: 0.0)
        self.player.set_count(len(self.trace.steps))
        self.run = RunStatus(phase="ready")
        self.stale = False
        self.from_recording = False
        self.recording_path: Path | None = None
        self.show_all = False
        self.covered: frozenset[str] = frozenset()
        self.preferences = Preferences()
        self.selection = Selection()
        self.hovered_item: ItemId | None = None
        self.hovered_span: Span | None = None
        self.structure: Structure | None = None
        self.picture: Picture | None = None
        self._folds = Folds(), Folds()
        self._pictures = Pictures(self.trace, self._folds)
        self.player.step_changed.connect(self.look)
        self.look()

    def look(self, _step: int = 0) -> None:
        seen = self._pictures.at(self.player.step, self.covered, unrolled=self.show_all)
        self.structure, self.picture = seen.structure, seen.picture
        self.picture_changed.emit()

    def grow(self, whole: Trace, step: int) -> None:
        """Takes one more step over from a whole trace, as if it came from a run, and looks at it."""
        trace = self.trace
        for mine, all_rows in (
            (trace.sources, whole.sources if step == 0 else []),
            (trace.tensors, [row for row in whole.tensors if row.step == step]),
            (trace.names, [row for row in whole.names if row.step == step]),
            (trace.values, [row for row in whole.values if row.step == step]),
            (trace.operations, [row for row in whole.operations if row.step == step]),
            (trace.nodes, [row for row in whole.nodes if row.step == step]),
            (trace.steps, whole.steps[step : step + 1]),
        ):
            mine.extend(all_rows)  # type: ignore[arg-type]
        known = {node.id for node in trace.nodes}
        edges = [edge for edge in whole.edges if edge.from_ in known and edge.to in known]
        trace.edges[:] = edges
        self._pictures.forget()
        self.player.set_count(len(trace.steps))
        self.player.seek(step)
        self.look()

    def rerun(self, trace: Trace) -> None:
        """Another run has taken place: nothing is selected any more."""
        self.trace = trace
        self.selection = Selection()
        self._pictures = Pictures(trace)
        self.player.set_count(len(trace.steps))
        self.look()
        self.selection_changed.emit()

    def at(self, step: int, progress: float = 1.0) -> None:
        """Stands inside a step, as if it were playing."""
        self.player.seek(step)
        self.player.progress = progress
        self.player.progress_changed.emit(progress)

    def step_of(self, node: str) -> int:
        """The first step in which a node of this name runs."""
        nodes = self.trace.nodes
        return next(
            step
            for step, row in enumerate(self.trace.steps)
            if row.kind == "node" and nodes[row.id].name == node
        )

    def select_item(self, item: ItemId | None) -> None:
        boxes = self.structure.boxes if self.structure is not None else ()
        self.selection = Selection(next((box.tensor for box in boxes if box.id == item), None), item)
        self.selection_changed.emit()

    def hover_item(self, item: ItemId | None) -> None:
        self.hovered_item = item
        self.selection_changed.emit()

    def set_covered(self, names: frozenset[str]) -> None:
        self.covered = names
        self.look()

    @property
    def folds(self) -> Folds:
        return self._folds[self.show_all]

    @property
    def whole_structure(self) -> Structure | None:
        return None if self.structure is None else whole_of(self.structure)

    def toggle_group(self, group: ItemId) -> None:
        assert self.structure is not None
        is_open = any(frame.id == group for frame in self.structure.frames)
        self.folds.choose(self.structure, [group], closed=is_open)
        self.look()

    def fold_all(self) -> None:
        self.unfold_to(0)

    def unfold_all(self) -> None:
        self.unfold_to(ALL)

    def unfold_to(self, depth: int) -> None:
        self.folds.set_depth(depth)
        self.look()

    def fold_as(self, wishes: Wishes) -> None:
        self.folds.wishes = wishes
        self.look()

    def reveal_item(self, item: ItemId) -> None:
        assert self.structure is not None
        if seen_as(self.structure, item) != item:
            self.folds.choose(self.structure, around(self.structure, item), closed=False)
            self.look()
        self.select_item(item)
        self.revealed.emit(item)

    def set_show_all(self, on: bool) -> None:
        self.show_all = on
        self.look()
