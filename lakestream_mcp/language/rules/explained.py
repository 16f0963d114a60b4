"""What stands before and after a colon."""

from __future__ import annotations

from .clauses import COMMAND
from .measures import FUNCTIONS
from .modifiers import take_key
from .names import Columns
from .phrase import Found, Phrase
from .subjects import names_one, subject_key
from .talk import Talk
from .tokens import Token

_PLACES = r"enter\w*|exit\w*|leav\w+|stay\w*"


def _valued(before: Phrase, columns: Columns) -> tuple[Token, ...] | None:
    """`region eu: …`: a column and its value, which rows must have."""
    if len(before) != 2 or before.tokens[1].kind not in ("word", "name"):
        return None
    name, value = before.tokens
    named = columns.exactly([name.norm])
    if named is None or columns.types[named.name] != "string":
        return None
    sign = name._replace(kind="op", norm="=", text="=")
    quoted = value._replace(kind="str", norm="#str", value=value.text)
    joint = value._replace(kind="word", norm="and", text="and")
    return name, sign, quoted, joint


def explained(phrase: Phrase, columns: Columns) -> Phrase:
    """`find users who give up: a start without an end` is what comes after the colon."""
    colon = None if phrase.has(_PLACES) else phrase.find(":")
    if colon is None or not phrase.part(colon.end).content():
        return phrase
    after, before = phrase.part(colon.end), phrase.part(0, colon.start)
    if before.has("#\\w+|quality|expectations?|checks?"):
        return after if after.at(COMMAND) and before.has("#\\w+") else phrase
    numbers = columns.numeric()
    named = names_one(columns, before, numbers) and not names_one(columns, after, numbers)
    if named or take_key(Phrase(before.tokens), columns, Talk())[0].names:
        return _joined(phrase, colon)
    if (value := _valued(before, columns)) is not None:
        return Phrase((*value, *after.tokens), phrase.used)
    return _per_subject(before, after, columns)


def _joined(phrase: Phrase, colon: Found) -> Phrase:
    """What stands on both sides of a colon; a comma between a key and what is summed up."""
    if not phrase.at(rf"(?:the )?(?:{'|'.join(FUNCTIONS)})", colon.end):
        return phrase.without(colon)
    tokens = list(phrase.tokens)
    tokens[colon.start] = tokens[colon.start]._replace(norm=",", text=",")
    return Phrase(tokens, phrase.used)


def _per_subject(before: Phrase, after: Phrase, columns: Columns) -> Phrase:
    """What comes after a colon, per what is spoken of before it."""
    who = subject_key(before, columns)
    if not who.names or after.has("per|for each|by|same|each|grouped"):
        return after
    per = before.tokens[0]._replace(kind="word", norm="per", text="per")
    name = per._replace(norm=who.names[0].lower(), text=who.names[0])
    return Phrase((*after.tokens, per, name), after.used)
