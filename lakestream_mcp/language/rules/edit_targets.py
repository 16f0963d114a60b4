"""Edits of where rows come from and go to: another topic, another table, another channel."""

from __future__ import annotations

from typing import Any

from ...graph.changes import RemoveNode
from .edit_moves import Moves
from .edit_nodes import ADDRESSES, SERVERS
from .names import singular
from .phrase import Phrase
from .places import name_after
from .scene import Made
from .sinks import take_sink
from .sources import take_source

_ALSO = r"also|too|as well|additionally|in addition|another|second|both"
_INSTEAD = (
    r"move|instead|from now on|now|"
    r"should (?:now )?(?:go|be written|be sent|be stored|land|end up|read)|"
    r"no longer|rather|other than"
)
_RENAME = r"(?:please )?(?:rename|call)(?: the)?"
_IS = r"(?:(?:is|should|must|be|becomes|to|as|:|=|->|now|called|named|from|at|on|goes|go) ?)+"
_ADDRESSED = (
    r"(?P<what>topics?|table|stream|brokers?|server|path|folder|url)?(?: name)? ?"
    rf"{_IS}(?P<v>#secret|#name|#path|#url|#host|[a-z][\w-]*_[\w-]*)"
    r"(?: (?:now|instead|please|from now on))*$"
)
_FIELDS_OF = {
    "#name": ("table", "topic", "topics"),
    "#path": ("path",),
    "#secret": ("webhook_url", "routing_key", "token", "url"),
    "#url": ("url", "broker_url"),
    "#host": ("bootstrap_servers", "broker_url"),
    "topic": ("topics", "topic"),
    "topics": ("topics", "topic"),
    "table": ("table",),
    "stream": ("streams", "topics"),
    "broker": ("bootstrap_servers", "broker_url"),
    "brokers": ("bootstrap_servers",),
    "server": ("bootstrap_servers", "broker_url"),
    "path": ("path",),
    "folder": ("path",),
    "url": ("url", "broker_url"),
}
_SOURCE = (
    r"(?:(?:please|and|now|we|it|should|the|source|input|events|data|rows|come|comes|are|is) )*"
    r"(?:read|consume|ingest|take|source|reads|from|listen|subscribe)"
)
_CALLED = (
    r"(?:the )?(?:(?:source|input|kafka) )?(?P<what>topic|table|stream)(?: name)? "
    r"(?:is|should be|must be)(?: (?:now|called|named))*"
)
_MOVED = (
    r"(?:now )?(?:(?:and|it|now) )*(?:lives?|sits?|runs?|moved|resides?|found)(?= (?:on|at|in))|now"
)
_FROM = (
    r"(?:now |from now on )?(?:(?:should|must|will|are|is|to) )*(?:now )?"
    r"(?:come|comes|read|arrive|arrives|taken|be read|be taken|flow|flows)(?: now)? (?:from|in|"
    r"on|over)"
)
_UNWANTED = r"(?:(?:i|we|please) )*(?:no longer|do not|never|stop)"
_OVER = r"(?:, )?(?:instead of|rather than|in place of|not)(?: (?:from|the|a))*(?: \w+){1,2}$"
_NOW = r"(?:, )?(?:instead|from now on|now)$"
_PLACE = (
    r"(?:(?:the|a|our|new|kafka|delta|kinesis|called|named) )*(?:topic|stream|table|queue|hub|"
    r"folder|"
    r"path|files?)(?: (?:is|called|named|now))*"
)


class Targets(Moves):
    """Reads clauses that give a source or a sink another address."""

    def _addressed(self, phrase: Phrase) -> bool:
        """`vpn topic is security.vpn2`, `rename the table to main.a.b`: the address of a node."""
        lead = phrase.at(_RENAME)
        node, end = self.references.named(phrase, lead.end if lead else 0)
        said = phrase.at(_ADDRESSED, end) if len(node) == 1 else None
        if said is None or (lead and phrase.part(said.end - 1).text != "#name"):
            return False
        config, value = self.values.config(node[0]), said.groups["v"][0]
        what = said.groups["what"][0].norm if "what" in said.groups else value.norm
        field = next((f for f in _FIELDS_OF.get(what, ()) if f in config), None)
        if field is None or self.flow.category(node[0]) not in ("source", "sink"):
            return False
        address = str(value.value) if value.value is not None else value.text
        phrase.use()
        held = [address] if isinstance(config[field], list) else address
        return self.values.update(node[0], {field: held})

    def _retargeted(self, phrase: Phrase) -> bool:
        """`the alerts should go to main.x.y`, `read from topic payments2`."""
        if phrase.has(f"{_ALSO}|#num|#dur|#pct|rest|others|remaining"):
            return False
        called = phrase.at(_CALLED)
        if called is not None:
            lead = phrase.tokens[0]._replace(kind="word", norm="from", text="from")
            rest = Phrase((lead, *called.groups["what"], *phrase.tokens[called.end :]), phrase.used)
            return self._source(phrase, rest.without(rest.find(_MOVED)))
        if (come := phrase.find(_FROM)) and self._is_source(phrase.part(0, come.start)):
            return self._source(phrase, phrase.part(come.end - 1))
        if phrase.at(_SOURCE):
            said = phrase.without(phrase.find(_NOW))
            return self._source(phrase, said.without(said.find(_OVER)))
        return phrase.has(_INSTEAD) and not self._sink_gone() and self._sink(phrase)

    def _sink_gone(self) -> bool:
        """Whether a sink was just removed: what comes instead is in its place."""
        stored = {n.id: n.type for n in self.request.document.nodes}
        gone = [c.id for c in self.flow.changes if isinstance(c, RemoveNode)]
        kinds = [self.flow.catalog.get(stored[n]).category for n in gone if n in stored]
        return "sink" in kinds

    def _source(self, phrase: Phrase, said: Phrase) -> bool:
        sources = self.flow.of("source")
        if len(sources) != 1:
            return False
        quiet = Phrase(said.tokens, set(said.used))
        found = take_source(self._reader(sources[0]).scene, quiet, False)
        if found is None or found[1].content():
            return self._renamed_place(phrase, said, sources[0])
        if found[0].type != self.flow.types[sources[0]]:
            if not phrase.has(_INSTEAD):
                return False
            self._replace(sources[0], self._same_columns(found[0], sources[0]))
            phrase.use()
            return True
        return self._readdressed(phrase, sources[0], found[0])

    def _is_source(self, phrase: Phrase) -> bool:
        """Whether words mean the source, or what comes from it."""
        sources = self.flow.of("source")
        named = self.references.named(phrase)[0]
        about = self.values.columns_into(sources[0]).about if sources else set()
        said = {singular(t.norm) for t in phrase.content()}
        return named == sources[:1] or said <= about | {"data", "event", "row", "input", "source"}

    def _renamed_place(self, phrase: Phrase, said: Phrase, node: str) -> bool:
        """`from the stream logins_v2`: the field of an address that the source has."""
        place = said.find(_PLACE)
        named = name_after(said, place.end) if place else None
        config = self.values.config(node)
        field = next((f for f in ADDRESSES if f in config), None)
        if named is None or field is None or said.part(named[1]).content():
            return False
        phrase.use()
        value = [named[0]] if isinstance(config[field], list) else named[0]
        return self.values.update(node, {field: value})

    def _sink(self, phrase: Phrase) -> bool:
        if phrase.at(_UNWANTED):
            return False
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
            config |= {k: v for k, v in made.config.items() if k in SERVERS}
        changed = {k: v for k, v in config.items() if self.values.config(node).get(k) != v}
        if not changed:
            return False
        phrase.use()
        return self.values.update(node, changed)
