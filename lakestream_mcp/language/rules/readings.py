"""Which of two readings of a text is its draft: by its clauses, or by what stands in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from ..proposal import Draft
from .building import build
from .detect import vague
from .drafts import NOWHERE, concluded, with_places
from .flow import Flow
from .grouping import UNLESS
from .marks import is_itemised
from .mistakes import (
    is_another,
    is_keyless,
    is_misplaced,
    is_parted_off,
    is_ruled_out,
    is_ungrouped,
    mistaken,
    stacked,
    unheld,
    unsummed,
)
from .names import Columns
from .open_points import OWN_CODE, UNTIMED, is_untimed, open_point
from .phrase import Phrase
from .reader import Reader
from .talk import Talk
from .tokens import Token, clean, tokenise
from .type_names import BUILT, NAMED, QUALITY

if TYPE_CHECKING:
    from ..proposal import Request

_THERE = r"to|into|->|goes?|#name|#url|#mail|#path|slack|teams|pager ?duty|kafka|topics?|tables?"
_OTHERS = (
    r"(?:everything else|the rest|rest|(?:all |the )?others|otherwise|else)(?: \w+){0,2} "
    rf"(?:{_THERE})|(?:good|valid|clean|correct|proper|normal) (?:ones|rows|records|events)"
    rf"(?: \w+){{0,2}} (?:{_THERE})"
)
_TWO_FLOWS = (
    r"-> (?:(?:the|a|kafka|topic|table|delta) )*(?:#name|#url|#mail|slack|teams|pager ?duty)"
    r"(?: #channel)? (?:,|;|\.|and)(?: \S+){3,24}? -> (?:(?:the|a|kafka|topic|table|delta) )*"
    r"(?:#name|#url|#mail|slack|teams|pager ?duty)"
)
_RULE = (
    r"(?:rule|branch|path|flow|case|alert|pattern|check)s? (?:#num|[a-e]|one|two|three) ?(?:,|:|-)"
)
_BRANCHED = rf"{_RULE} (?:\S+ ){{2,60}}?{_RULE}"
_AFTERTHOUGHT = (
    r"(?:#name|topic [a-z_]\w*)(?: (?:at|on) #host)?(?: (?:,|;|\.|and|also))+ (?:please )?"
    r"(?:mail|e ?mail|alert|notify|page|tell|warn|inform|post|slack|teams|send)(?: \S+){0,5}? "
    r"(?:when|whenever|if)"
)
_COPIED = r"(?:;|\.) all rows to (?:#name|#path|topic)|^all rows to (?:#name|#path|topic)"
_FROM_TOPIC = r"from (?:the |our |a )?(?:kafka )?topics? (?P<t>[a-z_]\w*|#\w+)"
_TOPICS = ("kafka-topic", "mqtt", "cdc-stream", "google-pubsub")
_MISPLACED = "Which columns has each of the sources? Tell them right behind its name."
MOST_TOLD = 3
"""Words that a value may have which nobody put in quotes."""
_ENDS = (
    "-source", "-sink", "-topic", "-pagerduty", "-queue", "-simulator", "-kinesis", "-stream",
    "mqtt", "auto-loader", "google-pubsub",
)  # fmt: skip
_LOOKED_FOR = r"rising|falling|clean|unusual|outliers?|anomal\w+|spikes?|trends?|bursts?|sessions?"
_HELD_AGAINST = (
    r"(?:more|less|higher|lower|greater|larger|smaller|bigger|fewer) than|twice|double|previous|"
    r"whenever|(?:only|just) (?:if|when|where)"
)
_PARTED = (
    r"(?:everything else|the rest|rest|others|remaining(?: ones)?|otherwise)(?: \w+){0,2} "
    rf"(?:{_THERE})|(?:bad|invalid|failing|broken|good|valid|clean|correct|proper|normal)"
    r"(?: \w+)? (?:to|into|in|->|goes?)|"
    r"(?:those|ones) (?:\S+ ){1,8}?also|rout(?:e|es|ing)|data quality|quality|expectations?|"
    r"violat\w*|"
    r"validat\w*|expect|ensure|quarantin\w*|(?:otherwise|or) (?:drop|warn|fail)|"
    r"(?:drop|warn|fail) :"
)
"""Words by which rows part ways: what is told of each place counts, wherever it stands."""


def better(request: Request, tokens: Sequence[Token], columns: Columns, draft: Draft) -> Draft:
    """The draft of the clauses, or that of a second reading where it has more of what was said."""
    if draft.refusal:
        return draft
    sound = _is_sound(request, tokens, columns, draft)
    if not sound or _is_unplaced(draft):
        other = _second(request, tokens, columns)
        if other is not None and not (sound and _is_unplaced(other)):
            draft = other
        elif not sound:
            draft = _unsure(request, tokens, columns, draft)
    return _asked(request.text, tokens, columns, draft)


def _unsure(request: Request, tokens: Sequence[Token], columns: Columns, draft: Draft) -> Draft:
    """The draft, or a question about what is said and is not in it."""
    from ..slots import contradictory, invented, loose, plain, unsaid

    told = [t for t in plain(tokens, columns.types) if t.kind != "num" or t.value != 1]
    phrase, talk = Phrase(told), Talk()
    if not draft.changes:
        return draft
    said = [*unsaid(told, draft.changes, columns.numeric()), *_unbuilt(phrase, draft)]
    said += [*unheld(draft, phrase, columns), *unsummed(draft, phrase, columns)]
    if not said and is_ungrouped(draft):
        said = unsaid(told, draft.changes, columns.key_candidates())
    types = {c.node.type for c in draft.changes if c.op == "add_node"}
    if said:
        talk.ask(f"I did not understand {', '.join(f'`{w}`' for w in said[:6])}. What is meant?")
    elif is_keyless(draft, phrase):
        talk.ask("Per what is the pattern meant?", columns.of_type("string"))
    elif _merges_ways(Phrase(tokens), draft, "dead-letter-queue") or stacked(draft, request):
        talk.ask("Which rows go where? I did not understand by what they part.")
    elif is_misplaced(draft, Phrase(tokens)):
        talk.ask(_MISPLACED)
    elif contradictory(draft.changes) or loose(draft.changes) or is_another(draft, types, phrase):
        talk.ask("I am not sure what is to be found. Can you say it in other words?")
    elif not columns.open and invented(request.text, draft.changes, columns.types, MOST_TOLD):
        talk.ask("Some words are no values that I know. Which column says so, and by what value?")
    return Draft(assumptions=draft.assumptions, questions=talk.asked()) if talk.questions else draft


def whole(draft: Draft, phrase: Phrase, columns: Columns) -> Draft:
    """A draft whose rows come from where a text says, and that has all of it; else a question."""
    from ..slots import plain, unsaid

    if not draft.changes:
        return draft
    talk = Talk()
    left = unsaid(plain(phrase.tokens, columns.types), draft.changes, columns.numeric())
    if is_misplaced(draft, phrase):
        talk.ask(_MISPLACED)
    elif left:
        talk.ask(f"I did not understand {', '.join(f'`{w}`' for w in left[:6])}. What is meant?")
    return Draft(assumptions=draft.assumptions, questions=talk.asked()) if talk.questions else draft


def _merges_ways(phrase: Phrase, draft: Draft, *apart: str) -> bool:
    """Whether a text says where the other rows go, and a draft has one way to several places."""
    types = {c.node.id: c.node.type for c in draft.changes if c.op == "add_node"}
    sinks = {n for n, t in types.items() if t.endswith(("-sink", "-pagerduty", "-queue"))}
    ways = {"split-router", QUALITY, *apart} & {*types.values()}
    fed = {c.source for c in draft.changes if c.op == "connect" and c.target in sinks}
    if len(sinks) < 2 or ways:
        return False
    steps = [t for t in types.values() if not t.endswith(_ENDS)]
    edges = [(c.source, c.target) for c in draft.changes if c.op == "connect"]
    filtered = {target for source, target in edges if types.get(source) == "filter"}
    if len(fed) < 2 and filtered - sinks and phrase.has(_AFTERTHOUGHT):
        return True
    if len(fed) < 2 and (phrase.has(_BRANCHED) or (steps and phrase.has(_COPIED))):
        return True
    return phrase.has(_OTHERS) or (len(fed) < 2 and phrase.has(_TWO_FLOWS))


def _unbuilt(phrase: Phrase, draft: Draft) -> list[str]:
    """What a text names by its type, and a draft has no node of."""
    types = {c.node.type for c in draft.changes if c.op == "add_node"}
    named = [phrase.find(cue) for name, cue in NAMED.items() if name not in types]
    named += [] if _denies(draft) else [phrase.find(UNLESS)]
    named += [] if types & {*_TOPICS} else [phrase.find(_FROM_TOPIC)]
    return [phrase.part(f.start, f.end).said() for f in named if f is not None]


def _denies(draft: Draft) -> bool:
    """Whether some rows are told not to count."""
    told = [str(c.node.config) for c in draft.changes if c.op == "add_node"]
    return any(
        sign in config for config in told for sign in ("NOT ", "<>", "negated", "quarantine")
    )


def _asked(said: str, tokens: Sequence[Token], columns: Columns, draft: Draft) -> Draft:
    """The draft, or a question about what the text names and the draft has not."""
    types = {c.node.type for c in draft.changes if c.op == "add_node"}
    phrase, talk = Phrase(tokens), Talk()
    question = None if draft.changes else _amount(phrase)
    if question is None and (draft.changes or phrase.has(OWN_CODE)):
        question = open_point(phrase, types, columns.types)
    if question is None and _is_idle(phrase, types):
        question = "What is to be done with the rows, or which of them are meant?"
    whole_text = Phrase(tokenise(clean(said)))
    configs = [c.node.config for c in draft.changes if c.op == "add_node"]
    if question is None and any(is_untimed(config, whole_text) for config in configs):
        question = UNTIMED
    if question is None:
        return draft
    talk.ask(question)
    asked = {q.text: q for q in (*draft.questions, *talk.asked())}
    return Draft(assumptions=draft.assumptions, questions=tuple(asked.values()))


def _is_idle(phrase: Phrase, types: Collection[str]) -> bool:
    """Whether rows are only passed on by a text that speaks of how they move, or of their odds."""
    steps = [t for t in types if not t.endswith(_ENDS)]
    return bool(types) and not steps and phrase.has(f"{_LOOKED_FOR}|{_HELD_AGAINST}")


def _amount(phrase: Phrase) -> str | None:
    """What is asked of a silence without a time, or a word for an amount that nobody can act
    on."""
    told = vague(phrase)
    if told is None and phrase.has(NAMED["heartbeat"]) and not phrase.has("#dur"):
        return "After how long a silence is it lost?"
    return f"{told[0].upper()}{told[1:]} Give a number." if told else None


def _second(request: Request, tokens: Sequence[Token], columns: Columns) -> Draft | None:
    """The draft of the second reading; None where it asks, or has not all that was said."""
    from ..slots import plain, second_reading, steps_by_clauses

    tokens, known = plain(tokens, columns.types), dict(columns.types)
    talk = Talk()
    reader = second_reading(request, tokens, columns, talk)
    made = _whole(request, tokens, columns, talk, reader, []) if reader else None
    if made is not None:
        return made
    talk, columns = Talk(), Columns(known, True)
    found = steps_by_clauses(request, tokens, columns, talk)
    return _whole(request, tokens, columns, talk, *found) if found else None


def _whole(
    request: Request,
    tokens: Sequence[Token],
    columns: Columns,
    talk: Talk,
    reader: Reader,
    parts: list[Phrase],
) -> Draft | None:
    """The draft of what was read; None where it asks, or has not all that was said."""
    from ..slots import contradictory, invented, loose, miscounted, unsaid

    with_places(reader, columns, talk)
    flow = Flow(request.document, request.catalog)
    build(flow, reader.found, columns, talk)
    draft = concluded(flow, parts, talk)
    missing = unsaid(tokens, draft.changes, columns.types)
    made_up = invented(request.text, draft.changes, columns.types)
    spared = Phrase(tokens).has(UNLESS) and not _denies(draft)
    types = {c.node.type for c in draft.changes if c.op == "add_node"}
    spared = spared or _merges_ways(Phrase(tokens), draft)
    unnamed = any(n not in types and Phrase(tokens).has(NAMED[n]) for n in BUILT)
    wrong = missing or made_up or spared or unnamed or contradictory(draft.changes)
    wrong = wrong or loose(draft.changes)
    wrong = wrong or miscounted(Phrase(tokens), draft.changes)
    wrong = wrong or is_ruled_out(draft, types, Phrase(tokens))
    wrong = wrong or unheld(draft, Phrase(tokens), columns)
    wrong = wrong or unsummed(draft, Phrase(tokens), columns)
    return None if draft.questions or wrong else draft


def _is_unplaced(draft: Draft) -> bool:
    """Whether rows go where nobody said."""
    return any(c.op == "add_node" and c.node.config == NOWHERE for c in draft.changes)


def _is_sound(request: Request, tokens: Sequence[Token], columns: Columns, draft: Draft) -> bool:
    """Whether a draft has all that was said, and nothing that was not."""
    from ..slots import contradictory, invented, loose, miscounted, plain, unsaid

    itemised = is_itemised(tokens) or _merges_ways(Phrase(tokens), draft)
    if not draft.changes or stacked(draft, request) or itemised:
        return False
    tokens = plain(tokens, columns.types)
    wrong = contradictory(draft.changes) or loose(draft.changes)
    if wrong or miscounted(Phrase(tokens), draft.changes) or Phrase(tokens).has(_PARTED):
        return False
    types = {c.node.type for c in draft.changes if c.op == "add_node"}
    if any(Phrase(tokens).has(cue) and name not in types for name, cue in NAMED.items()):
        return False
    spared = Phrase(tokens).has(UNLESS) and not _denies(draft)
    said = Phrase(tokens)
    if spared or mistaken(draft, types, said) or is_misplaced(draft, said):
        return False
    if is_parted_off(draft, said) or unheld(draft, said, columns) or unsummed(draft, said, columns):
        return False
    made_up = invented(request.text, draft.changes, columns.types)
    return not made_up and not unsaid(tokens, draft.changes, columns.types)
