"""The first rungs of the ladder, climbed by every generation: it parses, and it is tidy."""

from __future__ import annotations

import json
import subprocess
from functools import lru_cache

from ..errors import EngineFailed

OPTIONS = ("--isolated", "--no-cache", "--line-length=100", "--target-version=py311")
RULES = ("--select=E,F,W,B,C4,UP,PLE", "--ignore=B905,E402,E501,F811,UP015,UP034")
"""Our own configuration, given on the command line so that a user's does not matter.

Cells import what they need (E402, F811); SQL may be long (E501); expressions
bring their own parentheses (UP034).
"""
DEADLINE_S = 60.0
KEPT = 16
"""Texts whose outcome is remembered: a plan and its confirmation make the same code again."""


@lru_cache(maxsize=KEPT)
def formatted(text: str) -> str:
    """The text as the formatter writes it. Raises EngineFailed where it does not parse."""
    done = _ruff("format", text)
    if done.returncode:
        raise EngineFailed("Generated code does not parse.", got=done.stderr[-2000:])
    return done.stdout


@lru_cache(maxsize=KEPT)
def check(text: str) -> None:
    """Compile, lint, and see that formatting changes nothing. Raises EngineFailed."""
    _compiled(text)
    if formatted(text) != text:
        raise EngineFailed("Formatting generated code again changes it.")
    done = _ruff("check", text, *RULES, "--output-format=json")
    authored = authored_lines(text)
    ours = [
        f"{said['location']['row']}: {said['code']} {said['message']}"
        for said in json.loads(done.stdout or "[]")
        if said["location"]["row"] not in authored
    ]
    if ours or done.returncode > 1:
        raise EngineFailed("Generated code is not clean.", got="\n".join(ours)[-2000:])


def _compiled(text: str) -> None:
    """Python takes the text as a module: without a tree of objects, in half the time."""
    try:
        compile(text, "<generated>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise EngineFailed("Generated code does not compile.", got=str(error)[:2000]) from None


def authored_lines(text: str) -> set[int]:
    """The lines that are an author's own, word for word: their style is the author's."""
    found: set[int] = set()
    if "# fmt: on" not in text:
        return found
    start = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() == "# fmt: off":
            start = number
        elif line.strip() == "# fmt: on":
            found |= set(range(start, number))
    return found


def _ruff(command: str, text: str, *more: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [ruff_binary(), command, *OPTIONS, *more, "-"],
            input=text,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=DEADLINE_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineFailed(
            f"Generated code could not be checked: {type(error).__name__}",
            hint="This machine is short of memory or very busy: try again when it has room.",
        ) from error


@lru_cache(maxsize=1)
def ruff_binary() -> str:
    """The formatter that is installed with the product."""
    from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]

    return str(find_ruff_bin())
