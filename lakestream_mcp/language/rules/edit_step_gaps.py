"""Edits of a sequence told by its steps: what may not come between two, and which are enough."""

from __future__ import annotations

from collections.abc import Callable

from .edit_sequence import StepEdits, step_named
from .phrase import Phrase

_BE = (
    r"(?:(?:there|must|should|shall|may|can|could|has to|have to|is|are|be|come|comes|happen|"
    r"happens|occur|occurs|,) )*"
)
_NO = r"(?:no|not any|not an?|without an?|without|never an?)"
_BETWEEN = r"(?:in )?between (?:the )?(?P<a>\S+(?: \S+)?) and (?:the )?(?P<b>\S+(?: \S+)?)"
_FIRST = rf"{_BETWEEN} {_BE}{_NO} (?P<what>(?:\S+ ?){{1,6}})$"
_LAST = rf"{_BE}{_NO} (?P<what>(?:\S+ ){{1,6}}?){_BE}{_BETWEEN}$"
_ENOUGH = (
    r"(?:(?:just|only|the|a|an|,) )*(?P<steps>(?:\S+ ){1,12}?)(?:alone )?"
    r"(?:is|are|will be|would be) (?:quite |already |good )?(?:enough|sufficient|fine|all)"
    r"(?: (?:for|to) (?:me|us|now|them|alert))?$"
)
_NEXT = r"then|followed by|and then|, then|->|and|,"


class StepGaps(StepEdits):
    """Reads clauses about what lies between two steps."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self._gap, self._enough)

    def _gap(self, phrase: Phrase) -> bool:
        """`between success and password there must be no logout`."""
        node = self.values.sequence()
        found = phrase.at(_FIRST) or phrase.at(_LAST)
        if node is None or found is None:
            return False
        steps = self.values.config(node)["steps"]
        said = found.groups
        pair = [step_named(steps, Phrase(said[name], phrase.used)) for name in ("a", "b")]
        where = self._where(node, Phrase(said["what"], phrase.used))
        first, last = pair
        if where is None or first is None or last is None or last != first + 1:
            return False
        taken = {s["name"] for s in steps}
        name = where[1] if where[1] not in taken else f"{where[1]}_{len(steps) + 1}"
        step = {"name": name, "where": where[0], "negated": True}
        phrase.use()
        return self.values.update(node, {"steps": [*steps[:last], step, *steps[last:]]})

    def _enough(self, phrase: Phrase) -> bool:
        """`failed then success is enough for me`: these steps, and no others."""
        node, found = self.values.sequence(), phrase.at(_ENOUGH)
        if node is None or found is None or phrase.has(r"#\w+"):
            return False
        steps = self.values.config(node)["steps"]
        parts = Phrase(found.groups["steps"], set()).split(_NEXT)
        named = [step_named(steps, part) for part in parts]
        places = [place for place in named if place is not None]
        if not places or len(places) != len(named) or places != sorted(set(places)):
            return False
        phrase.use()
        if len(places) == len(steps):
            return True
        return self.values.update(node, {"steps": [steps[place] for place in places]})
