"""What a text asks for that lacks what no pipeline can do without, as questions."""

from __future__ import annotations

from collections.abc import Sequence

from .measures import FUNCTIONS
from .numbers import DOWN, UP
from .phrase import Phrase
from .talk import Talk

_TIMES = ("1 minute", "1 hour", "1 day")
_OPEN = (
    (
        r"sessions?|sessioni\w+|visits?",
        "After how long without activity does a session end?",
        ("15 minutes", "30 minutes", "1 hour"),
    ),
    (
        rf"{'|'.join(FUNCTIONS)}|distinct|per window|windows?|aggregate\w*",
        "Over what time is that taken? How long is a window?",
        _TIMES,
    ),
    (
        rf"{UP}|{DOWN}|changes?|changing|moves?|swings?|fluctuat\w+",
        "By how much is it to change, how many times, and within what time?",
        (),
    ),
    (
        r"join|combine|merge|correlate",
        "Which streams or tables are joined, by which columns, and within what time?",
        (),
    ),
    (
        r"split|route|divide|separate|router",
        "By which condition are the rows parted, and where does each part go?",
        (),
    ),
    (r"convert|cast|change the type", "Which column is changed, and to which type?", ()),
    (r"rename", "Which column is renamed, and what is it called then?", ()),
    (r"enrich|look ?up|lookup", "From which table, and by which columns is it joined?", ()),
    (
        r"filter|keep|only|drop|remove|exclude|ignore",
        "Which rows are meant? By which column and value are they known?",
        (),
    ),
    (
        r"count|how many|how often",
        "How many are counted as too many, per what, and within what time?",
        _TIMES,
    ),
    (
        r"alert|notify|warn|page|message|mail|tell|watch|monitor|track|observe|detect|find|spot|"
        r"flag",
        "What is to be looked for? Which events, per what, and within what time?",
        (),
    ),
)
MAX_WORDS = 15


def ask_for_rest(found: Sequence[Phrase], talk: Talk) -> bool:
    """Ask what is missing, where a short text names what it wants but not enough of it."""
    if len(found) > 2:
        return False
    for cue, question, options in _OPEN:
        for phrase in found:
            if len(phrase) <= MAX_WORDS and phrase.has(cue):
                talk.ask(question, options)
                return True
    return False
