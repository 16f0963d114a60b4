"""Edits that put another node in the place of one, told by the two of them."""

from __future__ import annotations

from .alert_sinks import changed_provider
from .edit_nodes import ADDRESSES, NodeEdits
from .edit_said import ALSO, stems, told
from .phrase import Phrase
from .scene import Made
from .sinks import take_sink

_BECOMES = (
    r"(?:(?:should|shall|must|has to|needs to|is to|will|now|please|rather|better|instead) )*"
    r"(?:to|->|as|becomes?|be|turns? into|goes to)(?: (?:an?|the|now))*"
)
_INSTEAD = r"instead of|rather than|in place of"
_GENERIC = ("alert", "alerts", "table", "mail", "email", "topic", "output", "sink", "message")
_PROVIDER = "provider"


class Replacements(NodeEdits):
    """Reads clauses that name what is there and what is to be there."""

    def _becomes(self, phrase: Phrase) -> bool:
        """`Ops to Teams`, `Kept as parquet files in /Volumes/a/b`: a sink of another kind."""
        lead = phrase.at("make|turn|change|switch|set|let")
        node, end = self.references.named(phrase, lead.end if lead else 0)
        by = phrase.at(_BECOMES, end) if len(node) == 1 else None
        if by is None or by.end >= len(phrase) or phrase.has(ALSO):
            return False
        if self.flow.category(node[0]) != "sink" or self._is_generic(phrase, node[0], end):
            return False
        first = phrase.tokens[by.end]._replace(kind="word", norm="to", text="to")
        said = Phrase((first, *phrase.tokens[by.end :]), set(phrase.used))
        sink = take_sink(self._reader(node[0]).scene, said, True)
        if sink is None or sink[1].without(sink[1].find("instead")).content():
            return False
        phrase.use()
        if sink[0].type != self.flow.types[node[0]]:
            self._replace(node[0], sink[0])
            return True
        return self.values.update(node[0], self._other(node[0], sink[0]))

    def _is_generic(self, phrase: Phrase, node: str, end: int) -> bool:
        """Whether a word may mean any sink, and is not written as a title is: `Mail to Slack`."""
        said = phrase.part(0, end)
        titled = said.said() == self.flow.title(node) and said.said()[:1].isupper()
        return said.text in _GENERIC and not titled

    def _other(self, node: str, made: Made) -> dict[str, object]:
        """Of a sink of the same type what says where it leads."""
        provider = made.config.get(_PROVIDER)
        if provider is None or provider == self.values.config(node).get(_PROVIDER):
            return {k: v for k, v in made.config.items() if k in ADDRESSES}
        told_of = {k: v for k, v in made.config.items() if v is not None and k != "message"}
        return {**changed_provider(self._reader(node).scene, str(provider)), **told_of}

    def _in_place_of(self, phrase: Phrase) -> bool:
        """`alert when amount is over 1000 instead of counting declines`: another transform."""
        over = phrase.find(_INSTEAD)
        node, end = self.references.named(phrase, over.end) if over else ([], 0)
        if over is None or not over.start or len(node) != 1:
            return False
        if self.flow.category(node[0]) not in ("transform", "pattern"):
            return False
        config = self.values.config(node[0])
        about = self.values.columns_into(node[0]).about
        known = stems(f"{config} {' '.join(about)} {self.flow.title(node[0])}")
        if not told(phrase.part(end), known) or phrase.part(end).has(r"#\w+"):
            return False
        made = self._described(node[0], phrase.part(0, over.start))
        if made is None or made.type == self.flow.types[node[0]]:
            return False
        phrase.use()
        self._replace(node[0], made)
        return True
