"""Readings that are tried, and leave no trace when nothing comes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .phrase import Phrase
from .scene import Scene

T = TypeVar("T")


def attempt(scene: Scene, phrase: Phrase, reader: Callable[[Scene, Phrase], T | None]) -> T | None:
    """Read, and leave no trace when nothing comes of it and nothing is asked."""
    used, talk, columns = set(phrase.used), scene.talk, scene.columns
    assumed, asked = dict(talk.assumptions), dict(talk.questions)
    types, made_columns = dict(columns.types), dict(columns.made)
    made = reader(scene, phrase)
    if made is None:
        phrase.used.clear()
        phrase.used.update(used)
        talk.assumptions, talk.questions = assumed, asked
        columns.types, columns.made = types, made_columns
    return made
