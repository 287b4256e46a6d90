"""What a value looks like when a cell ends with it: its text, and HTML or a picture where it has them, as in Jupyter."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from tutor.kernel.encodable import text_of


@dataclass(frozen=True, slots=True)
class Shown:
    """A displayed value. `png` is base64."""

    text: str
    html: str | None = None
    png: str | None = None


def shown(value: object) -> Shown:
    """Raises what the value's own `__repr__` raises."""
    from IPython.lib.pretty import pretty

    text: str = cast("Callable[[object], str]", pretty)(value)
    bundle = _own_form(value, "_repr_mimebundle_")
    if isinstance(bundle, tuple):
        bundle = bundle[0]
    if isinstance(bundle, Mapping):
        return from_bundle({"text/plain": text, **bundle})
    return from_bundle(
        {
            "text/plain": text,
            "text/html": _own_form(value, "_repr_html_"),
            "image/png": _own_form(value, "_repr_png_"),
        }
    )


def from_bundle(bundle: Mapping[str, object]) -> Shown:
    """From a bundle as Jupyter's display protocol has it: MIME types to contents."""
    html, png = bundle.get("text/html"), bundle.get("image/png")
    if isinstance(png, bytes):
        png = base64.b64encode(png).decode()
    return Shown(
        str(bundle.get("text/plain", "")),
        html if isinstance(html, str) else None,
        png if isinstance(png, str) else None,
    )


def _own_form(value: object, method: str) -> object:
    """What the class's own display method answers; one that raises is told and left out, as in Jupyter.

    Classes themselves, and mocks that answer to any name, have none.
    """
    if isinstance(value, type) or not hasattr(type(value), method):
        return None
    try:
        return getattr(value, method)()
    except Exception as error:
        sys.stderr.write(f"{type(value).__name__}.{method}: {type(error).__name__}: {text_of(error)}\n")
        return None
