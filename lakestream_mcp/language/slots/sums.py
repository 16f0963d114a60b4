"""Sums and averages over windows of time, and those that are held against a limit."""

from __future__ import annotations

from ..rules.aggregated import aggregated
from ..rules.attempts import attempt
from ..rules.measures import FUNCTIONS
from ..rules.phrase import Phrase
from ..rules.rates import velocity
from ..rules.scene import UNSURE, Made, Scene
from ..rules.windows import windowed
from .atoms import Atoms, Condition
from .counts import alone

_NEAR = 3


def read_sums(atoms: Atoms) -> list[Made] | None:
    """A window and the rows that it sums up; a limit of its sums is none of single rows."""
    if not any(_is_of_sum(atoms, condition) for condition in atoms.conditions):
        return alone(windowed)(atoms)
    scene = atoms.scene
    made = attempt(scene, atoms.phrase, aggregated) or attempt(scene, atoms.phrase, _summed)
    return None if not made or UNSURE in made or scene.talk.questions else list(made)


def _summed(scene: Scene, phrase: Phrase) -> tuple[Made, ...] | None:
    made = velocity(scene, phrase)
    return None if made is None or made is UNSURE else (made,)


def _is_of_sum(atoms: Atoms, condition: Condition) -> bool:
    """Whether a comparison is of a sum: of `total bytes`, or of no column that it names."""
    phrase = atoms.phrase
    before = {t.norm for t in phrase.tokens[max(0, condition.start - _NEAR) : condition.start]}
    names = {name.lower() for name in atoms.scene.columns.types}
    named = names & {t.norm for t in phrase.tokens[condition.start : condition.end]}
    return bool(before & {*FUNCTIONS}) or not named
