"""Several things to be found in one text, each with where it goes: a branch for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..rules.attempts import attempt
from ..rules.detect import pattern
from ..rules.phrase import Phrase
from ..rules.scene import UNSURE, Made, Scene, text
from .atoms import Atoms
from .places import Places, cut_places

_MARKS = (
    r"\( (?:[a-e]|i{1,3}|#num) \)|(?<=; )[a-e] (?:\.|\)|:)|"
    r"(?:first|second|third|one|two)(?:ly)?(?= (?:,|:))|"
    r"(?:branch|path|part|flow|rule|case|pattern) (?:[a-e]|#num|#str|one|two|three) ?(?:,|:|-)|;|\."
)
_TELLS = r"#(?:num|dur|times|dist|pct|factor)"


class Branch(NamedTuple):
    """What is done, and where its rows go."""

    steps: list[Made]
    sinks: list[Made]


def read_branches(
    scene: Scene, phrase: Phrase, given: bool, read: Callable[[Scene, Places], list[Made] | None]
) -> tuple[list[Made], list[Branch]] | None:
    """The sources and the branches of a text; None where it has not several of its own."""
    sources: list[Made] = []
    made: list[Branch] = []
    for part in phrase.split(_MARKS):
        places = cut_places(scene, part, given or bool(sources))
        if places is None:
            return None
        sources += places.sources
        if not places.sinks:
            atoms = Atoms(scene, places.rest)
            if made or atoms.conditions or atoms.bare().has(_TELLS):
                return None
            continue
        whole = places.rest.has("all|every|everything") and not Atoms(scene, places.rest).conditions
        nodes = [] if whole else read(scene, places) or _told(scene, places.rest)
        if nodes is None or not (nodes or whole):
            return None
        made.append(Branch(nodes, places.sinks))
    return (sources, made) if len(made) > 1 else None


def _told(scene: Scene, rest: Phrase) -> list[Made] | None:
    """The filter of a branch that only compares, else its pattern by its words."""
    atoms = Atoms(scene, rest)
    if len(atoms.conditions) == 1 and not atoms.bare().has(f"{_TELLS}|then|followed"):
        rest.use()
        return [Made("filter", {"condition": text(atoms.conditions[0].tree)}, "Filter")]
    return _by_words(scene, rest)


def _by_words(scene: Scene, rest: Phrase) -> list[Made] | None:
    """The pattern of a branch as its words tell it: `orders paid but not shipped in 2 days`."""
    asked = dict(scene.talk.questions)
    made = attempt(scene, rest, pattern)
    if made is None or made is UNSURE or scene.talk.questions != asked:
        scene.talk.questions = asked
        return None
    return [made]
