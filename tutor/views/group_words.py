"""What a group of the graph is called and what is said of it, in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, assert_never

from tutor.i18n import _, ngettext
from tutor.insight.numbers_text import count_text, rough_count
from tutor.trace.picture import BlockState, Group
from tutor.trace.values import cell

if TYPE_CHECKING:
    from tutor.session.session import Session

_PART = re.compile(r"\d+–\d+")


def group_title(group: Group) -> str:
    """ "layer1.0", "turn 3", "turns 11–20", "for t in range(n)"."""
    is_part = _PART.fullmatch(group.name) is not None
    match group.kind:
        case "module":
            return group.name or group.type_name
        case "turn":
            return _("turn {number}").format(number=group.name)
        case "iteration":
            return _("iteration {number}").format(number=group.name)
        case "repeat" if group.of == "turn" and is_part:
            return _("turns {numbers}").format(numbers=group.name)
        case "repeat" if group.of == "iteration":
            return _("iterations {numbers}").format(numbers=group.name) if is_part else _("iterations")
        case "repeat":
            return group.name or group.type_name or _("repeated")
        case _:
            assert_never(group.kind)


def short_titles(group: Group) -> list[str]:
    """The title and ever shorter ones: what tells it from its neighbours stands at the end of a path."""
    parts = group.name.split(".")
    tails = [".".join(parts[at:]) for at in range(1, len(parts))] if group.kind == "module" else []
    if _PART.fullmatch(group.name):
        tails = [group.name, f"{group.name.partition('–')[0]}…"]
    elif group.kind in ("turn", "iteration"):
        tails = [group.name]
    return [group_title(group), *tails]


def group_type(group: Group) -> str:
    """The class, where the title is not it already."""
    return "" if group_title(group) == group.type_name else group.type_name


def times(group: Group) -> str:
    """ "×12"; "" where there is one."""
    return f"×{count_text(group.count)}" if group.count > 1 else ""


def facts(group: Group) -> str:
    """How much there is in it."""
    made = ngettext("{count} operation", "{count} operations", group.operations)
    parts = [made.format(count=rough_count(group.operations))]
    if group.parameters:
        owned = ngettext("{count} parameter", "{count} parameters", group.parameters)
        parts.append(owned.format(count=rough_count(group.parameters)))
    return " · ".join(parts)


def norm_text(state: BlockState) -> str:
    if state.covered:
        return "?"
    return "None" if state.norm is None else cell(state.norm)


def chosen_group(session: Session) -> tuple[Group, BlockState | None] | None:
    """The group that is selected, if one is; its state where it is closed."""
    structure, picture, chosen = session.structure, session.picture, session.selection.item
    if structure is None or picture is None or chosen is None:
        return None
    groups = (*structure.blocks, *structure.frames)
    found = next((group for group in groups if group.id == chosen), None)
    return None if found is None else (found, picture.blocks.get(chosen))


def group_tip(group: Group, state: BlockState | None) -> str:
    """All that is known of it, and how it is opened or closed."""
    head = " ".join(part for part in (group_title(group), group_type(group), times(group)) if part)
    lines = [head, exact_facts(group)]
    if state is None:
        return "\n".join([*lines, _("Double click closes it")])
    return "\n".join([*lines, *progress_lines(group, state), _("Double click opens it")])


def exact_facts(group: Group) -> str:
    made = ngettext("{count} operation", "{count} operations", group.operations)
    text = made.format(count=count_text(group.operations))
    if group.parameters:
        owned = ngettext("{count} parameter", "{count} parameters", group.parameters)
        text += " · " + owned.format(count=count_text(group.parameters))
    return text


def progress_lines(group: Group, state: BlockState) -> list[str]:
    """How far it is, and how large its gradients are together."""
    lines = [
        _("{made} of {count} operations done").format(
            made=count_text(state.made), count=count_text(group.operations)
        )
    ]
    if state.nodes:
        lines.append(
            _("backward: {ran} of {count} nodes have run").format(
                ran=count_text(state.ran), count=count_text(state.nodes)
            )
        )
    if group.leaves:
        lines.append(_("norm of all its parameters' gradients: {norm}").format(norm=norm_text(state)))
    return lines


def group_name(group: Group, state: BlockState) -> str:
    """What a screen reader says of a closed group."""
    text = _("closed group {title}, {facts}").format(
        title=" ".join(part for part in (group_title(group), group_type(group), times(group)) if part),
        facts=exact_facts(group),
    )
    return f"{text}, {_('running')}" if state.phase == "running" else text


def frame_name(group: Group) -> str:
    """What a screen reader says of an open group."""
    return _("open group {title}, {facts}").format(title=frame_title(group), facts=exact_facts(group))


def frame_title(group: Group) -> str:
    """On the tab of an open group."""
    return "  ".join(part for part in (group_title(group), group_type(group), times(group)) if part)
