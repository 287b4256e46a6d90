"""The wire to one kernel process: requests and their replies, batches of events; closed with the process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from tutor.protocol import MIME, Command, decode_batch, encode_command
from tutor.session.kernel_process import KernelProcess
from tutor.session.kernel_wire import Channel

_log = logging.getLogger(__name__)
_EXTENSION = "__import__('importlib').import_module('tutor.kernel.extension')"

Reply = Mapping[str, Any]
"""The content of a reply as Jupyter's protocol has it."""


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class _Request:
    """Who waits for the kernel's reply, and who is told when it will never come."""

    on_reply: Callable[[Reply], None]
    on_lost: Callable[[], None]


class KernelLink(QObject):
    """A kernel process with the two sockets that we use. Raises OSError when the process cannot be started."""

    batch = Signal(object)
    """Batch: events of a run, in order."""

    def __init__(self, folder: Path, parent: QObject) -> None:
        super().__init__(parent)
        self.process = KernelProcess(folder)
        self._requests: dict[str, _Request] = {}
        manager = self.process.manager
        self._shell = Channel(manager.connect_shell(), manager.session, self)
        self._iopub = Channel(manager.connect_iopub(), manager.session, self)
        self._shell.received.connect(self._on_shell_received)
        self._iopub.received.connect(self._on_iopub_received)

    def announce(self, on_reply: Callable[[Reply], None]) -> None:
        """Asks the kernel to say what it has."""
        self._execute(f"{_EXTENSION}.announce()", on_reply, _nothing)

    def command(
        self, command: Command, on_reply: Callable[[Reply], None], on_lost: Callable[[], None] = _nothing
    ) -> None:
        """Runs are ordinary execute requests, so that interrupts reach them."""
        self._execute(f"{_EXTENSION}.execute({encode_command(command)!r})", on_reply, on_lost)

    def complete(
        self, code: str, cursor: int, on_reply: Callable[[Reply], None], on_lost: Callable[[], None]
    ) -> None:
        self._request("complete_request", {"code": code, "cursor_pos": cursor}, on_reply, on_lost)

    def read(self) -> None:
        """Takes in what has arrived, without waiting for Qt to notice it."""
        self._iopub.read()
        self._shell.read()

    def close(self) -> None:
        """Ends the process; whoever still waits is told."""
        self._shell.close()
        self._iopub.close()
        self.process.close()
        lost, self._requests = self._requests, {}
        for request in lost.values():
            request.on_lost()
        self.deleteLater()

    def _execute(self, code: str, on_reply: Callable[[Reply], None], on_lost: Callable[[], None]) -> None:
        content = {
            "code": code,
            "silent": True,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        self._request("execute_request", content, on_reply, on_lost)

    def _request(
        self,
        kind: str,
        content: Mapping[str, object],
        on_reply: Callable[[Reply], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._requests[self._shell.send(kind, content)] = _Request(on_reply, on_lost)

    def _on_shell_received(self, message: Any) -> None:
        request = self._requests.pop(message["parent_header"].get("msg_id", ""), None)
        if request is not None:
            request.on_reply(message["content"])

    def _on_iopub_received(self, message: Any) -> None:
        if message["msg_type"] != "display_data" or MIME not in message["content"]["data"]:
            return
        try:
            batch = decode_batch(message["buffers"][0])
        except (msgspec.DecodeError, IndexError):
            _log.exception("a batch of events cannot be read")
            return
        self.batch.emit(batch)
