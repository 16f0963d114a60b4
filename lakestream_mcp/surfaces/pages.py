"""The page of an error or finding code: one section of `docs/errors.md`."""

from __future__ import annotations

import re

from ..errors import NotFound, nearest
from .host import texts

HEADING = re.compile(r"^## `([A-Z0-9_]+)`$", re.MULTILINE)


def pages() -> dict[str, str]:
    """Each code with the text under its heading."""
    _, *pieces = HEADING.split((texts("docs") / "errors.md").read_text("utf-8"))
    return dict(zip(pieces[::2], (text.strip() for text in pieces[1::2]), strict=True))


def page(code: str) -> str:
    """What a code means and what to do. Raises NotFound with the nearest code."""
    known = pages()
    if code.upper() in known:
        return f"{code.upper()}\n\n{known[code.upper()]}"
    near = nearest(code, known)
    raise NotFound(
        "There is no such code.",
        got=code[:60],
        expected=None if near else sorted(known),
        hint=f"Did you mean {near}?" if near else None,
    )
