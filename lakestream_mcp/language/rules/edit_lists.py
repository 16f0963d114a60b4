"""Edits of what there is several of: recipients, topics, columns of a key."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .edit_kind import EditKind
from .edit_said import ALSO, INTO, NEW_NODE, OLD, is_plain, mentions, outside, stems, told
from .edit_unset import columns_said
from .names import parts_of
from .phrase import Found, Phrase
from .words import STOP, word_set

if TYPE_CHECKING:
    from .tokens import Token

_MORE = (
    rf"{ALSO}|add|adds|include|includes|append|cc|copy|and also|"
    r"(?:second|third|fourth|further|new) (?:recipient|addressee|address|person|one)"
)
_LESS = (
    r"remove|delete|drop|no longer|stop|do not|does not|any ?more|without|take|never|unsubscribe|"
    r"no|not|exclude|ignore|kick|strike"
)
_MAILING = (
    "mail mails email emails mailed recipient address addressee inbox cc copy copied team person "
    "people receiver add include remove delete drop replace swap list also instead take append "
    "stop notification message in change e left gone put second third fourth further inform tell "
    "notify informed told notified besides let know"
)
_SENDER = r"sender|comes? from|sent from|sends? from|from address|mail from|from"
_READ = (
    r"(?:topics?|streams?|subscribe|subscribes|listen|listens|read|reads|consume|consumes|source|"
    r"come|comes|ingest|ingests|take|takes|pull)"
)
_WRITE = r"write|writes|publish|send|put|store|sink|to (?:the )?kafka|output|emit|forward|push"
_KEYED = (
    r"key|keys|keyed|group|grouped|grouping|groups|group by|per|dedup\w*|partition|partitioned|for "
    r"each|for every|by|matched|match|unique|distinguish\w*|apart|separately"
)
_PER = r"per|by|key\w*|group\w*|for each|for every"
_TELLS_KEY = "no|just|only|not|instead|rather"
_LOOKS = r"looks? at|go(?:es)? by|compares?|tell apart|identif\w+|considers?"
_MERGED = r"merge|merges|merged|upsert|upserts|upserted"
_FROM = r"from (?:the )?(?:kafka )?(?:topics|streams)"
_STREAMING = ("topic", "topics", "stream", "streams", "kafka", "kinesis", "source", "consumer")
_KEY_WORDS = word_set(
    "add include remove drop delete take put use break broken down aggregate sum key keys "
    "keyed group grouped grouping groups per dedup dedupe deduplicate deduplication partition "
    "partitioned matched match unique apart separately column columns plus merge merged "
    "upsert also as well look looks go goes compare compares consider considers tell identify"
)


class Lists(EditKind):
    """Reads clauses that add to lists, take from them, or say them anew."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self._mails, self._streams, self._keys)

    def _mails(self, phrase: Phrase) -> bool:
        """`mail b@x.y as well`, `a@x.y should no longer get mails`."""
        said = [str(t.value) for t in phrase.tokens if t.kind == "mail"]
        nodes = self._having(phrase, ("to",))
        if not said or not nodes or phrase.has(f"(?:{_SENDER}) #mail|sender"):
            return False
        known = stems(_MAILING) | {s for n in nodes for s in stems(self.flow.title(n))}
        return told(phrase, known) and self._listed(phrase, nodes, "to", said, said)

    def _streams(self, phrase: Phrase) -> bool:
        """`subscribe to orders_us too`, `the topic is called payments_v2 now`."""
        cue = phrase.find(_READ)
        nodes = [n for n in self._having(phrase, ("topics", "streams")) if self._reads(n)]
        if phrase.at(INTO):
            return False
        if cue is None or not nodes or phrase.has(f"{_WRITE}|#dur|#num|#name|#mail|#host|#path"):
            return False
        node = nodes[0]
        field = "topics" if "topics" in self.values.config(node) else "streams"
        from_ = phrase.find(_FROM)
        said = phrase.part(from_.end) if from_ else phrase
        names = [n for n in _names(said) if self._is_name(phrase, n, node, field)]
        if not phrase.has("and|plus|&|,") and not phrase.has(f"{_MORE}|{_LESS}|{OLD}"):
            names = [n for n in names if n not in (self.values.config(node).get(field) or [])]
        current = self.values.config(node).get(field) or []
        names = [n for n in names if n in current or _like_name(n) or _after_topic(phrase, n)]
        columns = {c for types in self.values.request.columns.values() for c in types}
        names = [n for n in names if n not in columns or _after_topic(phrase, n)]
        told_of = {part for n in [*names, *current] for part in n.split("-")}
        found = [m for m in mentions(phrase, self.values.references) if node in m.nodes]
        words = [t.text for t in outside(phrase, found).content() if not is_plain(t.norm)]
        if any(w not in told_of and w.lower() not in (*_STREAMING, "add") for w in words):
            return False
        if not set(names) - set(current) and not phrase.has(_LESS):
            return False
        return self._listed(phrase, nodes, field, names, _names(phrase))

    def _reads(self, node: str) -> bool:
        return self.flow.category(node) == "source"

    def _is_name(self, phrase: Phrase, name: str, node: str, field: str) -> bool:
        """Whether a word may be what a stream is called, and no node of the pipeline."""
        if name in (self.values.config(node).get(field) or []):
            return True
        if name.lower() in ("topic", "topics", "stream", "streams", "kafka", "kinesis"):
            return False
        called = {n.lower() for n in self.flow.types} | {
            self.flow.title(n).lower() for n in self.flow.types
        }
        verbs = {*_MORE.split("|"), *_LESS.split("|")}
        return not is_plain(name.lower()) and name.lower() not in called | verbs

    def _keys(self, phrase: Phrase) -> bool:
        """`per card_number, not per user`, `group by region too`, `dedupe on a plus b`."""
        if not self._of_key(phrase) or phrase.has(r"#\w+") or phrase.at(NEW_NODE):
            return False
        merged = phrase.has(_MERGED)
        fields = ("merge_keys",) if merged else ("key", "group_by")
        nodes = self._having(phrase, fields)
        patterns = [n for n in nodes if self.flow.category(n) == "pattern"]
        nodes = self._with_old(phrase, nodes, fields) or patterns or nodes
        if not nodes:
            return False
        node = nodes[0]
        if phrase.at("dedup\\w*|de duplicate") and self.flow.types[node] != "deduplicate":
            return False
        columns = self.values.columns_into(node)
        rest = outside(
            phrase, [m for m in mentions(phrase, self.values.references) if node in m.nodes]
        )
        names = parts_of(self.values.request.document.name)
        said = columns_said(rest, columns, _KEY_WORDS | set(names))
        over = phrase.find(OLD)
        gone = [
            named.name
            for t in _dropped(phrase, over)
            if t.norm not in STOP and (named := columns.key_of([t.norm]))
        ]
        field = next(f for f in fields if f in self._fields(node))
        if not said:
            return False
        changed = self._listed(
            phrase, nodes, field, [s for s in said if s not in gone] or said, said
        )
        if changed and merged:
            self.values.update(node, {"mode": "merge"})
        return changed

    def _with_old(self, phrase: Phrase, nodes: list[str], fields: Sequence[str]) -> list[str]:
        """The one node that is keyed by what is no longer to be the key."""
        over = phrase.find(OLD)
        said = {t.norm for t in phrase.tokens[over.end :]} if over else set()
        held = [
            n
            for n in nodes
            if said & {c.lower() for f in fields for c in self.values.config(n).get(f) or ()}
        ]
        return held if len(held) == 1 else []

    def _of_key(self, phrase: Phrase) -> bool:
        """Whether a key is spoken of; what was changed last may have one."""
        last = self.values.references.last
        kept = phrase.at("(?:please )?(?:keep|select|retain|carry)")
        if not kept and phrase.has(_TELLS_KEY) and self._told_key(phrase):
            return True
        named = [n for m in mentions(phrase, self.values.references) for n in m.nodes]
        if phrase.has(_LOOKS) and [self.flow.types.get(n) for n in named] == ["deduplicate"]:
            return True
        return phrase.has(_KEYED) or (
            last in self.flow.types and "key" in self._fields(last) and phrase.has(ALSO)
        )

    def _told_key(self, phrase: Phrase) -> bool:
        """Whether a column is said that some key has."""
        said = {t.norm for t in phrase.tokens}
        configs = [self.values.config(n) for n in self.flow.types]
        keys = [c for config in configs for f in ("key", "group_by") for c in config.get(f) or ()]
        return any(c.lower() in said for c in keys)

    def _fields(self, node: str) -> Any:
        return self.flow.catalog.get(self.flow.types[node]).Config.model_fields

    def _having(self, phrase: Phrase, fields: Sequence[str]) -> list[str]:
        """The nodes with one of some fields: those that are named, else all."""
        nodes = [n for n in self.flow.types if set(fields) & set(self._fields(n))]
        named = {n for m in mentions(phrase, self.values.references) for n in m.nodes}
        return [n for n in nodes if n in named] or nodes

    def _listed(
        self, phrase: Phrase, nodes: list[str], field: str, said: list[str], all_said: list[str]
    ) -> bool:
        """A list with what was said in it, or without."""
        if len(nodes) > 1:
            self.values.talk.ask("Which node is meant?", nodes)
            return False
        current = list(self.values.config(nodes[0]).get(field) or [])
        new = [s for s in dict.fromkeys(said) if s not in current]
        old = [s for s in dict.fromkeys(all_said) if s in current]
        made = _changed(phrase, current, new, old, list(dict.fromkeys(said)))
        if made is None or made == current:
            return False
        if not made and field in ("to", "topics", "streams"):
            self.values.talk.ask(f"What is `{field}` of `{nodes[0]}` to be then?")
            return False
        if not made and field in ("key", "group_by") and not phrase.has(_PER):
            return False
        phrase.use()
        return self.values.update(nodes[0], {field: made})


