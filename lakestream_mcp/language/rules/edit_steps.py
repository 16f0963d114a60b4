"""Edits of a sequence's steps, and of the values that a filter lets through."""

from __future__ import annotations

from typing import Any

from .edit_literals import CONDITIONS
from .edit_restated import Restated
from .names import parts_of
from .phrase import Phrase
from .scene import Scene, text
from .words import ORDINALS

_LEAD = r"(?:(?:please|also|and|then|we|should|can you) )*"
_REMOVE = (
    rf"{_LEAD}(?:remove|delete|drop|skip|leave out|get rid of|take out|without|scrap|ditch|lose|"
    r"cut(?: out)?|omit|eliminate|kick out|throw out|forget(?: about)?)(?: the| a)*"
)
_GONE = (
    r"(?:is|are) (?:not|no longer) (?:needed|necessary|required|wanted)|(?:is|are) gone|"
    r"can go|is superfluous"
)
_ADD = (
    rf"{_LEAD}(?:add|append|insert|require|expect)(?: (?:a|an|another|one|more|the|new|final|last|"
    r"first|third|fourth|next))* (?:step|event|stage)(?: (?:for|of|with|at the end|where|that|is))*"
    r"(?: :)?"
)
_ALSO = (
    rf"{_LEAD}(?:include|allow|accept|count|let through|let|keep|consider|take)(?: in)?"
    r"(?: the| also)*"
)


_SHOULD = r"(?:(?:should|must|shall|may|can|has to|needs to|ought to|is to|will|now|please) )*"
_TOO = r"too|as well|also|in addition|additionally"


class Steps(Restated):
    """Reads clauses about the steps of a sequence."""

    def step_removed(self, phrase: Phrase) -> bool:
        """`drop the password step`, `remove the last step`."""
        found, node = phrase.at(_REMOVE), self.sequence()
        gone = None if found else phrase.find(_GONE)
        if node is None or not (found or gone) or phrase.has(r"#\w+"):
            return False
        steps = self.config(node)["steps"]
        said = phrase.part(found.end) if found else phrase.part(0, gone.start if gone else 0)
        if self.mentioned(said) and not said.has("steps?|stage"):
            return False
        at = self._step_at(steps, said.without(said.find("steps?|stage")))
        if at is None or len(steps) < 3:
            return False
        phrase.use()
        return self.update(node, {"steps": [s for n, s in enumerate(steps) if n != at]})

    def _step_at(self, steps: list[Any], phrase: Phrase) -> int | None:
        """The place of the step that an ordinal or a name means."""
        words = {t.norm for t in phrase.tokens}
        if "last" in words or "final" in words:
            return len(steps) - 1
        for place, ordinal in enumerate(ORDINALS[: len(steps)]):
            if ordinal in words:
                return place
        said = {p for t in phrase.content() for p in parts_of(t.text)}
        named = [n for n, s in enumerate(steps) if said and said <= _said_of(s)]
        return named[0] if len(named) == 1 else None

    def _step_added(self, phrase: Phrase) -> bool:
        """`add a step: logout`, at the end, or as the first."""
        found, node = phrase.at(_ADD), self.sequence()
        if found is None or node is None or not phrase.part(found.end).content():
            return False
        scene = Scene(self.columns_into(node), self.talk, self.request.catalog)
        event = scene.events(tuple(self.config(node).get("key") or ())).read(phrase.part(found.end))
        if event.where is None:
            return False
        steps = self.config(node)["steps"]
        taken = {s["name"] for s in steps}
        step: dict[str, Any] = {
            "name": event.name if event.name not in taken else f"{event.name}_{len(steps) + 1}",
            "where": text(event.where),
        }
        if (event.low, event.high) != (1, 1):
            step |= {"min": event.low, "max": event.high}
        phrase.use()
        first = phrase.part(found.start, found.end).has("first")
        return self.update(node, {"steps": [step, *steps] if first else [*steps, step]})

    def _value_added(self, phrase: Phrase) -> bool:
        """`include refunded orders as well`: one more value that a condition lets through."""
        from sqlglot import exp

        from ...relational.sql import sql

        named, end = self.references.named(phrase)
        found = phrase.at(_ALSO if len(named) != 1 else rf"{_SHOULD}{_ALSO}", end)
        if found is None or not phrase.has(_TOO) or phrase.has(r"#(?!str)\w+"):
            return False
        about = {w for n in self.flow.types for w in self.columns_into(n).about}
        said = phrase.part(found.end).without(phrase.part(found.end).find(_TOO))
        words = [t for t in said.content() if not set(parts_of(t.text)) & about]
        hits = [
            (node, path, tree, equal)
            for node, path, tree in self._trees()
            for equal in tree.find_all(exp.EQ, exp.In)
            if path[-1] in CONDITIONS[:2] and len(path) == 1 and _of_texts(equal)
            if named in ([], [node])
        ]
        if len(hits) != 1:
            return False
        node, path, tree, equal = hits[0]
        words = [t for t in words if t.norm != equal.this.name.lower()]
        if len(words) != 1 or self.columns_into(node).exactly([words[0].norm]):
            return False
        old = equal.expressions if isinstance(equal, exp.In) else [equal.expression]
        value = str(words[0].value) if words[0].kind == "str" else words[0].text
        both = exp.In(this=equal.this, expressions=[*old, exp.Literal.string(value)])
        phrase.use()
        made = both if tree is equal else equal.replace(both).root()
        return self.update(node, {path[0]: sql(made)})


def _said_of(step: dict[str, Any]) -> set[str]:
    return set(parts_of(f"{step.get('name', '')} {step.get('where', '')}"))


def _of_texts(equal: Any) -> bool:
    """Whether a comparison is of a column with texts."""
    from sqlglot import exp

    values = equal.expressions if isinstance(equal, exp.In) else [equal.expression]
    return isinstance(equal.this, exp.Column) and all(
        isinstance(v, exp.Literal) and v.is_string for v in values
    )
