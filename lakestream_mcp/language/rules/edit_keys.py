"""Edits of keys, of the columns that are kept, and of what is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .edit_said import is_plain
from .measures import take_measures
from .modifiers import take_key
from .phrase import Phrase
from .scene import Scene

if TYPE_CHECKING:
    pass
from .edit_configs import Configs

_KEY = (
    r"(?:group(?:ed)?|key(?:ed)?|partition(?:ed)?|match|count|per|by|aggregate|"
    r"do (?:it|that|this)|make (?:it|that)|use|split)"
)
_ADD_KEY = (
    r"(?:(?:please|also|and) )*(?P<do>add|include|put|remove|drop|take)(?: the)? (?P<c>\w+)"
    r"(?: column)? (?:also )?(?:to|in|into|from|out of)(?: the)? (?:keys?|grouping|group by|"
    r"groups?)"
)
_IN_KEY = (
    r"(?:the )?(?P<c>\w+) (?:should|must|has to|needs to|ought to)(?: (?:also|be|belong))* "
    r"(?:part of|in|to|included in)(?: (?:the|dedup|deduplication|pattern))* (?:keys?|grouping)"
)


class Keys(Configs):
    """Reads clauses that say per what, and with what, a pattern answers."""

    def _key(self, phrase: Phrase) -> bool:
        """`group by card instead`, `per user and country`."""
        if self._key_added(phrase):
            return True
        if phrase.at(
            rf"(?:(?:please|it|should be|the pattern|also|rather|instead|now|change it to) )*{_KEY}"
        ) is None or phrase.has("#num|#dur"):
            return False
        nodes = [n for n in self.flow.types if self._key_field(n)]
        patterns = [n for n in nodes if self.flow.category(n) == "pattern"] or nodes
        said = [n for n in self.mentioned(phrase) if n in nodes]
        patterns = said or patterns
        if not patterns:
            return False
        node = patterns[0]
        columns = self.columns_into(node)
        key, rest = take_key(phrase, columns, self.talk)
        if not key.names and (
            use := phrase.find(r"use (?:the )?(?P<c>\w+)(?: as (?:the )?(?:key|grouping))")
        ):
            named = columns.key_of([use.groups["c"][0].norm])
            key = key._replace(names=named.names[:1] if named else ())
        if not key.names:
            return False
        if len(patterns) > 1:
            self.talk.ask("Which node is meant?", patterns)
        if len(patterns) > 1 or self._unknown(rest, tuple(columns.types)):
            return False
        field = self._key_field(node) or "key"
        names = list(key.names)
        if phrase.has(r"also|too|as well|additionally|in addition"):
            names = [*self.config(node).get(field, []), *names]
        phrase.use()
        return self.update(node, {field: list(dict.fromkeys(names))})

    def _unknown(self, rest: Phrase, columns: tuple[str, ...]) -> bool:
        """Ask for what stands beside a key, and is no column."""
        found = rest.find(r"(?:and|plus|,) (?P<c>\w+)$")
        if found is None or is_plain(found.groups["c"][0].norm):
            return False
        self.talk.ask(f"Which column is `{found.groups['c'][0].text}`?", columns)
        return True

    def _key_added(self, phrase: Phrase) -> bool:
        """`add country to the key`, `take the merchant out of the key`."""
        found = phrase.at(_ADD_KEY) or phrase.at(_IN_KEY)
        nodes = [n for n in self.flow.types if self._key_field(n)]
        nodes = [n for n in self.mentioned(phrase) if n in nodes] or nodes
        nodes = [n for n in nodes if self.flow.category(n) == "pattern"] or nodes
        named = (
            self.columns_into(nodes[0]).key_of([found.groups["c"][0].norm])
            if found and nodes
            else None
        )
        if found is None or named is None or len(nodes) != 1 or len(named.names) > 1:
            return False
        field = self._key_field(nodes[0]) or "key"
        names = [n for n in self.config(nodes[0]).get(field, []) if n != named.name]
        if "do" not in found.groups or found.groups["do"][0].norm in ("add", "include", "put"):
            names.append(named.name)
        phrase.use()
        return self.update(nodes[0], {field: names})

    def _key_field(self, node: str) -> str | None:
        fields = self.flow.catalog.get(self.flow.types[node]).Config.model_fields
        return next((name for name in ("key", "group_by") if name in fields), None)

    def _kept(self, phrase: Phrase) -> bool:
        """`also keep the amount column`."""
        found = phrase.at(
            r"(?:please |also |and )*(?:keep|include|show|carry|retain|add|"
            r"output)(?: (?:also|the|a|too|in|field|column|columns))*"
        )
        if found is None or not phrase.has(r"column|columns|field|fields|also|too|as well"):
            return False
        for node in reversed(list(self.flow.types)):
            type_name = self.flow.types[node]
            if (
                type_name != "map-select"
                and "keep" not in self.flow.catalog.get(type_name).Config.model_fields
            ):
                continue
            named = self.columns_into(node).named(
                [t.norm for t in phrase.tokens[found.end : found.end + 4]]
            )
            tail = phrase.part(found.end + named.length) if named else None
            if named is None or (tail and tail.has(r"as|=|equals")):
                continue
            if len(named.names) > 1:
                self.talk.ask("Which column is meant?", named.names)
                return False
            phrase.use()
            return self._keep(node, named.name)
        return False

    def _keep(self, node: str, name: str) -> bool:
        config = self.config(node)
        if self.flow.types[node] == "map-select":
            return self.update(node, {"columns": f"{_text(config['columns'])}, {_quoted(name)}"})
        keep = config.get("keep")
        if keep is None:
            self.talk.assume(f"`{node}` keeps all columns already, `{name}` too.")
            return self.update(node, {"keep": None})
        return self.update(node, {"keep": list(dict.fromkeys([*keep, name]))})

    def _reported(self, phrase: Phrase) -> bool:
        """`also report the max amount`."""
        if (
            phrase.at(
                r"(?:please |also |and )*(?:report|include|output|add|show|"
                r"return|compute|calculate|measure)"
            )
            is None
        ):
            return False
        nodes = [
            n
            for n in self.flow.types
            if "measures" in self.flow.catalog.get(self.flow.types[n]).Config.model_fields
        ]
        if not nodes:
            return False
        node = nodes[-1]
        scene = Scene(self.columns_into(node), self.talk, self.request.catalog)
        lead = phrase.tokens[0]._replace(norm="report", text="report", kind="word")
        start = phrase.find("report|include|output|add|show|return|compute|calculate|measure")
        measures, _ = take_measures(
            Phrase((lead, *phrase.tokens[start.end if start else 1 :]), phrase.used), scene.columns
        )
        if measures is None:
            return False
        config = self.config(node)
        steps = config.get("steps")
        made = measures.over_steps(scene, steps) if steps else measures.over(scene, "event")
        phrase.use()
        return self.update(node, {"measures": {**config.get("measures", {}), **made}})


def _text(columns: Any) -> str:
    """The columns of a select as text."""
    if isinstance(columns, str):
        return columns
    return ", ".join(f"{c['expression']} AS {_quoted(c['name'])}" for c in columns)


def _quoted(name: str) -> str:
    from ...relational.sql import column, sql

    return sql(column(name))