def _changed(
    phrase: Phrase, current: list[str], new: list[str], old: list[str], said: list[str]
) -> list[str] | None:
    """What is there with the new in the place of the old, beside it, or instead of all."""
    swapped = phrase.has(
        f"{OLD}|remove|delete|drop|left|gone|replace|swap|switch|change|no longer|do not|"
        r"any ?more|but|take(?: \S+){1,2} out"
    )
    if new and old and swapped and not phrase.has("in addition|besides"):
        at = current.index(old[0])
        kept = [c for c in current if c not in old]
        return [*kept[:at], *new, *kept[at:]]
    if len(new) > 1 and phrase.has("cc") and phrase.has("to #mail"):
        return said
    if new:
        return [*current, *new] if phrase.has(_MORE) and not _whole(old, phrase) else said
    return [c for c in current if c not in old] if phrase.has(_LESS) else said


def _whole(old: list[str], phrase: Phrase) -> bool:
    """Whether the old is said together with the new, so that the list is said as a whole."""
    return bool(old) and not phrase.has("in addition|besides|add|too|as well|also")


def _dropped(phrase: Phrase, over: Found | None) -> list[Token]:
    """The words that are said to be no longer of a list."""
    after = list(phrase.tokens[over.end :]) if over else []
    told = phrase.all(r"(?:no|not|without|drop|remove)(?: the)? (?P<c>[a-z_]+)")
    return after + [found.groups["c"][0] for found in told]


def _like_name(name: str) -> bool:
    return "_" in name or "-" in name or any(c.isdigit() for c in name)


def _after_topic(phrase: Phrase, name: str) -> bool:
    """Whether a word comes where the name of a topic does."""
    word = re.escape(name.lower())
    return phrase.has(
        r"(?:topics?|streams?)"
        rf"(?: (?:is|are|to|called|named|be|should|now|:|and|or|,|[a-z]+ and))* {word}",
        rf"{word} (?:topic|stream)",
    )


def _names(phrase: Phrase) -> list[str]:
    """Words as they were written, hyphens and all, and quoted texts."""
    names: list[str] = []
    at = 0
    while at < len(phrase):
        token = phrase.tokens[at]
        label = token.norm in ("read", "from", "write", "to", "keep")
        end = phrase.end_of_hyphenated(at) if token.kind == "word" and not label else at + 1
        if token.kind in ("word", "str", "letter"):
            same = phrase.tokens[at:end]
            names.append(
                str(token.value) if token.kind == "str" else "-".join(t.text for t in same)
            )
        at = max(end, at + 1)
    return names
