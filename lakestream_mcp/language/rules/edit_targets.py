"""Edits of where rows come from and go to: another topic, another table, another channel."""

from __future__ import annotations

from typing import Any

from .edit_moves import Moves
from .edit_nodes import ADDRESSES
from .phrase import Phrase
from .scene import Made
from .sinks import take_sink
from .sources import take_source

_ALSO = r"also|too|as well|additionally|in addition|another|second|both"
_INSTEAD = (
    r"instead|from now on|now|should (?:now )?(?:go|be written|be sent|be stored|land|end up|read)|"
    r"no longer|rather|other than"
)
_SOURCE = (
    r"(?:(?:please|and|now|we|it|should|the|source|input|events|data|rows|come|comes|are|is) )*"
    r"(?:read|consume|ingest|take|source|reads|from|listen|subscribe)"
)
_CALLED = (
    r"(?:the )?(?:(?:source|input|kafka) )?(?P<what>topic|table|stream)(?: name)? "
    r"(?:is|should be|must be)(?: (?:now|called|named))*"
)
_SERVERS = ("bootstrap_servers", "broker_url")


class Targets(Moves):
    """Reads clauses that give a source or a sink another address."""

    def _retargeted(self, phrase: Phrase) -> bool:
        """`the alerts should go to main.x.y`, `read from topic payments2`."""
        if phrase.has(_ALSO) or phrase.has("#num|#dur|#pct"):
            return False
        called = phrase.at(_CALLED)
        if called is not None:
            lead = phrase.tokens[0]._replace(kind="word", norm="from", text="from")
            rest = Phrase((lead, *called.groups["what"], *phrase.tokens[called.end :]), phrase.used)
            return self._source(phrase, rest)
        if phrase.at(_SOURCE):
            return self._source(phrase, phrase)
        return phrase.has(_INSTEAD) and self._sink(phrase)

    def _source(self, phrase: Phrase, said: Phrase) -> bool:
        sources = self.flow.of("source")
        if len(sources) != 1:
            return False
        found = take_source(self._reader(sources[0]).scene, said, False)
        if found is None or found[1].content():
            return False
        if found[0].type != self.flow.types[sources[0]]:
            if not phrase.has(_INSTEAD):
                return False
            self._replace(sources[0], self._same_columns(found[0], sources[0]))
            phrase.use()
            return True
        return self._readdressed(phrase, sources[0], found[0])

    def _sink(self, phrase: Phrase) -> bool:
        sinks = self.flow.of("sink")
        quiet = Phrase(phrase.tokens, set(phrase.used))
        scene = self._reader(sinks[0]).scene if sinks else None
        found = take_sink(scene, quiet, True) if scene else None
        if found is None:
            return False
        alike = [n for n in sinks if self.flow.types[n] == found[0].type]
        if len(alike) == 1:
            return self._readdressed(phrase, alike[0], found[0])
        if len(sinks) != 1:
            return False
        phrase.use()
        self._replace(sinks[0], found[0])
        return True

    def _readdressed(self, phrase: Phrase, node: str, made: Made) -> bool:
        """The fields of an address that were said."""
        config: dict[str, Any] = {k: v for k, v in made.config.items() if k in ADDRESSES}
        if any(t.kind in ("host", "url") for t in phrase.tokens):
            config |= {k: v for k, v in made.config.items() if k in _SERVERS}
        changed = {k: v for k, v in config.items() if self.values.config(node).get(k) != v}
        if not changed:
            return False
        phrase.use()
        return self.values.update(node, changed)
