"""Sinks in the order in which a text names them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .scene import Made

_FIELDS = ("to", "url", "table", "topic", "path", "provider", "stream")


def in_order(sinks: Sequence[Made], said: str) -> list[Made]:
    """The sinks as a text names them; those that it does not name stay behind the one before."""
    text, last = said.lower(), -1
    places: list[tuple[int, int]] = []
    for number, made in enumerate(sinks):
        found = [at for name in _names(made) if (at := _place(text, name)) >= 0]
        last = max(found, default=last)
        places.append((last, number))
    return [sinks[number] for _, number in sorted(places)]


def _place(text: str, name: str) -> int:
    """Where a name stands last as a word of its own, or else within another; -1 for nowhere."""
    whole = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
    places = [found.start() for found in whole.finditer(text)]
    return places[-1] if places else text.rfind(name)


def _names(made: Made) -> Iterator[str]:
    """The names by which a text may call a sink, in lower case."""
    for field in _FIELDS:
        value = made.config.get(field)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str) and item:
                yield item.lower()
