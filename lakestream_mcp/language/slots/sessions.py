"""Sessions: how long a silence ends one, how long one may last, what closes it at once."""

from __future__ import annotations

from ..rules.measure_words import duration_of
from ..rules.phrase import Phrase
from ..rules.scene import Made, kept, text
from ..rules.tokens import Token
from .atoms import Atoms

_MOST = (
    r"(?:max\w*|at most|never (?:over|longer than|more than)|longest|no longer than|"
    r"not longer than|no \w+ (?:longer|over|more) than|not more than|cap\w*|limit\w*|"
    r"up to)(?: \S+){0,4}$"
)
_AT_MOST = r"(?:at most|max\w*|at the latest|tops|in any case|no matter what|in total|or less)"
_ENDS = r"(?:ends?|ending|closes?|closed|terminat\w*|finish\w*|stops?)"


def read_session(atoms: Atoms) -> list[Made] | None:
    """A session window over one key; conditions are what ends it, or else what counts."""
    bare = atoms.bare()
    key, rest = atoms.key(bare)
    gap, longest = _times(rest)
    if not key or gap is None or rest.has("#num|#times|#pct") or len(atoms.conditions) > 1:
        return None
    where = end = None
    if atoms.conditions:
        condition = atoms.conditions[0]
        near = atoms.phrase.part(max(0, condition.start - 4), condition.end + 4)
        where, end = text(condition.tree), None
        either = atoms.phrase.part(0, condition.start).has(
            rf"{_ENDS}(?: \S+){{1,14}}? or(?: \S+){{0,6}}$"
        )
        if near.has(_ENDS) or either:
            where, end = None, text(condition.tree)
    config = {
        "key": key,
        "gap": duration_of(gap),
        "max_duration": duration_of(longest) if longest else None,
        "where": where,
        "end": end,
    }
    return [Made("session", kept(config))]


def _times(rest: Phrase) -> tuple[Token | None, Token | None]:
    """The silence that ends a session, and how long it may last; nothing where more is told."""
    gap = longest = None
    for at, token in enumerate(rest.tokens):
        if token.kind != "dur":
            continue
        behind = rest.at(_AT_MOST, at + 1) is not None
        if longest is None and (behind or rest.part(max(0, at - 6), at).has(_MOST)):
            longest = token
        elif gap is None:
            gap = token
        else:
            return None, None
    return gap, longest
