"""Which words of a clause its changes do not explain: the sign that something was overlooked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .edit_said import is_plain, stems
from .fields import WORDS
from .flow import Flow
from .measures import FUNCTIONS
from .names import singular
from .numbers import DOWN, FLAT, UP
from .phrase import Phrase
from .references import nicknames
from .words import GENERIC, word_set

if TYPE_CHECKING:
    from ...graph.changes import Change
    from .tokens import Token

_CONDITIONS = ("condition", "where", "trigger", "expected", "steps", "routes")
_FIELDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("threshold", "count", "minimum"), (*WORDS["count"], *_CONDITIONS)),
    "limit": (*WORDS["count"], *_CONDITIONS, *WORDS["time limit"], "duration", "gap"),
    "window": (*WORDS["window"], "window_type", "slide", "baseline_window"),
    "slide": ("slide", "window_type"),
    "key": ("key", "group_by", "merge_keys", "keys"),
    "group": ("key", "group_by", "consumer_group"),
    "grouped": ("key", "group_by"),
    "mode": ("mode", "window_type"),
    "merge": ("mode", "merge_keys", "condition"),
    "append": ("mode",),
    "topic": WORDS["topic"],
    "broker": WORDS["broker"],
    "stream": ("streams",),
    "column": ("columns", "keep", "key", "group_by", "value", "merge_keys", "partition_by"),
    "format": ("format",),
    "partition": ("partition_by", "key"),
    "message": (*WORDS["message"], "provider", "max_per_minute"),
    "late": WORDS["lateness"],
    "lateness": WORDS["lateness"],
    "delay": WORDS["lateness"],
    "watermark": WORDS["lateness"],
    "subject": WORDS["subject"],
    "sender": WORDS["sender"],
    "recipient": WORDS["recipient"],
}
"""Words that name a field: they are explained by a change of one of some fields."""
_WEIGHTY = word_set(
    "without except unless only never sensitive insensitive all every small big huge tiny mail "
    "email distinct unique different"
)
_AGGREGATES = word_set("average averages avg mean median maximum minimum sum sums")
_BESIDE = (
    r"(?:in addition to|next to|besides|alongside|as well as|on top of|along with)"
    r"(?: (?:the|our))*(?: \w+){1,2}"
)
_NUMBER_OF = r"number of"
_COUNTS = {"count", "threshold", "number", "min", "length"}
_DENIALS = ("without", "except", "excluding", "unless", "never", "drops", "drop")
MANY = 3
_SAID_OF = {
    "heartbeat": "no nothing not silent silence dead man check missing stop alive hear any",
    "absence": "no nothing not never missing without fail",
}
"""What is said of rows that do not come."""
_TALK = word_set(
    "first second third last both two drop drops dropped remove removes delete deletes ignore "
    "ignores exclude excludes discard undo revert replace swap exchange rename insert append "
    "connect disconnect feed feeds include includes double halve triple cut filtered add adds "
    "rid right directly straight left behind front around order check checks demand demands mean "
    "means exceed exceeds number convert cast post ping page copy cc besides rest short few "
    "coarse low high long lengthen tight tighten relax loosen strict stricter reach reaches "
    "mention absolute kind hook hooked fed stop skip throw alike flip back again detection "
    "detector publish publishes output outputs receive receives away between ahead upstream "
    "downstream outside writing stored original server attach plug beside dedupe"
)


def unexplained(
    phrase: Phrase, changes: Sequence[Change], flow: Flow, about: Collection[str]
) -> list[Token]:
    """The words that mean something and that no change, and nothing that it touches, tells of."""
    if not changes:
        return []
    fields = set(_changed_fields(changes))
    if not any(change.op == "update_node" for change in changes):
        fields |= {name for names in _FIELDS.values() for name in names}
    known = set(_known(changes, flow))
    counted = phrase.find(_NUMBER_OF) if not known & _COUNTS else None
    beside = phrase.find(_BESIDE) if any(c.op == "add_node" for c in changes) else None
    phrase = phrase.without(beside)
    return [
        token
        for place, token in enumerate(phrase.tokens)
        if token.kind == "word"
        and (
            (counted and counted.start <= place < counted.end)
            or (not _is_told(token, fields, known) and singular(token.norm) not in about)
        )
    ]


def weighty(tokens: Sequence[Token], changes: Sequence[Change]) -> list[Token]:
    """Of words that no change explains those that must not be overlooked: fields, and a lot;
    all of them where rows are sorted out."""
    if any(c.op == "add_node" and c.node.type == "filter" for c in changes):
        return list(tokens)
    named = [
        t
        for t in tokens
        if singular(t.norm) in _FIELDS or t.norm in _WEIGHTY or t.norm in _AGGREGATES
    ]
    return named or list(tokens) * (len(tokens) >= MANY)


def _is_told(token: Token, fields: Collection[str], known: Collection[str]) -> bool:
    """Whether a word is of what changed, or names a field that did, or is only talk."""
    word, said = token.norm, stems(token.norm)
    function = "avg" if word in ("average", "averages", "avg") else None
    if said and said <= set(known) and function is None:
        return True
    if (function or FUNCTIONS.get(word)) in known:
        return True
    if (named := _FIELDS.get(singular(word))) is not None:
        return bool(set(named) & set(fields))
    if word in _DENIALS and {"not", "null"} & set(known):
        return True
    if "direction" in fields and Phrase([token]).has(f"{UP}|{DOWN}|{FLAT}"):
        return True
    return is_talk(word)


def is_talk(word: str) -> bool:
    """Whether a word says only that something is asked for."""
    return is_plain(word) or word in GENERIC or word in _TALK


def _changed_fields(changes: Sequence[Change]) -> Iterator[str]:
    for change in changes:
        if change.op == "update_node":
            yield from change.config or {}
        if change.op == "add_node":
            yield from change.node.config


def _known(changes: Sequence[Change], flow: Flow) -> Iterator[str]:
    """The words of what changed, and of the nodes that were touched."""
    for change in changes:
        made = change.model_dump(mode="json", exclude_none=True)
        yield from _words({k: v for k, v in made.items() if k != "op"})
        if change.op == "add_node":
            yield from stems(flow.catalog.get(change.node.type).title)
            yield from nicknames(change.node.type)
            yield from stems(_SAID_OF.get(change.node.type, ""))
        for end in ("id", "source", "target"):
            node = flow.document.node(made.get(end, ""))
            if node is not None:
                node_type = flow.catalog.get(node.type)
                yield from stems(f"{node.name} {node_type.title} {node_type.category}")
                yield from stems(" ".join((*node_type.aliases, *nicknames(node.type))))
                yield from _words(list(node.config.values()))


def _words(value: Any) -> Iterator[str]:
    """The words in a configuration, and the names of what it holds."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from stems(name)
            yield from _words(item)
    elif isinstance(value, list):
        for item in value:
            yield from _words(item)
    elif isinstance(value, str):
        yield from stems(value)
