"""Which moves of a state machine are told: `only on entering fault`, `every transition`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .options_patterns import Wording
from .phrase import Found

MACHINE = (
    r"state machines?|life ?cycle|finite state|states|transitions?|"
    r"-> [a-z_]\w* (?:when|if|on|->|,)|track(?:ing)? (?:the )?(?:status|state)"
)
"""Words of a text that tells of states."""
_ENTERS = (
    r"(?:entering|enters?|entered|gets?|goes|turns?|reaches|reaching|reached|becomes?|becoming|"
    r"turns?(?: in)?to|"
    r"(?:goes|go|gets?|getting|moves?|moving|changes?|comes?|switches|arrives?|arriving|transitions?)"
    r" (?:in)?(?:to|in|at)|ends? (?:up )?in|is in)"
)
_STATE = r"(?: (?:the|state|status|into|in|to|a|an))*? (?P<s>[a-z_]\w*|#str)(?: (?:state|status))?"
_WORDS = r"(?:[a-z_]\w* ){0,5}?"
_ONLY = (
    rf"(?:,|;)? ?(?:only|just|exclusively) (?P<kept>{_WORDS}){_ENTERS}{_STATE}"
    r"(?= (?:[.;,)]|->|and|to)|$)"
)
_TELLS = r"(?:alert|tell|notify|page|slack|teams|pagerduty|warn|inform|ping|message)"
_ALERTS = (
    rf"(?P<kept>{_TELLS} (?:(?!when|if)\S+ ){{0,6}}?(?:when|whenever|once|if|on|upon) {_WORDS})"
    rf"{_ENTERS}{_STATE}(?= (?:[.;,)]|->)|$)"
)
_EVERY = (
    r"(?:(?:,|and|;) )*(?:(?:emit|report|tell|output) )?(?:(?:us|me|of|about) )*"
    r"(?:every|each|all|any)(?: single| the| of the)? "
    r"(?:transitions?|state changes?|changes? of state|status changes?)"
)
_FINAL = (
    r"(?:(?:,|and|;) )*(?:(?:emit|report|tell|output) )?(?:only|just)(?: (?:the|its|their|on))* "
    r"(?:terminal|final|last|end)(?: (?:states?|ones?))?"
)


def _state(found: Found) -> dict[str, Any]:
    token = found.groups["s"][0]
    return {"emit_on": [str(token.value) if token.kind == "str" else token.text]}


OF_STATES: tuple[Wording, ...] = (
    (_ONLY, _state, ("state-machine",), False),
    (_ALERTS, _state, ("state-machine",), False),
    (_EVERY, lambda _: {"emit_on": "transition"}, ("state-machine",), False),
    (_FINAL, lambda _: {"emit_on": "terminal"}, ("state-machine",), False),
)
"""Words about the moves that are told, where a text tells of states."""


def fits(fields: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
    """Whether the states that are told are states of the machine."""
    told = fields.get("emit_on")
    return not isinstance(told, list) or {*told} <= {*config.get("states", ())}
