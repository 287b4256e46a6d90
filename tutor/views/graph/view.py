"""The graph's pane: draws the session's picture, moves with its player, and tells it what is pointed at and chosen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSizeF, Qt, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from tutor.i18n import _, ngettext
from tutor.insight.numbers_text import count_text
from tutor.insight.scene import scene
from tutor.session.layout_client import LayoutClient
from tutor.session.settings import GraphDirection
from tutor.trace.layout import Layout
from tutor.trace.picture import Picture, Structure
from tutor.views.graph.arrangement import Arrangement, Arrangements
from tutor.views.graph.bar import EmptyState, GraphBar
from tutor.views.graph.canvas import GraphCanvas
from tutor.views.graph.closer import Closer
from tutor.views.graph.direction import FEW, runs_down
from tutor.views.graph.follow import FollowButton
from tutor.views.graph.ground import room_of
from tutor.views.graph.group_hands import GroupHands
from tutor.views.graph.growth import grown
from tutor.views.graph.items import GraphItem
from tutor.views.graph.legend import Legend
from tutor.views.graph.letters import FONT_CHANGES
from tutor.views.graph.pointed import pointed_items
from tutor.views.graph.scene import GraphScene
from tutor.views.graph.sizes import Sizes, measure
from tutor.views.graph.tips import Tips
from tutor.views.graph.transition import Transition, refolded
from tutor.views.graph.words import empty_words, explains, is_empty, not_laid_out, note, summary
from tutor.views.stale_banner import StaleBanner
from tutor.views.theme import LIGHT, Palette

if TYPE_CHECKING:
    from tutor.session.session import Session


class GraphView(QWidget):
    """Canvas, legend, and the words where there is nothing to draw."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._palette = LIGHT
        self._arrangements = Arrangements()
        self._layouts = LayoutClient(self)
        self._structure: Structure | None = None
        self._sizes: Sizes | None = None
        self._trace = session.trace
        self._before: tuple[Picture, Picture] | None = None
        self._dirty = self._fits = True
        self._drawn: Arrangement | None = None
        self._wishes = session.folds.wishes
        self._given_up: Structure | None = None
        self._backwards = 0
        self._provisional = self._showing = self._legend_chosen = False
        self.scene = GraphScene(self._palette, self)
        self.canvas = GraphCanvas(self.scene, self)
        self.canvas.tip_of = Tips(session).of
        self.closer = Closer(session, self.scene, self.canvas)
        self.banner = StaleBanner(session, self)
        self.hands = GroupHands(session, self.scene, self.canvas, self.closer)
        self.buttons = GraphBar(session, self)
        self.legend = Legend(self._palette, self)
        self.empty = EmptyState(self.canvas)
        self.transition = Transition(session, self.scene, self.canvas)
        self.follow = FollowButton(session, self.scene, self.canvas)
        self._laying_out = QTimer(self, singleShot=True, interval=150)
        self._resized = QTimer(self, singleShot=True, interval=200)
        self._lay_out()
        self._connect()
        self.buttons.set_direction(session.preferences.graph_direction)
        self.retranslate()
        self.apply_theme(self._palette)
        self._refresh()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self.banner, self.buttons, self.canvas, self.legend):
            column.addWidget(part, 1 if part is self.canvas else 0)

    def _connect(self) -> None:
        session = self._session
        session.picture_changed.connect(self._refresh)
        session.trace_changed.connect(self._refresh)
        session.run_changed.connect(self._refresh)
        session.selection_changed.connect(self._on_session_selection_changed)
        session.player.progress_changed.connect(self._on_player_progress_changed)
        session.player.playing_changed.connect(self._refresh)
        self._layouts.done.connect(self._on_layouts_done)
        self._layouts.failed.connect(self._on_layouts_failed)
        self._layouts.busy_changed.connect(self._laying_out.start)
        self._laying_out.timeout.connect(self._show_words)
        self.scene.built.connect(self._on_scene_built)
        self.canvas.pointed.connect(self._on_canvas_pointed)
        self.canvas.clicked.connect(self._on_canvas_clicked)
        self.canvas.moved.connect(self._on_canvas_moved)
        self.canvas.neighbour_wanted.connect(self._on_canvas_neighbour_wanted)
        self.buttons.fit.clicked.connect(self.canvas.fit_again)
        self.buttons.direction_chosen.connect(self._on_buttons_direction_chosen)
        self._resized.timeout.connect(self._turn)
        self.buttons.all.toggled.connect(session.set_show_all)
        self.buttons.legend.clicked.connect(self._on_legend_clicked)
        self.empty.cancel.clicked.connect(self._layouts.cancel)

    def retranslate(self) -> None:
        """All texts anew in the current language."""
        self.setAccessibleName(_("Graph"))
        self.canvas.setAccessibleName(_("Graph"))
        for part in (self.banner, self.legend, self.buttons, self.empty, self.closer, self.follow):
            part.retranslate()
        self._arrangements.forget()
        self._structure = None
        self._refresh()

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self.scene.apply_theme(palette)
        for part in (self.banner, self.legend, self.buttons, self.empty, self.closer, self.follow):
            part.apply_theme(palette)
        self._show_picture()

    # what is drawn

    def _refresh(self) -> None:
        """Takes over the session's picture; a hidden view waits until it is shown."""
        if not self.isVisible() and self.testAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide):
            self._dirty = True
            return
        self._dirty = False
        picture = self._session.picture
        drawn = picture.structure if picture is not None else None
        self.legend.explain(explains(self._session.trace, drawn))
        self._suit_height()
        if self._session.trace is not self._trace:
            self._trace = self._session.trace
            self._drawn = None
            self._arrangements.forget()
        if picture is None or is_empty(picture.structure):
            self._structure = self._drawn = None
            self._layouts.close()
            self.scene.clear_structure()
        elif self._structure is not picture.structure or (
            self._provisional and not self._session.run.running
        ):
            self._take(picture.structure)
        self._show_picture()
        self._show_words()

    def _take(self, structure: Structure) -> None:
        """Another structure: an arrangement that is known, or one to be laid out."""
        same = self._structure is not None and structure.signature == self._structure.signature != ""
        self._structure, self._given_up = structure, None
        self._layouts.close()
        down = self._runs_down(structure)
        sizes = measure(structure, self._session.trace, down=down)
        added = self._grown(structure, sizes)
        if added is not None:
            self._draw(added, fit=False)
            self._provisional = True
            return
        known = self._arrangements.reuse(structure, sizes)
        if known is not None:
            grown_since = self._drawn is not None and room_of(known) != room_of(self._drawn)
            self._arrange(known, fit=not same or grown_since or self._provisional)
            return
        self._provisional = False
        self._sizes = self._arrangements.grown(structure, sizes)
        self._layouts.request(structure, self._sizes.order())

    @property
    def arrangement(self) -> Arrangement | None:
        """How what is drawn is laid out; None where nothing is."""
        return self._drawn

    @property
    def turning(self) -> bool:
        """Whether the pane has another shape and its picture may yet turn."""
        return self._resized.isActive()

    def _runs_down(self, structure: Structure) -> bool:
        """Which way the picture is to run; while it plays, or is folded otherwise, it does not turn."""
        wanted = self._session.preferences.graph_direction
        if wanted == "auto":
            moving = self._session.player.playing or self._session.run.running
            if self._drawn is not None and (moving or refolded(self._drawn.structure, structure)):
                return self._drawn.sizes.down
            if len(structure.boxes) + len(structure.circles) > FEW or not self.isVisible():
                return False
        return runs_down(
            wanted,
            self.canvas.viewport().size(),
            partial(self._trial, structure, down=False),
            partial(self._trial, structure, down=True),
        )

    def _trial(self, structure: Structure, *, down: bool) -> QSizeF:
        """How much room the picture takes this way."""
        sizes = measure(structure, self._session.trace, down=down)
        return room_of(self._arrangements.made(structure, sizes))

    def _turn(self) -> None:
        """The pane has another shape, or the person another wish: the picture may run the other way."""
        if self._drawn is None or self._structure is None or self._layouts.busy:
            return
        if self._runs_down(self._structure) != self._drawn.sizes.down:
            self._provisional = False
            structure, self._structure = self._structure, None
            self._take(structure)
            self._show_picture()

    def _grown(self, structure: Structure, sizes: Sizes) -> Arrangement | None:
        """While a run goes on and until its next backward begins, new nodes are added and nothing moves."""
        count = len(self._session.trace.backwards)
        same, self._backwards = count == self._backwards, count
        if self._drawn is None or not same or not self._session.run.running:
            return None
        return grown(self._drawn, structure, sizes)

    def _arrange(self, arrangement: Arrangement, *, fit: bool) -> None:
        self._arrangements.keep(arrangement)
        self._provisional = False
        self._draw(arrangement, fit=fit)

    def _draw(self, arrangement: Arrangement, *, fit: bool) -> None:
        self._fits = not self.transition.prepare(arrangement.structure) and fit
        self._drawn, self._wishes = arrangement, self._session.folds.wishes
        self.scene.set_structure(arrangement.structure, arrangement.sizes, arrangement.layout)

    def _show_picture(self) -> None:
        picture, player = self._session.picture, self._session.player
        if picture is None or self.scene.structure is not picture.structure:
            return
        progress = player.progress if player.animated else 1.0
        resting = player.step >= player.count - 1 and not player.playing and progress >= 1.0
        before = self._picture_before(picture) if progress < 1.0 else None
        self._showing = True
        self._follow(picture)
        self._showing = False
        self._tell_scene()
        self.scene.show_picture(before, picture, progress, resting=resting)
        self.closer.follow()

    def _picture_before(self, picture: Picture) -> Picture:
        if self._before is None or self._before[0] is not picture:
            session = self._session
            earlier = scene(session.trace, picture.structure, picture.step - 1, session.covered)
            self._before = (picture, earlier)
        return self._before[1]

    def _follow(self, picture: Picture) -> None:
        if not self.canvas.whole and self.canvas.following and not self.transition.holds(picture.step):
            player = self._session.player
            gently = player.playing and player.animated
            rect, least = self.scene.focus_rects(picture)
            if self.canvas.unsettled:
                self._settle(picture, least)
            self.canvas.follow(rect, least, gently=gently)

    def _settle(self, picture: Picture, focus: QRectF) -> None:
        """The first look at a large picture: at what works, else at what came last."""
        there = self.scene.present_rects(picture)
        if there:
            self.canvas.settle(focus if not focus.isEmpty() else there[-1], there)

    def _show_words(self) -> None:
        session, picture = self._session, self._session.picture
        if self._layouts.busy or self.scene.building:
            self._show_progress()
            return
        given_up = picture is not None and picture.structure is self._given_up
        self.empty.show_words(not_laid_out() if given_up else empty_words(session))
        backwards = len(session.trace.backwards)
        self.buttons.say(note(session, picture) if picture is not None else None)
        self.buttons.all.setVisible(session.show_all or backwards > 1)
        self.buttons.set_all(session.show_all)
        if picture is not None:
            self.canvas.setAccessibleDescription(summary(picture, self._chosen_names()))

    def _show_progress(self) -> None:
        count = len(self._sizes.anatomies) if self._sizes else 0
        text = ngettext("Laying out {count} item…", "Laying out {count} items…", count)
        self.empty.show_words((text.format(count=count_text(count)), ""), cancel=self._layouts.busy)

    def _chosen_names(self) -> list[str]:
        chosen = self._session.selection.item
        found = self.scene.item(chosen) if chosen is not None else None
        return [found.name] if found is not None else []

    # what is told

    def _on_session_selection_changed(self) -> None:
        session = self._session
        self.scene.select(session.selection.tensor, session.selection.item)
        self.scene.hover(frozenset(pointed_items(session, self._structure)))
        self._show_words()

    def _on_player_progress_changed(self, _progress: float) -> None:
        if self.isVisible():
            self._show_picture()

    def _on_layouts_done(self, structure: Structure, layout: Layout) -> None:
        if structure is self._structure and self._sizes is not None:
            self._arrange(Arrangement(structure, self._sizes, layout), fit=True)
            self._show_picture()
            self._show_words()

    def _on_layouts_failed(self, structure: Structure) -> None:
        """Another folding of what is drawn is wished no more; of another graph nothing is to be seen."""
        if self._drawn is not None and refolded(self._drawn.structure, structure):
            self._structure = self._drawn.structure
            self._session.fold_as(self._wishes)
            return
        self._drawn, self._given_up = None, structure
        self.scene.clear_structure()
        self._show_words()

    def _on_scene_built(self) -> None:
        if self._fits:
            self.canvas.fit()
        elif not self.transition.hold():
            self.canvas.take_growth()
        self._show_picture()
        self.transition.begin()
        self._show_words()

    def _on_canvas_pointed(self, item: GraphItem | None) -> None:
        self._session.hover_item(self.scene.item_id(item))

    def _on_canvas_clicked(self, item: GraphItem | None, modifiers: Qt.KeyboardModifier) -> None:
        chosen = self.scene.item_id(item)
        names = self.scene.covering(chosen)
        if modifiers & Qt.KeyboardModifier.ControlModifier and names:
            covered = self._session.covered
            self._session.set_covered(covered - names if names <= covered else covered | names)
            return
        self._session.select_item(chosen)

    def _on_canvas_moved(self) -> None:
        """What was moved here, not by the person's hand, takes its callout along; so does another zoom."""
        zoomed = self.scene.zoom != self.canvas.zoom
        self._tell_scene()
        if (self.canvas.fitted or zoomed) and not self._showing:
            self._show_picture()

    def _tell_scene(self) -> None:
        self.scene.set_view(self.canvas.goal(), self.canvas.zoom)

    def _on_canvas_neighbour_wanted(self, dx: int, dy: int) -> None:
        found = self.scene.neighbour(self._session.selection.item, dx, dy)
        if found is not None:
            self._session.select_item(found)
            self.canvas.follow(self.scene.item_rect(found), self.scene.item_rect(found))

    def _on_buttons_direction_chosen(self, direction: GraphDirection) -> None:
        self._session.preferences.graph_direction = direction
        self.buttons.set_direction(direction)
        self._turn()

    def _on_legend_clicked(self, wanted: bool) -> None:
        self._legend_chosen = True
        self.legend.setVisible(wanted)

    def _suit_height(self) -> None:
        """A low pane keeps its height for the picture, unless the person asked for the legend."""
        if not self._legend_chosen:
            roomy = self.legend.suits(self)
            self.legend.setVisible(roomy)
            self.buttons.legend.setChecked(roomy)

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._suit_height()
        self._resized.start()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in FONT_CHANGES:
            self._suit_height()

    def showEvent(self, event: QShowEvent) -> None:
        if self._dirty:
            self._refresh()
        self._turn()
        if self.canvas.fitted:
            self.canvas.fit()
