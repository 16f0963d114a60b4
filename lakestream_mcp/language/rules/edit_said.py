"""What the words of a clause are to an edit: nodes, an old value, a way to change; or only talk."""

from __future__ import annotations

from typing import NamedTuple

from .event_kinds import stem
from .flow import Flow
from .names import parts_of, singular
from .phrase import Phrase
from .references import References
from .words import STOP, word_set

ALSO = (
    r"also|too|as well|additionally|in addition(?: to)?|additional|another|more|plus|besides|"
    r"on top|extra|further|besides|next to|along with|together with"
)
OLD = (
    r"(?:,|and|but)*(?: ?(?:and|but))? ?(?:instead of|rather than|in place of|in lieu of|"
    r"not(?! only| null| empty| missing)|no longer(?! than)|replacing|and no more|other than)"
)
NEW_NODE = (
    r"(?:(?:please|also|and|then|we|should|must|i|want|to|can|you|could) )*"
    r"(?:add|insert|put|place|append|create|attach|introduce|need)"
    r"(?: in)? (?:an?|another|one more|one|new|the new)"
    r"(?! (?:more|new)? ?(?:recipient|address|column|step|event|topic|key|stream|mail\b))"
)
INTO = r"(?:(?:also|and|then) )*(?:to|into)(?: (?:the|a|another|kafka))* (?:topic|kafka)"
"""`to the topic x`: where rows go, and not where they come from."""
_REMOVES = r"(?:please )?(?:delete|remove|get rid of|take out|throw out|drop)"
DETECTS = (
    r"(?:(?:also|additionally|in addition|furthermore|and|besides)(?: ,)? )+"
    r"(?:detect|find|flag|spot|discover|identify|watch for|look for|(?:alert|warn) (?:when|if|on))|"
    r"(?:alert|warn|notify)(?: me| us)? (?:also|additionally)(?: when| if| on)|"
    r"(?:please )?(?:detect|find|flag|spot|discover|catch)(?: [a-z]\S*){1,6} "
    r"(?:too|also|as well|additionally)(?= (?::|,|-|when|if|with|where))"
)
"""What is to be detected beside what is there."""
RELATIVE = (
    r"by (?:a |another )?(?:#num|#pct|#dur|#factor)|(?:#times|#factor) (?:the|as|that|what)|"
    r"(?:#num|#dur|#times)(?! or)(?: [a-z]+){0,2} "
    r"(?:more|less|fewer|longer|shorter|higher|lower|extra)"
    r"(?! than| recipients?| columns?| steps?)|"
    r"#pct (?:more|less|fewer|longer|shorter|higher|lower|up|down|larger|smaller)|"
    r"(?:add|take|subtract) (?:#dur|#num) (?:to|off|from)"
)
"""How much more or less than now, not how much."""
PLAIN = word_set(
    "pls plz think guess complete completed finish finished done anyway then need want use "
    "expect fire trigger wait take instead window windows per them rule alarm require "
    "required should must already enough time limit make set change increase decrease raise "
    "lower reduce bump put cut extend widen narrow shorten adjust turn allow allowed permit "
    "new now today tomorrow on from onward onwards start begin becomes become move moved "
    "switch switched let have has get gets give point go goes live lives call called name "
    "named read reads write writes store stored save saved send sent sending come comes "
    "consume listen subscribe look watch only just rather longer any anymore please long "
    "apart total whole entire thing happen less fewer least most than more over under above "
    "below up to within inside during between min max minimum maximum exactly strictly strict "
    "different other value values reading readings event events field column text say says "
    "saying shall ought needs will be is are was it its this that consider count counted "
    "counting group grouped grouping key keyed by for of at and or but so last lasts pattern "
    "node step steps filter filters source sink transform detector detection condition "
    "everything all each every pass passes through me us i we you they kindly better do does "
    "not no yes configure configured setting settings parameter level detect detects keep "
    "keeps kept remember remembers until after before later late arrive may might can could "
    "would row rows record records data update updated modify edit there here same way "
    "actually really maybe also too well addition additionally quite alert alerts alerting "
    "notify report reports output outputs result results match matches lookup tolerate "
    "tolerated tolerates accept accepts accepted going forward future effect immediately "
    "effective as hear heard know told about belong belongs part means meant possible needed "
    "soon removed ignored suppressed forgotten dropped stay stays stick remain in one ones "
    "numbers figures react reacts respond removing filtering ids size sized broker land lands "
    "dump written into"
)


_NEAR = 5


class Mention(NamedTuple):
    """Nodes that words name, and where the words are."""

    nodes: list[str]
    start: int
    end: int


def mentions(phrase: Phrase, references: References) -> list[Mention]:
    """The nodes that a phrase names, in order."""
    found, at = [], 0
    while at < len(phrase):
        nodes, end = references.named(phrase, at)
        if nodes and phrase.tokens[at].kind in ("word", "str", "name"):
            found.append(Mention(nodes, at, end))
            at = end
        else:
            at += 1
    return found


def removes_node(phrase: Phrase, found: list[Mention], flow: Flow) -> bool:
    """`delete the filter and …`: whether a node that is there is to go."""
    near = [n for m in found if m.start < _NEAR for n in m.nodes]
    return bool(phrase.at(_REMOVES)) and any(flow.category(n) != "source" for n in near)


def outside(phrase: Phrase, found: list[Mention]) -> Phrase:
    """The phrase without the names of nodes."""
    taken = {place for m in found for place in range(m.start, m.end)}
    kept = [t for n, t in enumerate(phrase.tokens) if n not in taken]
    return Phrase(kept, phrase.used)


def is_plain(word: str) -> bool:
    """Whether a word only says that something is to be otherwise."""
    return word in STOP or word in PLAIN or singular(word) in PLAIN or stem(word) in PLAIN


def told(phrase: Phrase, known: set[str]) -> bool:
    """Whether all words are known by their stems, or only talk."""
    return all(
        t.kind != "word" or is_plain(t.norm) or bool(stems(t.norm) and stems(t.norm) <= known)
        for t in phrase.tokens
    )


def stems(text: str) -> set[str]:
    """The words of a text, without endings."""
    return {stem(part) for part in parts_of(text)}
