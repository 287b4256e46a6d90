"""Remakes the recorded traces: `python -m tests.traces`."""

from __future__ import annotations

import sys

from tests.traces import FOLDER
from tests.traces.programs import PROGRAMS
from tests.traces.recording import record_text
from tutor.trace.file import write_trace

for name, text in PROGRAMS.items():
    path = FOLDER / f"{name}.json"
    write_trace(record_text(text), path)
    sys.stdout.write(f"{path.name}\n")
