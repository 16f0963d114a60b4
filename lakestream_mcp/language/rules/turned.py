"""Sentences turned round: `rows without an id shall be dropped` as `drop rows without an id`."""

from __future__ import annotations

from collections.abc import Sequence

from .phrase import Found, Phrase
from .rewriting import mark, rewritten, word
from .tokens import Token

_ENDS = (".", ";", ":", "!", "->")
_VERBS = {
    "discarded": "discard", "dropped": "drop", "removed": "remove", "ignored": "ignore",
    "excluded": "exclude", "skipped": "skip", "rejected": "reject", "deleted": "delete",
    "kept": "keep", "retained": "keep", "deduplicated": "deduplicate",
}  # fmt: skip
_PASSIVE = (
    r"(?:(?:shall|should|must|will|can|may|has to|have to|needs? to|ought to|is to|are to) "
    rf"be|are|is|get|gets) (?P<verb>{'|'.join(_VERBS)})"
    r"(?! (?:when|if|in|to|into|by|from|for|between|after|before))"
)
_LEAD = r"(?:(?:,|then|afterwards|next|finally|also|and|first|after (?:that|this)) )*"
_DROPS = (
    r"(?:if|when|whenever|where) (?P<said>(?:\S+ ){2,20}?)(?:, )?(?:then )?"
    r"(?P<verb>drop|discard|ignore|skip|remove|exclude|reject|throw)"
    r"(?: (?:it|them|that|the|this|those|away|out|row|rows|record|records|event|events|reading|"
    r"readings|message|messages|order|orders|payment|payments))*"
    r"(?P<rest> (?:[,;.] )*(?:(?:or|and) )?(?:else|otherwise|everything else|the rest|all others|"
    r"keep (?:the )?(?:rest|others)))?"
)


def turned(tokens: Sequence[Token]) -> list[Token]:
    """A text with what happens to rows said before which rows those are."""
    return rewritten(_active(tokens), (_DROPS, _dropped))


def _active(tokens: Sequence[Token]) -> list[Token]:
    """`payments without a merchant shall be discarded` as `discard payments …`."""
    phrase, made, at = Phrase(tokens), list[Token](), 0
    for found in phrase.all(_PASSIVE):
        start = _begins(tokens, found.start, at)
        lead = phrase.at(_LEAD, start)
        begins = lead.end if lead and lead.end < found.start else start
        if begins >= found.start:
            continue
        verb = found.groups["verb"][0]
        made += [*tokens[at:begins], word(_VERBS[verb.norm], tokens[begins])]
        made += tokens[begins : found.start]
        at = found.end
    return [*made, *tokens[at:]]


def _begins(tokens: Sequence[Token], at: int, floor: int) -> int:
    """Where the sentence begins that a place is in."""
    while at > floor and tokens[at - 1].norm not in _ENDS:
        at -= 1
    return at


def _dropped(found: Found) -> list[Token] | None:
    """`if total = 0 drop it, else write …` as `drop rows where total = 0; write …`."""
    if _is_cut(found):
        return None
    verb = found.groups["verb"][0]
    told = [verb, word("rows", verb), word("where", verb), *found.groups["said"]]
    return [*told, mark(";", verb)] if found.groups.get("rest") else told


def _is_cut(found: Found) -> bool:
    """Whether a sentence ends between the condition and the verb."""
    return any(token.norm in _ENDS for token in found.groups["said"])
