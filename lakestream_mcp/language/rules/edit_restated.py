"""Edits that say a pattern anew: how many within what time, which way, which column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .counting import threshold_said
from .edit_relative import Relative
from .edit_said import RELATIVE, is_plain, mentions, outside
from .edit_windows import window_told
from .event_kinds import stem
from .fields import places_of, value_of, with_value
from .measure_words import duration_of
from .measures import FUNCTIONS
from .modifiers import take_time
from .names import parts_of, singular
from .numbers import DOWN, FLAT, UP
from .phrase import Phrase
from .words import STOP

_INSTEAD = r"(?:,|and|but)*(?: ?(?:and|but))? ?(?:instead of|rather than|in place of|not|no longer)"
_PLAIN = frozenset(
    [
        "need",
        "require",
        "want",
        "use",
        "expect",
        "fire",
        "trigger",
        "wait",
        "take",
        "instead",
        "window",
        "windows",
        "bucket",
        "buckets",
        "per",
        "them",
        "rule",
        "alarm",
        "required",
        "should",
        "must",
        "already",
        "enough",
        "time",
        "limit",
        "make",
        "set",
    ]
)
_LATER = r"before|prior to|ahead of|until|and then|followed by|then|and|until after"
_TIMES = ("within", "window", "duration", "timeout", "gap", "baseline_window")
_COUNTS = ("threshold", "length", "min_events")


class Restated(Relative):
    """Reads clauses that tell again what a pattern is to look for."""

    def _restated(self, phrase: Phrase) -> bool:
        """`at least 4 declines in ten minutes`, `use 1 hour windows`."""
        if phrase.has("only .*(?:above|over|below|under) #num"):
            return False
        if phrase.has(rf"#name|#path|#mail|#host|late|lateness|watermark|{RELATIVE}"):
            return False
        able = [*self.flow.of("pattern"), *self._windows()]
        named = {n for m in mentions(phrase, self.references) for n in m.nodes}
        other = [n for n in named if n not in able and self.flow.category(n) == "transform"]
        nodes = [n for n in able if n in named] or able
        if len(nodes) != 1 or other:
            return False
        node, quiet = nodes[0], Phrase(phrase.tokens, set(phrase.used))
        over = quiet.find(_INSTEAD)
        time, rest = take_time(quiet.part(0, over.start) if over and over.start else quiet)
        sign, count, rest = threshold_said(rest)
        limit = phrase.has("limit") and "threshold" not in self.config(node)
        alone = (
            rest.find(r"(?:at|to|after|when|from|of|it is)(?: the)? (?P<n>#num)(?! or)")
            if not count and not limit and not self._of_filter(rest)
            else None
        )
        if alone and not alone.groups["n"][0].unit and alone.groups["n"][0].value.denominator == 1:
            count, rest = int(alone.groups["n"][0].value), rest.without(alone)
        rest, changed = turned(rest, self.config(node))
        if not all(self._about(node, t) for t in rest.content()):
            return False
        steps = self.config(node).get("steps")
        sign = sign if quiet.has(_SAID) else ""
        anew: dict[str, Any] = {}
        if steps and count and not time:
            anew = self._step_counted(steps, rest, count, sign)
        anew = anew or self._said_anew(node, time, count, sign)
        if not anew:
            return False
        phrase.use()
        return self.update(node, anew | changed)

    def _of_filter(self, phrase: Phrase) -> bool:
        """Whether a column is named that a filter compares."""
        words = {t.norm for t in phrase.tokens}
        filters = [n for n in self.flow.types if self.flow.types[n] == "filter"]
        columns = {c for n in filters for c in self.columns_into(n).types if c.lower() in words}
        return any(c in str(self.config(n).get("condition")) for n in filters for c in columns)

    def _step_counted(
        self, steps: list[Any], phrase: Phrase, count: int, sign: str
    ) -> dict[str, Any]:
        """`4 failures`: how often the step that is named is to come."""
        until = phrase.find(_LATER)
        counted = phrase.part(0, until.start) if until and until.start else phrase
        said = {stem(singular(t.norm)) for t in counted.content() if t.norm not in _PLAIN}
        named = [
            n
            for n, step in enumerate(steps)
            if said and said <= {stem(p) for p in parts_of(f"{step['name']} {step.get('where')}")}
        ]
        if len(named) != 1:
            return {}
        most = None if steps[named[0]].get("max", 1) is None or sign == ">=" else count
        again = {**steps[named[0]], "min": count, "max": most}
        return {"steps": [again if n == named[0] else step for n, step in enumerate(steps)]}

    def _said_anew(self, node: str, time: Any, count: int | None, sign: str) -> dict[str, Any]:
        """The fields that a time, a count and a comparison are for; none where one has no field."""
        config = self.config(node)
        changed: dict[str, Any] = {}
        fields = self.flow.catalog.get(self.flow.types[node]).Config.model_fields
        timed = next((f for f in _TIMES if f in config), "within" if "within" in fields else None)
        counted = next((f for f in _COUNTS if f in config), None)
        if (time and not timed) or (count and not counted) or (not time and not count):
            return {}
        if time and timed:
            changed[timed] = duration_of(time)
        if count and counted:
            changed[counted] = count
            if sign and "comparison" in config:
                changed["comparison"] = sign
        return changed

    def _about(self, node: str, token: Any) -> bool:
        """Whether a word only repeats what a node is about already."""
        if token.kind != "word" or token.norm in _PLAIN or is_plain(token.norm):
            return bool(token.kind == "word")
        config = self.config(node)
        title = self.request.document.node(node)
        known = {stem(p) for text in _strings(config) for p in parts_of(text)}
        known |= {stem(p) for p in parts_of(f"{node} {title.name if title else ''}")}
        about = self.columns_into(node).about
        return stem(singular(token.norm)) in known or singular(token.norm) in about

    def _windows(self) -> list[str]:
        return [n for n in self.flow.types if self.config(n).get("aggregations")]

    def _sliding(self, phrase: Phrase) -> bool:
        """`let the window slide every 5 minutes`, `make it tumbling`."""
        nodes, told = self._windows(), window_told(phrase)
        if len(nodes) != 1 or told is None:
            return False
        if isinstance(told, str):
            self.talk.ask(told)
            return False
        phrase.use()
        return self.update(nodes[0], told)

    def _direction(self, phrase: Phrase) -> bool:
        """`make it falling instead of rising`."""
        nodes = [n for n in self.flow.types if self.config(n).get("direction")]
        rest = outside(phrase, [m for m in mentions(phrase, self.references) if m.nodes == nodes])
        over = rest.find(_INSTEAD)
        said = rest.part(0, over.start) if over else rest
        ways = _ways(said)
        if len(nodes) != 1 or len(ways) != 1 or phrase.has(r"#\w+"):
            return False
        if not self._only_way(said, nodes[0]) and not phrase.has(
            "instead|rather|not|make|now|change|should|direction|must|has to|be|is|detect|look|flip"
        ):
            return False
        phrase.use()
        return self.update(nodes[0], {"direction": ways[0]})

    def _by_as_much(self, phrase: Phrase) -> bool:
        """`rising by at least 5 degrees`: how far a run must go."""
        nodes = [n for n in self.flow.types if self.flow.types[n] == "trend"]
        found = phrase.find(_BY_AS_MUCH)
        if found is None or len(nodes) != 1 or phrase.without(found).has(r"#\w+"):
            return False
        rest, changed = turned(phrase.without(found), self.config(nodes[0]))
        ways = rf"{UP}|{DOWN}|{FLAT}"
        if not all(Phrase([t]).has(ways) or self._about(nodes[0], t) for t in rest.content()):
            return False
        phrase.use()
        least = value_of(found.groups["n"][0])
        return self.update(nodes[0], {"min_change": least, **changed})

    def _only_way(self, phrase: Phrase, node: str) -> bool:
        """`falling temperatures`: a direction, and at most the column that is watched."""
        columns, value = self.columns_into(node), self.config(node).get("value")
        words = [t for t in phrase.tokens if not Phrase([t]).has(f"{UP}|{DOWN}|{FLAT}|please|,")]
        named = [columns.named([t.norm]) for t in words]
        commands = phrase.at("drop|sink|lower|raise|rise|fall|increase|decrease|reduce|decline")
        return not commands and all(n is not None and value in n.names for n in named)

    def _column_swapped(self, phrase: Phrase) -> bool:
        """`watch humidity instead of temperature`: another column in the same place."""
        found = phrase.find(_INSTEAD)
        if found is None or not found.start:
            return False
        hits = []
        for node in self.flow.types:
            new = self._column_in(node, phrase.part(0, found.start))
            old = self._column_in(node, phrase.part(found.end))
            if new and old and new != old:
                hits += [(node, path, new) for path in places_of(self.config(node), old)]
        if len({node for node, *_ in hits}) != 1:
            return False
        phrase.use()
        node, config = hits[0][0], self.config(hits[0][0])
        for _, path, new in hits:
            config = with_value(config, path, new)
        changed = {path[0]: config[path[0]] for _, path, _ in hits}
        ways = _ways(phrase.part(0, found.start)) if "direction" in config else []
        return self.update(node, changed | ({"direction": ways[0]} if len(ways) == 1 else {}))

    def _column_in(self, node: str, phrase: Phrase) -> str | None:
        """The one column that a phrase names."""
        columns = self.columns_into(node)
        named = [
            columns.key_of([t.norm])
            for t in phrase.tokens
            if t.kind in ("word", "name") and t.norm not in FUNCTIONS and t.norm not in STOP
        ]
        names = {n.name for n in named if n and len(n.names) == 1}
        return names.pop() if len(names) == 1 else None


_BY_AS_MUCH = r"by (?:at least|more than|a total of|no less than|over) (?P<n>#num)"
_WAYS = (("up", UP), ("down", DOWN), ("flat", FLAT))
_SAID = r"at least|at most|more than|fewer than|less than|exactly|up to|over"


def _ways(phrase: Phrase) -> list[str]:
    """The directions that a phrase names."""
    return [w for w, cue in _WAYS if phrase.has(cue)]


def turned(phrase: Phrase, config: Mapping[str, Any]) -> tuple[Phrase, dict[str, Any]]:
    """A phrase without the one direction that it names, and the field for it."""
    ways = [(w, found) for w, cue in _WAYS if (found := phrase.find(cue))]
    if "direction" not in config or len(ways) != 1:
        return phrase, {}
    way, found = ways[0]
    return phrase.without(found), {"direction": way} if way != config["direction"] else {}


def _strings(config: Any) -> list[str]:
    items = config.values() if isinstance(config, dict) else config
    found = [v for v in items if isinstance(v, str)]
    nested = [t for v in items if isinstance(v, dict | list) for t in _strings(v)]
    return found + nested
