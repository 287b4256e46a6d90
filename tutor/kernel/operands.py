"""The operands of a call: known tensors brought up to date, new ones born and named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from tutor.kernel.bare import PLAIN
from tutor.kernel.call import Call, Written
from tutor.kernel.calls import NUMBERS
from tutor.kernel.flat import flat_tensors
from tutor.kernel.identity import Known, is_a, version
from tutor.kernel.spans import Place
from tutor.kernel.tape import Tape


class Operands:
    """Meets the tensors that calls are given."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self._find = tape.tensors.find
        self._by_address = tape.tensors.by_address
        self._names = tape.naming.names

    def see_inputs(self, call: Call) -> None:
        """Every tensor among the arguments, through lists and dicts; one known as it is needs two looks."""
        by_address, names = self._by_address, self._names
        for argument in call.arguments:
            if type(argument) in NUMBERS:
                continue
            if not isinstance(argument, torch.Tensor):
                self._see_all(flat_tensors(argument), call)
                continue
            known = by_address.get(id(argument))
            try:
                now = argument._version if type(argument) in PLAIN else version(argument)
            except RuntimeError:
                now = version(argument)
            if known is None or now != known.version:
                known = self._see(argument, call)
            if known is not None:
                call.pairs.append((known, argument))
                if known.id not in names:
                    call.nameless = True
                    self._call_by_its_path(known, argument)
        if call.keywords:
            self._see_all(flat_tensors(dict(call.keywords)), call)
        if call.traits.writes:
            call.gradients = self._gradients(call)

    def _see_all(self, tensors: Sequence[torch.Tensor], call: Call) -> None:
        for tensor in tensors:
            known = self._find(tensor)
            if known is None or version(tensor) != known.version:
                known = self._see(tensor, call)
            if known is not None:
                call.pairs.append((known, tensor))
                self._call_by_its_path(known, tensor)

    def _see(self, tensor: torch.Tensor, call: Call) -> Known | None:
        """What quiet code is given is not looked at."""
        place = call.place(self.tape.sources)
        return self._find(tensor) if place.quiet else self.meet(tensor, place)

    def meet_all(self, call: Call, place: Place) -> None:
        """Looks at what quiet code was given after all."""
        inputs, call.nameless = flat_tensors((call.arguments, dict(call.keywords))), True
        call.pairs = [(self.meet(tensor, place), tensor) for tensor in inputs]

    def _call_by_its_path(self, known: Known, tensor: torch.Tensor) -> None:
        """A parameter or buffer that was seen while its module was being made."""
        path = self.tape.modules.parameter_path(tensor)
        if path is not None and known.id not in self._names:
            self.tape.naming.give(known, path, max(self.tape.step - 1, 0))

    def _gradients(self, call: Call) -> list[Written]:
        """The first argument, where it is another tensor's `.grad`."""
        found = []
        for tensor in flat_tensors(call.arguments[:1]):
            owner = self.tape.tensors.owner(tensor)
            if owner is not None:
                found.append(Written(tensor, owner[0], version(tensor), self.tape.read_gradient(tensor)))
        return found

    def meet(self, tensor: torch.Tensor, place: Place) -> Known:
        """An operand that is new, or was changed where nobody looked."""
        tape = self.tape
        known = tape.tensors.see(tensor, tape.step)
        if tape.naming.name_of(known.id) is None:
            self.christen(known, tensor, place.namespace)
        return known

    def christen(self, known: Known, tensor: torch.Tensor, namespace: Mapping[str, object] | None) -> None:
        """Names that come from elsewhere than a variable: a module's parameter, another tensor's `.grad`."""
        tape = self.tape
        path = tape.modules.parameter_path(tensor)
        if path is None and namespace is not None and is_a(tensor, torch.nn.Parameter):
            path = tape.modules.search(tensor, namespace)
        owner = tape.tensors.owner(tensor)
        if path is None and owner is not None:
            name = tape.naming.name_of(owner[0].id)
            path = None if name is None else f"{name}.grad"
        if path is not None:
            tape.naming.give(known, path, max(tape.step - 1, 0))

    def see_roots(self, call: Call) -> None:
        tape = self.tape
        tape.naming.catch_up()
        place = call.place(self.tape.sources)
        for tensor in flat_tensors(call.arguments[:1]):
            self.meet(tensor, place)
            tape.naming.operands(place, [tensor], step=max(tape.step - 1, 0))
