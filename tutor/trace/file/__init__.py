"""The trace file: a run as JSON, one row a line, with everything that a window needs to show every step of it.

Its shape stands in `rows`, and as a JSON Schema in resources/trace.schema.json (made by tools/schema.py).
"""

from __future__ import annotations

from tutor.trace.file.faults import TraceFileError
from tutor.trace.file.reading import decode_trace, read_trace
from tutor.trace.file.rows import FORMAT
from tutor.trace.file.versions import VERSION
from tutor.trace.file.writing import encode_trace, write_trace

__all__ = [
    "FORMAT",
    "VERSION",
    "TraceFileError",
    "decode_trace",
    "encode_trace",
    "read_trace",
    "write_trace",
]
