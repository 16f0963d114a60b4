"""Node ids and titles made from what is known, the same way every time."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Container, Iterator

MAX_ID_CHARACTERS = 48
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def slug(text: str) -> str:
    """`Big orders!` as `big_orders`; empty where no letter or digit is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if name and not name[0].isalpha():
        name = f"n_{name}"
    return name[:MAX_ID_CHARACTERS].rstrip("_")


def free_id(wanted: str, taken: Container[str]) -> str:
    """The wanted id, or the first of `wanted_2`, `wanted_3` … that is free."""
    base = wanted or "node"
    candidate, count = base, 1
    while candidate in taken:
        count += 1
        tail = f"_{count}"
        candidate = base[: MAX_ID_CHARACTERS - len(tail)].rstrip("_") + tail
    return candidate


def free_title(wanted: str, taken: Container[str]) -> str:
    """The wanted title, or the first of `Filter 2`, `Filter 3` … that is free."""
    return next(title for title in titles(wanted) if title not in taken)


def titles(wanted: str) -> Iterator[str]:
    """`Filter`, `Filter 2`, `Filter 3` …"""
    yield wanted
    for count in itertools.count(2):
        yield f"{wanted} {count}"


def snake_case(key: str) -> str:
    """`watermarkDelay` as `watermark_delay`, `bootstrap.servers` as `bootstrap_servers`."""
    return re.sub(r"[-. ]", "_", _CAMEL.sub("_", key)).lower()
