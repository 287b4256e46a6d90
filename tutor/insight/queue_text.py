"""Why this node now: the engine's rule, what is ready and what still waits, in words; names and order, no values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tutor.i18n import _, ngettext
from tutor.insight.numbers_text import count_text
from tutor.insight.step_text import node_run_text
from tutor.protocol import NodeId
from tutor.trace.ready_queue import Queued, ReadyQueue, ready_queue, waiting_for
from tutor.trace.trace import Trace

MOST = 7
"""So many of each kind are listed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One node of the list; `order` is its sequence number, or that it goes first."""

    node: NodeId
    stands: Literal["runs", "ready", "waits"]
    name: str
    order: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class QueueText:
    """`rule` always holds; `why` is about the node that runs, `asked` about another that was asked for."""

    title: str
    why: str
    rule: str
    rows: tuple[Row, ...]
    more: str = ""
    asked: str = ""


def queue_text(trace: Trace, step: int, asked: NodeId | None = None) -> QueueText:
    """What is said at this step; outside of a backward that there is no queue."""
    queue = ready_queue(trace, step)
    if queue is None:
        return QueueText(_("No backward is under way at this step."), "", rule_text(), ())
    title = (
        _("Why {node} now?").format(node=node_run_text(trace, queue.running))
        if queue.running is not None
        else _("What is ready now?")
    )
    rows = (*_ready_rows(trace, queue), *_waiting_rows(trace, queue))
    return QueueText(
        title,
        _why(queue),
        rule_text(),
        rows,
        _more(queue),
        "" if asked is None or asked == queue.running else _asked(trace, step, queue, asked),
    )


def rule_text() -> str:
    """The engine's own."""
    return _(
        "Of the nodes that are ready the engine takes AccumulateGrad first, then the highest sequence number: "
        "the operation that was recorded last."
    )


def _why(queue: ReadyQueue) -> str:
    if queue.running is None or not queue.ready:
        return ""
    first = queue.ready[0]
    if not queue.by_rule:
        return _("It came from another queue: each device has one of its own.")
    if len(queue.ready) == 1:
        return _("No other node is ready.")
    if first.sequence is None:
        return _("It is AccumulateGrad, which goes before all others.")
    count = len(queue.ready)
    return ngettext(
        "Of the {count} that is ready it has the highest number.",
        "Of the {count} that are ready it has the highest number.",
        count,
    ).format(count=count_text(count))


def _ready_rows(trace: Trace, queue: ReadyQueue) -> list[Row]:
    return [
        Row(
            one.node,
            "runs" if one.node == queue.running else "ready",
            node_run_text(trace, one.node),
            _order(one),
        )
        for one in queue.ready[:MOST]
    ]


def _waiting_rows(trace: Trace, queue: ReadyQueue) -> list[Row]:
    return [
        Row(one.node, "waits", node_run_text(trace, one.node), _order(one), _waits(trace, one))
        for one in queue.waiting[:MOST]
    ]


def _order(one: Queued) -> str:
    return _("first") if one.sequence is None else f"#{one.sequence}"


def _waits(trace: Trace, one: Queued) -> str:
    counted = _("{arrived} of {awaited} arrived").format(arrived=one.arrived, awaited=one.awaited)
    return _("{counted}; waits for {nodes}").format(counted=counted, nodes=_names(trace, one.waits_for))


def _names(trace: Trace, nodes: Sequence[NodeId]) -> str:
    shown = ", ".join(node_run_text(trace, node) for node in nodes[:2])
    more = len(nodes) - 2
    if more <= 0:
        return shown
    return _("{nodes} and {count} more").format(nodes=shown, count=more)


def _more(queue: ReadyQueue) -> str:
    """What is not in the list."""
    unlisted = max(len(queue.ready) - MOST, 0), max(len(queue.waiting) - MOST, 0)
    parts = [
        ngettext("{count} more is ready", "{count} more are ready", unlisted[0]).format(count=unlisted[0]),
        ngettext("{count} more waits", "{count} more wait", unlisted[1]).format(count=unlisted[1]),
        ngettext(
            "{count} has received nothing yet", "{count} have received nothing yet", queue.unreached
        ).format(count=queue.unreached),
    ]
    counts = (*unlisted, queue.unreached)
    return " · ".join(part for part, count in zip(parts, counts, strict=True) if count)


def _asked(trace: Trace, step: int, queue: ReadyQueue, node: NodeId) -> str:
    """Why the node that was asked for is not the one."""
    name = node_run_text(trace, node)
    found = waiting_for(trace, step, node)
    if found is None:
        ran = any(run.node == node and run.step < step for run in trace.backwards[queue.backward].steps)
        if ran:
            return _("{node} has run already.").format(node=name)
        return _("{node} does not take part in this backward.").format(node=name)
    if found.waits_for:
        return _("{node}: {waits}.").format(node=name, waits=_waits(trace, found))
    return _("{node} is ready, and its turn comes when it is the first.").format(node=name)
