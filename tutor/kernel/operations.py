"""A finished call becomes one operation: its outputs, nodes, changes and names, one step.

Nearly every call of a program comes through here, so that each question is asked once and answered from what is at hand.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from operator import itemgetter
from typing import cast

import torch
from torch.autograd import forward_ad
from torch.autograd.graph import Node as AutogradNode

from tutor.kernel.autocast import autocast_dtype, is_autocast_on
from tutor.kernel.bare import PLAIN, bare
from tutor.kernel.call import Call
from tutor.kernel.calls import Kind, argument_texts
from tutor.kernel.changes import SILENT_WRITERS, Changes
from tutor.kernel.flat import flat_tensors
from tutor.kernel.identity import Known, version
from tutor.kernel.measure import size
from tutor.kernel.operands import Operands
from tutor.kernel.spans import Place
from tutor.kernel.tape import Tape
from tutor.kernel.transforms import are_active, mapped_node, tangent, transform
from tutor.kernel.usual import Usual
from tutor.protocol import NodeId, Operation, OperationId, Span, Tangent, TensorId

_TENSOR = itemgetter(1)
Pairs = list[tuple[Known, torch.Tensor]]

_is_grad_enabled = torch.is_grad_enabled
_is_inference_mode = torch.is_inference_mode_enabled
_LENDING = frozenset({"numpy", "__array__"})


class Operations:
    """Tells operations, each with all that it brought about."""

    def __init__(self, tape: Tape, operands: Operands, changes: Changes) -> None:
        self._tape = tape
        self._operands = operands
        self._changes = changes
        self._by_address = tape.tensors.by_address
        self._ids = cast("Iterator[OperationId]", itertools.count())
        self._usual = Usual(tape, self._ids, self._row)

    def ended(self, call: Call, result: object) -> None:
        """The call has given its result."""
        place = call.found
        if place is None:
            place = call.found = self._tape.sources.place(call.frame)
        written = []
        try:
            for pair in call.pairs:
                tensor = pair[1]
                if (tensor if type(tensor) in PLAIN else bare(tensor))._version != pair[0].version:
                    written.append(pair)
        except RuntimeError:
            written = [pair for pair in call.pairs if version(pair[1]) != pair[0].version]
        if not written and (call.traits.writes or call.keywords):
            written = _written_without_version(call)
        changes = self._changes
        outputs = [result] if isinstance(result, torch.Tensor) else flat_tensors(result)
        if place.quiet:
            if not _is_in_graph(outputs):
                changes.note_dirty(written, call)
                return
            self._operands.meet_all(call, place)
        if not outputs and call.traits.plain in _LENDING:
            self._lend(call)
        plain = not written and type(result) is torch.Tensor
        if not (plain and call.pairs and call.traits.makes) and not _concerns(call, outputs, written, place):
            return
        changes.flush()
        if (
            plain
            and call.traits.function not in SILENT_WRITERS
            and self._usual.tells(call, outputs[0], place)
        ):
            return
        if not written or not changes.wrote_gradients_only(call, written):
            self._tape.outlet.gathered = []
            try:
                self._record(call, outputs or [tensor for _, tensor in written], written, place)
            finally:
                self._tape.outlet.gathered = None

    def _lend(self, call: Call) -> None:
        """NumPy holds the memory too, and may write to it."""
        tensors = self._tape.tensors
        for known, tensor in call.pairs:
            for holder, alias in ((known, tensor), *tensors.aliases(known)):
                tensors.lend(holder, alias)

    def failed(self, call: Call) -> None:
        """The call has raised; what it had written stays written. (A checkpoint stops its recomputation like that.)"""
        written = [pair for pair in call.pairs if version(pair[1]) != pair[0].version]
        if call.traits.function in SILENT_WRITERS:
            written.extend(self._changes.silently_written(call))
        if written:
            self._changes.note_dirty(written, call)

    def _record(self, call: Call, outputs: list[torch.Tensor], written: Pairs, place: Place) -> None:
        tape = self._tape
        operation, span = next(self._ids), place.span
        grad_fns: list[AutogradNode | None] = [
            (tensor if type(tensor) in PLAIN else bare(tensor)).grad_fn for tensor in outputs
        ]
        if are_active():
            grad_fns = [node or mapped_node(tensor) for node, tensor in zip(grad_fns, outputs, strict=True)]
        fresh = tape.graph.claim(list(filter(None, grad_fns)), span=span)
        ids = self._bear_outputs(call, outputs, grad_fns)
        nodes: list[NodeId] = []
        if fresh:
            operands = [*map(_TENSOR, call.pairs), *outputs]
            nodes = tape.graph.describe(fresh, operation=operation, operands=operands)
        tape.put(self._row(call, operation, span, ids, nodes))
        if forward_ad._current_level >= 0:
            self._tell_tangents(outputs, ids)
        for known, tensor in written:
            self._changes.written(known, tensor, span, operation)
        if call.traits.function in SILENT_WRITERS:
            self._changes.wrote_silently(call, operation, span)
        self._name(call, outputs, place)
        if written and not nodes:
            tape.end_step("value_changed", self._changes.written_id(written[0][0]), span, place.frame)
        else:
            tape.end_step("operation", operation, span, place.frame)

    def _bear_outputs(
        self, call: Call, outputs: list[torch.Tensor], grad_fns: list[AutogradNode | None]
    ) -> list[TensorId]:
        tensors, step = self._tape.tensors, self._tape.outlet.step
        shares = call.pairs[0][0].id if call.traits.shares and call.pairs else None
        ids = []
        for tensor, node in zip(outputs, grad_fns, strict=True):
            known = tensors.find(tensor) or tensors.bear_result(tensor, node, step, shares)
            ids.append(known.id)
        return ids

    def _row(
        self,
        call: Call,
        operation: OperationId,
        span: Span | None,
        outputs: list[TensorId],
        nodes: list[NodeId],
    ) -> Operation:
        tape, modules = self._tape, self._tape.modules
        enabled, pairs = _is_grad_enabled(), call.pairs
        return Operation(
            id=operation,
            function=call.traits.name,
            span=span,
            grad_enabled=enabled,
            mode="inference" if _is_inference_mode() else "grad" if enabled else "no_grad",
            module=modules.current,
            inputs=[pairs[0][0].id] if len(pairs) == 1 else [known.id for known, _ in pairs],
            outputs=outputs,
            arguments=argument_texts(call.arguments, call.keywords, self._by_address),
            nodes=nodes,
            backward=tape.running[-1] if tape.running else None,
            call=modules.call,
            transform=call.traits.whole or (transform() if are_active() else None),
            autocast=autocast_dtype(call.pairs) if is_autocast_on() else None,
            step=tape.outlet.step,
        )

    def _tell_tangents(self, outputs: list[torch.Tensor], ids: list[TensorId]) -> None:
        tape = self._tape
        for tensor, id in zip(outputs, ids, strict=True):
            carried = tangent(tensor)
            if carried is not None:
                value = tape.read_gradient(carried)
                tape.put(Tangent(tensor=id, value=value, step=tape.outlet.step), elements=size(value))

    def _name(self, call: Call, outputs: list[torch.Tensor], place: Place) -> None:
        results = outputs[0] if len(outputs) == 1 else outputs
        self._tape.naming.call(place, call, results, self._tape.outlet.step)


def _written_without_version(call: Call) -> Pairs:
    """Inference tensors have no version that would tell: the first argument of `add_`, and what is given as `out`."""
    out = () if call.traits.writes else flat_tensors(call.keywords.get("out"))
    candidates = call.pairs[:1] if call.traits.writes else call.pairs
    return [
        (known, tensor)
        for known, tensor in candidates
        if (call.traits.writes or any(tensor is one for one in out)) and tensor.is_inference()
    ]


def _is_in_graph(outputs: list[torch.Tensor]) -> bool:
    """Whether it made a node: a GradScaler's product with its scale is part of what is differentiated."""
    return torch.is_grad_enabled() and any(tensor.grad_fn is not None for tensor in outputs)


def _concerns(call: Call, outputs: list[torch.Tensor], written: Pairs, place: Place) -> bool:
    """Tensors that a library makes out of nothing are born where they are used; so is a number it reads."""
    if call.kind is Kind.PLAIN_NUMBER:
        return place.direct
    return bool(outputs or written) and (bool(call.pairs) or place.direct)
