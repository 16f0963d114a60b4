"""What a text says of a source or sink beside its place: `qos 2`, `by SendGrid`, `overwrite mode`.

Such words are taken out before anything is read, and go to the node that has the field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..proposal import Draft
from .measure_words import duration_of
from .options_patterns import OF_PATTERNS, Wording
from .options_states import MACHINE, OF_STATES, fits
from .phrase import Found, Phrase
from .talk import Talk
from .tokens import Token

if TYPE_CHECKING:
    from ...catalog import Catalog
    from ...graph.changes import AddNode

_GRID = (
    r"(?:\( )?(?:(?:via|using|through|with|by|over|provider|:|=) )*send ?grid(?: (?:api|provider))?"
    r"(?:(?: (?:with|using|and|the|api|key|token|:|=))* (?P<s>#secret))?(?: \))?"
)
_OVERWRITE = (
    r"(?:(?:,|in|with|using|as|and|write|mode|:|=|\() )*(?:overwrite|overwriting)"
    r"(?: (?:mode|the table|it|everything|existing rows|each time|\)))*"
)
_QOS = r"(?:(?:,|with|at|and|\() )*qos(?: (?:level|of|=|:))* (?P<n>#num)(?: \))?"
_VERSION = (
    r"(?:(?:,|reading|read|and|beginning|\() )*(?:starting|start|from|since|at)"
    r"(?: (?:from|at|with|the))* version"
    r"(?: (?:number|=|:))* (?P<n>#num)(?: onwards?| on)?(?: \))?"
)
_SPREAD = (
    r"(?P<kept>(?:#name|#path)(?: (?:as|in|parquet|csv|json|files?|format|delta|table))*)"
    r"(?: (?:,|and|is|are|\())* (?P<how>partitioned|clustered) (?:by|on) (?P<c>[a-z_]\w*)"
    r"(?: (?:,|and) (?P<d>[a-z_]\w*)(?= (?:[.;)]|->)|$))?(?: \))?"
)
_FORGET = (
    r"(?:(?:,|and|then|;|-) )*(?:forget|forgets|forgetting|forget_after)(?: [a-z]\w*){0,3}?"
    r"(?: (?:after|=|:|of))* (?P<t>#dur)(?: of silence)?"
)
_PROOF = (
    r"(?:(?:,|with|using|by|and|auth|authentication|secured|protected|is|via) )*"
    r"(?P<how>bearer|basic|api key)(?: (?:auth|authentication|token|key))*"
    r"(?: (?:=|:|from|in|with|using|secret|is|the|token|key))* (?P<s>#secret)"
)
_KEYED = (
    r"(?:(?:,|with|and|use|using|the) )*(?:message|record|kafka) key(?: (?:is|=|:|of|by))* "
    r"(?P<c>[a-z_]\w*)"
)
_BACK = (
    r"(?:also|and|or) (?:\S+ ){0,5}?(?:back(?: online)?|recovers|returns|resumes|up again)|"
    r"(?:lost|down|offline|silent) (?:and|or) (?:recover\w*|back\w*|returned|online)"
)
_GRID_KEY = "secret://alerts/sendgrid-api-key"


class Option(NamedTuple):
    """What some words say of a node: fields and values, for each type that has them."""

    said: str
    fields: Mapping[str, Any]
    types: tuple[str, ...]
    is_hint: bool
    """Whether the words stay, and say something only where a node has the fields."""


def _proof(found: Found) -> dict[str, Any]:
    how = "-".join(t.norm for t in found.groups["how"])
    secret = str(found.groups["s"][0].value)
    return {"auth": how, "auth_secret": secret}


def _sent_proof(found: Found) -> dict[str, Any] | None:
    told = _proof(found)
    return {"auth": "bearer", "token": told["auth_secret"]} if told["auth"] == "bearer" else None


def _spread(found: Found) -> dict[str, Any]:
    return {f"{found.groups['how'][0].norm.removesuffix('ed')}_by": _names(found)}


def _names(found: Found) -> list[str]:
    return [found.groups[n][0].text for n in ("c", "d") if found.groups.get(n)]


def _grid(found: Found) -> dict[str, Any]:
    key = found.token("s")
    return {"provider": "sendgrid", "api_key": str(key.value) if key else _GRID_KEY, "host": None}


def _number(found: Found) -> int:
    return int(found.groups["n"][0].value)


_OPTIONS: tuple[Wording, ...] = (
    (_GRID, _grid, ("email-sink",), False),
    (_OVERWRITE, lambda _: {"mode": "overwrite"}, ("unity-catalog-table-sink",), False),
    (_QOS, lambda found: {"qos": _number(found)}, (), False),
    (_VERSION, lambda found: {"starting_version": _number(found)}, (), False),
    (_SPREAD, _spread, ("delta-table-sink", "file-sink", "unity-catalog-table-sink"), False),
    (_FORGET, lambda found: {"forget_after": duration_of(found.groups["t"][0])}, (), False),
    (_PROOF, _proof, ("rest-webhook-source",), False),
    (_PROOF, _sent_proof, ("rest-webhook-sink",), False),
    (_KEYED, lambda found: {"key": _names(found)[0]}, ("kafka-topic-sink",), False),
    (_BACK, lambda _: {"emit": None}, ("heartbeat",), True),
    *OF_PATTERNS,
)
"""Words, the fields that they are about, and of which types; none: of any that has the fields."""


def take_options(tokens: Sequence[Token]) -> tuple[list[Option], list[Token]]:
    """What is said of places, and the text without it."""
    phrase, made, gone = Phrase(tokens), list[Option](), set[int]()
    for cue, tell, types, is_hint in (*_OPTIONS, *(OF_STATES if phrase.has(MACHINE) else ())):
        for found in phrase.all(cue):
            fields = tell(found)
            if fields is None:
                continue
            kept = {id(token) for token in found.groups.get("kept", ())}
            told = [n for n in range(found.start, found.end) if id(tokens[n]) not in kept]
            said = " ".join(tokens[n].text for n in told)
            made.append(Option(said, fields, types, is_hint))
            gone |= set() if is_hint else {*told}
    return made, [token for n, token in enumerate(tokens) if n not in gone]


def with_options(draft: Draft, options: Sequence[Option], catalog: Catalog) -> Draft:
    """The draft with its nodes as they were said to be; a question where none has the field."""
    if not draft.changes:
        return draft
    changes, taken = list(draft.changes), set[str]()
    for option in options:
        for n, change in enumerate(changes):
            if change.op == "add_node" and _has(change, option, catalog):
                config = {**change.node.config, **option.fields}
                config = {name: value for name, value in config.items() if value is not None}
                node = change.node.model_copy(update={"config": config})
                changes[n] = change.model_copy(update={"node": node})
                taken.add(option.said)
    left = {o.said for o in options if not o.is_hint} - taken
    if not left:
        told = any("forget_after" in option.fields for option in options)
        kept = [said for said in draft.assumptions if not (told and "forgotten" in said)]
        return draft._replace(changes=tuple(changes), assumptions=tuple(kept))
    talk = Talk()
    for said in sorted(left):
        talk.ask(f"I did not understand `{said}`. What is meant?")
    return Draft(assumptions=draft.assumptions, questions=talk.asked())


def _has(change: AddNode, option: Option, catalog: Catalog) -> bool:
    """Whether a node is of a type that an option is about, and has its fields."""
    if option.types and change.node.type not in option.types:
        return False
    if not fits(option.fields, change.node.config):
        return False
    return {*option.fields} <= catalog.get(change.node.type).Config.model_fields.keys()
