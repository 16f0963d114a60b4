"""Edits of how long rows are remembered, so that their repetitions are known."""

from __future__ import annotations

from collections.abc import Callable

from .edit_kind import EditKind
from .edit_said import mentions
from .measure_words import duration_of
from .phrase import Phrase

_REPEATED = (
    r"repeated|repeats?|repetitions?|duplicates?|duplicated|doubles|dupes?|copies|twice|again|"
    r"a second time|second copies"
)
_KEPT = r"remember\w*|in mind|keep track|look\w* back|memory|memori\w+|know them|recogni\w+|forget"
_COMES = (
    r"(?:may|can|might|could|do|will|sometimes|often|usually)?(?: \w+)? ?(?:come|comes|arrive|"
    r"arrives|show up|turn up|appear|appears|occur|happen|are sent|be)(?: \S+){0,3}? (?:up to|"
    r"within|"
    r"as late as|as much as|even|after|until|for|over|#dur)"
)
_SO = r"(?:that|so|this|as) (?:long|far|much|late)(?: as that)?"


_MORE = (
    r"(?:and|,|then|also) (?:\w+ )?(?:remove|add|send|write|set|make|change|drop|delete|raise|"
    r"lower|"
    r"insert|mail|post|use|call|rename|merge|replace|let)"
)
"""What else is asked for beside it."""


class MemoryEdits(EditKind):
    """Reads clauses about how late a repetition may come."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self.open,)

    def open(self, phrase: Phrase) -> bool:
        """`repeated orders can come two days later, so remember them that long`."""
        nodes = [n for n, kind in self.flow.types.items() if kind == "deduplicate"]
        times = [t for t in phrase.tokens if t.norm == "#dur"]
        if len(nodes) != 1 or phrase.has(rf"#(?!dur)\w+|watermark|{_MORE}"):
            return False
        named = {n for m in mentions(phrase, self.values.references) for n in m.nodes}
        if named - {*nodes, *self.flow.of("source")}:
            return False
        told = phrase.has(_KEPT)
        if not times and phrase.has(_SO) and told and self.values.references.last == nodes[0]:
            phrase.use()
            return True
        if len(times) != 1 or not (phrase.has(_REPEATED) and (told or phrase.has(_COMES))):
            return False
        phrase.use()
        return self.values.update(nodes[0], {"within": duration_of(times[0])})
