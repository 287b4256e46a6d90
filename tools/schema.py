"""Writes the JSON Schema of the trace file, resources/trace.schema.json, from the types that read and write it.

`make schema`. What the schema says of a field is the string below the field in tutor/records and tutor/trace.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NewType, get_args, get_origin, get_type_hints

import msgspec

from tutor.records import base
from tutor.trace import trace
from tutor.trace.file import VERSION, rows

PATH = Path(__file__).resolve().parent.parent / "resources" / "trace.schema.json"
REF = "#/$defs/{name}"
IDS = {
    "SourceId": "sources",
    "TensorId": "tensors",
    "OperationId": "operations",
    "NodeId": "nodes",
    "BackwardId": "backwards",
    "ModuleCallId": "module_calls",
}
ALWAYS = {
    "Backward": ("steps", "accumulations", "results", "error"),
    "Failure": ("explanation",),
    "Node": ("saved", "created_by"),
    "Step": ("backward",),
    "Value": ("stats",),
}
"""Keys that every file has had from the first one on, though they have a default."""

Schema = dict[str, Any]


def main() -> None:
    PATH.write_text(generated(), encoding="utf-8")
    print(PATH)


def generated() -> str:
    """The schema's text."""
    _refs, parts = msgspec.json.schema_components([rows.TraceFile], ref_template=REF)
    kinds = {name: _kind(name) for name in parts}
    for name, part in parts.items():
        _complete(part, kinds[name])
    whole = parts.pop("TraceFile")
    whole["properties"]["version"] = {"const": VERSION}
    whole["title"] = "Autograd Tutor trace"
    defs = dict(sorted({**parts, **_ids(), "Data": {"description": _data_text()}}.items()))
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole, "$defs": defs}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _kind(name: str) -> type:
    found: type = next(
        vars(module)[name] for module in (rows, trace, base, _records()) if name in vars(module)
    )
    return found


def _records() -> Any:
    import tutor.protocol

    return tutor.protocol


def _ids() -> dict[str, Schema]:
    """Each kind of id: the place of a row in a list of the file."""
    return {
        name: {
            "type": "integer",
            "minimum": -1 if name == "SourceId" else 0,
            "description": f"A row of `{of}`.",
        }
        for name, of in IDS.items()
    }


def _complete(part: Schema, kind: type) -> None:
    """Takes the wire's tag away, and adds what the types and the docstrings know and msgspec does not tell."""
    part["properties"].pop("event", None)
    required = {*part["required"], *ALWAYS.get(kind.__name__, ())}
    part["required"] = [name for name in part["properties"] if name in required]
    part["description"] = inspect.cleandoc(part["description"])
    texts = dict(_field_texts(kind))
    hints = get_type_hints(kind)
    for field, hint in hints.items():
        name = field.rstrip("_")
        if name in part["properties"]:
            part["properties"][name] = _property(part["properties"][name], hint, texts.get(field))


def _property(schema: Schema, hint: Any, text: str | None) -> Schema:
    """`hint` is the type of the whole property."""
    kept = {"default": schema["default"]} if "default" in schema else {}
    told = {} if text is None else {"description": text}
    return {**(_typed(hint) or {k: v for k, v in schema.items() if k != "default"}), **told, **kept}


def _typed(hint: Any) -> Schema | None:
    """The schema of a type that is, or holds, an id or plain data; None for any other."""
    if isinstance(hint, NewType) and hint.__name__ in IDS:
        return {"$ref": REF.format(name=hint.__name__)}
    if hint is Any:
        return {"$ref": REF.format(name="Data")}
    inner = [_typed(part) for part in get_args(hint)]
    if not any(inner):
        return None
    if get_origin(hint) is list:
        return {"type": "array", "items": inner[0] or {}}
    if get_origin(hint) is dict:
        return {"type": "object", "additionalProperties": inner[1] or {}}
    return {"anyOf": [part or {"type": "null"} for part in inner]}


def _field_texts(kind: type) -> Iterator[tuple[str, str]]:
    """The strings below the fields of a class and its bases."""
    for base_kind in reversed(kind.__mro__[:-1]):
        if base_kind.__module__.startswith("tutor."):
            yield from _texts_in(ast.parse(inspect.getsource(base_kind)).body[0])


def _texts_in(tree: ast.stmt) -> Iterator[tuple[str, str]]:
    assert isinstance(tree, ast.ClassDef)
    for field, below in pairwise(tree.body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)


def _data_text() -> str:
    body = ast.parse(inspect.getsource(base)).body
    for statement, below in pairwise(body):
        match statement, below:
            case ast.Assign(targets=[ast.Name(id="Data")]), ast.Expr(value=ast.Constant(value=str(text))):
                return inspect.cleandoc(text).partition(" (`Any`")[0]
    raise AssertionError("tutor/records/base.py says nothing of Data")


if __name__ == "__main__":
    main()
