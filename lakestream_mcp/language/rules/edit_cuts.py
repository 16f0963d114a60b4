"""Where a clause may be several: at what joins them, and before what says how."""

from __future__ import annotations

from .phrase import Phrase

_JOINT = (
    r"(?:(?:,|and|but|plus|while|so|then|whereas) ){0,3}(?:,|and|but|plus|while|so|whereas|-)"
    r"(?! (?:not|no|never|instead|rather|please|too|also|as well|now|only)(?: [a-z#]+)?$)"
    r"(?! (?:not|instead|rather|no longer(?! than)) "
    r"(?!(?:only|drop|remove|add|use|write|send|put|mail|alert|keep|filter|insert|store|detect)"
    r"(?!\S)))"
)
_TAIL = (
    r"per|for each|for every|grouped by|keyed by|within|with (?:a|an|the|windows?)|"
    r"(?:from|on|at|in|every|over|for)(?= #(?:host|region|dur)(?!\S))"
)
_RANGE = r"(?:between|from) #\w+ (?:and|to) #\w+"


def cuts(phrase: Phrase) -> list[tuple[int, int]]:
    """Where a phrase may be two: at what joins them, else before what says how."""
    found = [f for f in phrase.all(_JOINT) if not phrase.at(_RANGE, f.start - 2)]
    joints = [(f.start, f.end) for f in found]
    tails = [(found.start, found.start) for found in phrase.all(_TAIL) if found.start]
    return [cut for cut in joints + tails if not _in_brackets(phrase, cut[0])]


def _in_brackets(phrase: Phrase, at: int) -> bool:
    """Whether a place is between brackets, where nothing is cut."""
    before = [t.norm for t in phrase.tokens[:at]]
    return before.count("(") > before.count(")")
