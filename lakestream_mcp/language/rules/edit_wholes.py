"""Edits of filters as wholes: turned into their opposite, or two of them made one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .edit_joined import negated
from .edit_kind import EditKind
from .edit_said import mentions, outside, stems, told
from .phrase import Phrase
from .scene import text

if TYPE_CHECKING:
    from sqlglot import exp

_OPPOSITE = (
    r"(?:(?:be|do|the|is|mean|to|into|keep|let|with|exact|just|turned?|made) )*"
    r"(?:opposite|inverse|reverse|contrary|other way (?:a)?round|inverted|negated|reversed)"
)
_INVERTS = r"(?:please )?(?:invert|negate|reverse|flip)"
_ONE = (
    r"(?:into|in|to|as) (?:#num|a single one|a single|just #num)(?: (?:filter|condition|node))*|"
    r"together|with (?:an? )?(?P<or>or|and)"
)
_COMBINE = r"(?:please )?(?:merge|combine|join|fold|unite|collapse|put)(?: (?:both|the|#num|of))*"
_TALK = "everything anything what whatever all rows is are that this which it row"


class Wholes(EditKind):
    """Reads clauses about what a filter lets through as a whole."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self._inverted, self._combined)

    def _inverted(self, phrase: Phrase) -> bool:
        """`Paid should be the opposite: everything that is not paid`."""
        cue = phrase.find(_OPPOSITE) or phrase.at(_INVERTS)
        found = mentions(phrase, self.values.references)
        named = {n for m in found for n in m.nodes if "condition" in self.values.config(n)}
        if cue is None or len(named) != 1 or phrase.has(r"#\w+|direction"):
            return False
        node = named.pop()
        tree = self._tree(node)
        known = stems(f"{_TALK} {self.flow.title(node)} {text(tree)}")
        if not told(outside(phrase.without(cue), found), known):
            return False
        phrase.use()
        return self.values.update(node, {"condition": text(negated(tree))})

    def _combined(self, phrase: Phrase) -> bool:
        """`merge the two filters into one`, `combine Warm and Humid with or`."""
        lead, one = phrase.at(_COMBINE), phrase.find(_ONE)
        if lead is None or one is None or one.start < lead.end:
            return False
        nodes, end = self.values.references.named(phrase, lead.end)
        joined = phrase.at(r"and|with|,", end) if len(nodes) == 1 else None
        if joined is not None:
            second, end = self.values.references.named(phrase, joined.end)
            nodes = [*nodes, *second]
        if len(nodes) != 2 or any("condition" not in self.values.config(n) for n in nodes):
            return False
        first, last = nodes if (nodes[0], nodes[1]) in self._pairs() else nodes[::-1]
        if (first, last) not in self._pairs() or phrase.without(one).part(end).content():
            return False
        phrase.use()
        return self._joined(first, last, phrase.part(one.start, one.end).has("or"))

    def _joined(self, first: str, last: str, either: bool) -> bool:
        """One filter in the place of two that follow one another."""
        from sqlglot import exp

        join = exp.or_ if either else exp.and_
        made = join(self._tree(first), self._tree(last))
        inputs, outputs = self.flow.inputs(last), self.flow.outputs(last)
        self.flow.forget(last)
        self.flow.bridge(inputs, outputs)
        return self.values.update(first, {"condition": text(made)})

    def _pairs(self) -> set[tuple[str, str]]:
        return {(e[0], e[1]) for e in self.flow.edges}

    def _tree(self, node: str) -> exp.Expr:
        from ...relational.sql import parse_expression

        return parse_expression(self.values.config(node)["condition"], None, aggregates=True)
