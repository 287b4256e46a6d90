"""The tooltip of a drawn thing: its exact numbers, and what else is known of the node, operation or tensor it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

from tutor.i18n import _
from tutor.insight.node_text import created_lines, node_lines
from tutor.insight.operation_text import operation_lines
from tutor.insight.tensor_text import tensor_lines
from tutor.protocol import NodeId, OperationId
from tutor.trace.index import index_of
from tutor.views.graph.box import BoxItem
from tutor.views.graph.circle import CircleItem
from tutor.views.graph.items import GraphItem

if TYPE_CHECKING:
    from tutor.session.session import Session


class Tips:
    """Asks the session's trace, at the step that is shown."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, item: GraphItem, place: QPointF) -> str:
        """`place` is in the item's coordinates."""
        own = item.tip_at(place)
        if isinstance(item, CircleItem):
            node = item.node_at(place)
            more = self._operation(item.circle.operation) if node is None else self._node(node)
        elif isinstance(item, BoxItem) and not item.anatomy.grad.contains(place):
            session = self._session
            more = tensor_lines(session.trace, item.box.tensor, session.player.step, session.covered)
            if item.box.ghost_of is not None:
                more.insert(
                    0, _("The same tensor, drawn again beside a far use: its gradient meets at the leaf.")
                )
        else:
            more = []
        return "\n".join([own, *more] if own else more)

    def _node(self, node: NodeId) -> list[str]:
        session = self._session
        return node_lines(session.trace, node, session.player.step, session.covered)

    def _operation(self, operation: OperationId) -> list[str]:
        row = index_of(self._session.trace).operations.get(operation)
        if row is None:
            return []
        made = created_lines(self._session.trace, row.nodes[-1]) if operation < 0 and row.nodes else []
        return operation_lines(self._session.trace, row) + made
