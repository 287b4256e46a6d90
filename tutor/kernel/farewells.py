"""What a script registers with `atexit` runs at its end, as in `python FILE`, though our process goes on."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any


class Farewells:
    """The calls that the program itself has registered; those of libraries stay the process's own."""

    def __init__(self, namespace: Mapping[str, object]) -> None:
        self._namespace = namespace
        self._calls: list[Callable[[], object]] = []

    def run(self) -> None:
        """The last one first. One that raises is told, and the others still have their turn."""
        while self._calls:
            try:
                self._calls.pop()()
            except (Exception, SystemExit) as error:
                ours = error.__traceback__
                error.__traceback__ = None if ours is None else ours.tb_next
                sys.excepthook(type(error), error, error.__traceback__)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """While it is entered, the program's registrations come here."""
        module: Any = atexit
        register, unregister = module.register, module.unregister

        def registered(call: Any, *arguments: Any, **options: Any) -> Any:
            if sys._getframe(1).f_globals is not self._namespace:
                return register(call, *arguments, **options)
            self._calls.append(partial(call, *arguments, **options))
            return call

        def unregistered(call: Any) -> None:
            self._calls[:] = [one for one in self._calls if getattr(one, "func", None) != call]
            unregister(call)

        module.register, module.unregister = registered, unregistered
        try:
            yield
        finally:
            module.register, module.unregister = register, unregister
