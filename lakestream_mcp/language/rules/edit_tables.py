"""Edits of how a table is kept: what it is merged, partitioned or clustered by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .edit_kind import EditKind
from .edit_said import mentions, outside
from .edit_unset import columns_said
from .phrase import Phrase
from .words import word_set

_PARTITIONED = r"partition(?:ed|ing)?(?: \w+){0,3}? (?:by|on|is|columns?)"
_CLUSTERED = r"(?:liquid )?cluster(?:ed|ing)?(?: \w+){0,3}? (?:by|on|is|columns?)"
_MERGED = r"(?:merges?|merged|merging|upserts?|upserted|merge mode)"
_FIELDS = ((_PARTITIONED, "partition_by"), (_CLUSTERED, "cluster_by"), (_MERGED, "merge_keys"))
_WINS = (
    r"(?:(?:\(|,|;|and|with|where|the|then|only) )*(?:(?:row|version|record|entry) "
    r")?(?:(?:with|of|by) )?"
    r"(?:the )?(?:newest|latest|most recent|highest|greatest|youngest) (?P<c>[a-z_]\w*)"
    r"(?: (?:one|value|row|version))? (?:wins?|is kept|is taken|counts|stays|survives|decides|"
    r"is to win|should win|has priority)(?: \))?|"
    r"(?:(?:\(|,|;|and|with) )*(?:sequenced?|ordered|decided)(?: ?_? ?by| on| is| =| :)+ "
    r"(?P<d>[a-z_]\w*)(?: \))?"
)
_MOVED = (
    r"(?:(?:,|;|and|also|is|are|be|to|should|must|then|it|they|the|table) )*(?:moved?|moves|go|"
    r"goes|"
    r"written|write|stored?|put|land|lands|in|into|to|upserts?(?= into))"
    r"(?: (?:it|them|to|into|in|as|the|table|delta))* (?P<t>#name)(?: (?:instead|now|too))*"
)
_WORDS = word_set(
    "partition partitioned partitioning cluster clustered clustering liquid merge merges merged "
    "merging upsert upserts upserted mode key keys table tables delta plus append appending into "
    "column columns instead now"
)


class TableEdits(EditKind):
    """Reads clauses about the rows of a table together."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self._kept,)

    def _kept(self, phrase: Phrase) -> bool:
        """`partition the table by region`, `merge mode with the key user_id`."""
        found = next(((c, f) for c, f in _FIELDS if phrase.has(c)), None)
        whole, told = phrase, dict[str, Any]()
        if found is not None and found[1] == "merge_keys":
            told, phrase = self._told(phrase)
        nodes = [n for n in self.flow.types if self.flow.types[n] == "delta-table-sink"]
        named = [m for m in mentions(phrase, self.values.references) if set(m.nodes) & set(nodes)]
        nodes = [n for n in nodes if any(n in m.nodes for m in named)] or nodes
        if found is None or not nodes or phrase.has(r"#(?!num)\w+"):
            return False
        field = found[1]
        columns = self.values.columns_into(nodes[0])
        said = columns_said(outside(phrase, named), columns, _WORDS)
        if said is None or (not said and field != "merge_keys"):
            return False
        last = self.values.references.last
        nodes = [last] if last in nodes and last and not named else nodes
        if len(nodes) > 1:
            self.values.talk.ask("Which table is meant?", nodes)
            return False
        changed: dict[str, Any] = {field: said} if said else {}
        if field == "merge_keys":
            newer = self.values.config(nodes[0]).get("sequence_by") or self._newer(nodes[0])
            changed |= {"mode": "merge"} | ({"sequence_by": newer} if newer else {}) | told
        other = {"partition_by": "cluster_by", "cluster_by": "partition_by"}.get(field, "")
        if self.values.config(nodes[0]).get(other):
            changed[other] = None
        whole.use()
        return self.values.update(nodes[0], changed)

    def _told(self, phrase: Phrase) -> tuple[dict[str, Any], Phrase]:
        """Which of two rows wins, and where the table is to be; and the rest of the phrase."""
        made: dict[str, Any] = {}
        wins = phrase.find(_WINS)
        column = (wins.token("c") or wins.token("d")) if wins else None
        known = {c.lower(): c for types in self.values.request.columns.values() for c in types}
        if wins is not None and column is not None and column.norm in known:
            made["sequence_by"] = known[column.norm]
            phrase = phrase.without(wins)
        moved = phrase.find(_MOVED)
        if moved is not None:
            made["table"] = str(moved.groups["t"][0].value)
            upserts = moved.tokens[0] if phrase.part(moved.start, moved.end).has(_MERGED) else None
            rest = phrase.without(moved)
            phrase = Phrase((upserts, *rest.tokens), phrase.used) if upserts else rest
        return made, phrase

    def _newer(self, node: str) -> str:
        """The column that says which of two rows is the newer; '' where none does."""
        feeding = [e[0] for e in self.flow.inputs(node)][:1]
        types = self.values.columns_into(node).types
        if "detected_at" in types or not feeding:
            return "detected_at" if feeding else ""
        return self.flow.target_of(feeding[0], types).time
