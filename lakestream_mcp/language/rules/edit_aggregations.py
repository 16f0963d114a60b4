"""Edits of what a window computes: one function more, another one, one less."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .edit_kind import EditKind
from .edit_said import ALSO, NEW_NODE, OLD, Mention, is_plain, mentions, outside
from .measures import FUNCTIONS, Measure, aggregates
from .names import singular
from .phrase import Phrase
from .windows import aggregations

if TYPE_CHECKING:
    pass

_FUNCTION = "|".join(FUNCTIONS) + "|distinct|unique"
_BESIDE = r"in addition to|besides|next to|on top of|along with|together with|as well as"
_LESS = r"remove|drop|delete|no longer|without|stop|do not|any ?more|leave out|not needed"
_BECOMES = r"(?:becomes?|should become|should be|->|turns? into)"
_ANY = ("cou", "fir", "las", "min", "max")
"""How the names of functions begin that are of columns of any kind."""
_MORE = rf"{ALSO}|add|include|and also|extend"


class AggregationEdits(EditKind):
    """Reads clauses about the functions of a window."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self._computed,)

    def _computed(self, phrase: Phrase) -> bool:
        """`the average too`, `in addition to the sum the average`, `min and max, not the sum`."""
        nodes = [n for n in self.values.flow.types if self.values.config(n).get("aggregations")]
        if len(nodes) != 1 or phrase.has(r"#\w+") or phrase.at(rf"{NEW_NODE}(?! (?:{_FUNCTION}))"):
            return False
        node = nodes[0]
        found = [m for m in mentions(phrase, self.values.references) if m.nodes == nodes]
        rest = outside(phrase, [m for m in found if _is_title(phrase, m)])
        new, old = self._parts(rest)
        wanted, gone = self._functions(new, node), self._functions(old, node)
        current = list(self.values.config(node)["aggregations"])
        known = all(_among(w, current) for w in wanted) and not rest.has(f"{_LESS}|{OLD}")
        if not wanted or known or not self._told(rest, node):
            return False
        over = rest.find(OLD) is not None or (bool(gone) and rest.has(f"{_LESS}|{_BECOMES}"))
        if rest.has(_LESS) and not over:
            made = [a for a in current if not _among(a, wanted)]
        elif self._extended(node) and not over:
            made = [*current, *(w for w in wanted if not _among(w, current))]
        elif (over and gone) or (over or not rest.has(rf"{_MORE}|{_BESIDE}")):
            kept = [a for a in current if gone and not _among(a, gone)]
            made = [*kept, *wanted]
        else:
            made = [*current, *(w for w in wanted if not _among(w, current))]
        if not made or made == current or (not rest.has(_LESS) and _same(made, current)):
            return False
        phrase.use()
        return self.values.update(node, {"aggregations": made})

    def _extended(self, node: str) -> bool:
        """Whether what a window computes was changed before: `the max of total and a count`."""
        return any(
            change.op == "update_node"
            and change.id == node
            and "aggregations" in (change.config or {})
            for change in self.values.flow.changes
        )

    def _parts(self, phrase: Phrase) -> tuple[Phrase, Phrase]:
        """What is wanted, and what is there already or no longer to be."""
        turned = phrase.find(r"(?:replace|swap|change|switch|turn) .*? (?:by|with|to|for|into)")
        turned = turned or phrase.at(rf"(?:the )?(?:{_FUNCTION})(?: of \w+)? {_BECOMES}")
        if turned is not None and phrase.part(turned.start, turned.end).has(_FUNCTION):
            return phrase.part(turned.end), phrase.part(turned.start, turned.end)
        gone = phrase.at(rf"(?:please )?(?:{_LESS})(?: the)?")
        turn = phrase.find(r"and|but|,", gone.end) if gone else None
        if turn is not None and phrase.part(turn.end).has(_FUNCTION):
            return phrase.part(turn.end), phrase.part(0, turn.start)
        cut = phrase.find(rf"{OLD}|{_BESIDE}")
        if cut is None:
            return phrase, phrase.part(0, 0)
        before, after = phrase.part(0, cut.start), phrase.part(cut.end)
        if before.has(_FUNCTION):
            return before, after
        turn = after.find(
            r",|but|i want|we want|give|add|use|also|compute|show|the (?=average|max|min)"
        )
        if turn is None or not turn.start:
            return after, before
        return after.part(turn.start), after.part(0, turn.start)

    def _functions(self, phrase: Phrase, node: str) -> list[dict[str, Any]]:
        """The functions that a phrase names, of the column that is there where none is said."""
        start = phrase.find(_FUNCTION)
        if start is None:
            return []
        scene = self.values.scene(node)
        wanted, _ = aggregates(phrase, start.start, scene.columns)
        told = [FUNCTIONS.get(t.norm, "") for t in phrase.tokens[start.start :]]
        bare = [f for f in told if f in ("max", "min") and f not in {m.function for m in wanted}]
        wanted += [Measure(f, ()) for f in bare]
        columns = {a.get("column") for a in self.values.config(node)["aggregations"]} - {None}
        only = next(iter(columns)) if len(columns) == 1 else None
        named = [
            m._replace(column=(only,))
            if only and m.function != "count" and not _sums(scene.columns, m)
            else m
            for m in wanted
        ]
        return aggregations(scene, named)

    def _told(self, phrase: Phrase, node: str) -> bool:
        """Whether all words are functions, columns, what rows are, or only talk."""
        columns = self.values.columns_into(node)
        return all(
            t.kind != "word"
            or is_plain(t.norm)
            or t.norm in FUNCTIONS
            or t.norm
            in (
                "replace",
                "swap",
                "distinct",
                "unique",
                "compute",
                "computed",
                "calculate",
                "window",
            )
            or singular(t.norm) in columns.about
            or columns.named([t.norm])
            or Phrase([t]).has(rf"{_LESS}|{_MORE}")
            for t in phrase.tokens
        )


def _sums(columns: Any, measure: Measure) -> bool:
    """Whether a function has a column of its own; no average is that of an `order_id`."""
    named = columns.named(list(measure.column)) if measure.column else None
    return bool(named and (named.name in columns.numeric() or measure.function[:3] in _ANY))


def _same(made: list[dict[str, Any]], current: list[dict[str, Any]]) -> bool:
    return len(made) == len(current) and all(_among(item, current) for item in made)


def _is_title(phrase: Phrase, mention: Mention) -> bool:
    """Whether a node is named, and no function that is called alike."""
    token = phrase.tokens[mention.start]
    return token.text[:1].isupper() or not phrase.part(mention.start, mention.end).has(_FUNCTION)


def _among(item: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    """Whether one of some aggregations is the same function of the same column."""
    return any(
        (o["function"], o.get("column")) == (item["function"], item.get("column")) for o in others
    )
