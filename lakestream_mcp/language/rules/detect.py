"""Which pattern a clause means: cues in order, and what reads each."""

from __future__ import annotations

from collections.abc import Callable

from .attempts import attempt
from .counting import count_threshold, heartbeat
from .listed import LIST, listed
from .numbers import DOWN, FLAT, METHODS, ODD, UP, outlier, trend
from .occurrences import IN_A_ROW, absence, sequence
from .order_words import NEXT, NONE, NOT_DONE, OF_TIME
from .phrase import Phrase
from .rates import change, is_rate, velocity
from .scene import Made, Scene
from .special import deduplicate, geofence, session
from .states import state_machine
from .streams import correlation
from .words import VAGUE

Builder = Callable[[Scene, Phrase], Made | None]
_STEADY = (
    r"(?:keeps?|kept|keep|steadily|continuously|consistently|constantly|trends?|"
    r"trending|consecutive(?:ly)?|monotonic\w*|straight|in a row|running|"
    r"successive(?:ly)?|each time|every time|#times|continues to|for #num|#num "
    r"(?:readings?|values?|times|measurements?|samples?|events?)|back to back|"
    r"stays|remains|stuck|flatlin\w+)"
)
_MOVE = rf"(?:{UP}|{DOWN}|{FLAT})"
_LIMIT = (
    r"(?:above|below|over|under|to|than|past|beyond) #num(?! (?:\w+ "
    r")?(?:readings?|values?|measurements?|samples?|events?|times|consecutive|"
    r"ticks?))"
)
_SILENT = (
    r"(?:silent|quiet|offline|dark|gone missing|missing(?= (?:for|over|more|longer|>|#dur))|"
    r"vanish\w*|disappear\w*|mute|heartbeats?|heart beats?|unresponsive|"
    r"inactive|stops? \w+ing|stopped \w+ing|no longer|silence|"
    r"not (?:been )?(?:heard|seen|sent|send|report\w*|emit\w*|respond\w*|"
    r"transmit\w*|ping\w*|communicat\w*|checked|updated?|login|logged)|"
    r"(?:no|without|missing|lack of|absence of|any|nothing) ?(?:new |any |"
    r"more )*(?:events?|data|heartbeats?|readings?|messages?|signals?|"
    r"pings?|updates?|activity|telemetry|reports?|rows|records|"
    r"measurements?|metrics?|samples?|fix|contact|sign of life|communication|for|from|received)|"
    r"goes down|down for|"
    r"dead|never|not|no|nobody|no one)"
)
_COUNTED = (
    r"(?:#times|#num|different|distinct|unique|repeated(?:ly)?|many|a lot of|"
    r"several|multiple|frequent\w*)"
)
_SPEND = (
    r"(?:total|sum|spends?|spent|spending|cumulative|combined|transfers?|"
    r"transferred|withdraws?|withdrawn|withdrawals?)"
)
_NEGATIVE = rf"{NONE}|{NOT_DONE}|(?:no|absence of|missing) .*(?:after|of|following|since)"
_HOLDS = (
    r"(?:above|below|over|under|exceed\w*|more than|less than|at least|at most|"
    r"=|>|<|>=|<=|equal to|is|at|(?:with|at|has|whose)(?: an?| the)? \w+(?: of| =| is| at)?) "
    r"(?:#num|#pct|#str|zero)(?: \))? (?:for|longer than)(?: "
    r"(?:more|longer|at|least|than|over|the|last|a|an|full|about))* #dur|"
    r"(?:stuck|sits|sitting|lingers|waiting|left) .* (?:for|longer than|more "
    r"than)(?: (?:more|longer|at|least|than|over|about))* #dur|(?:stays?|stayed|"
    r"remains?|remained|has been|have been|is|are|was|continuously|constantly|"
    r"consistently|still|keeps|sustained|persistently|staying|"
    r"remaining).*(?:above|below|over|under|exceed\w*|more than|less than|"
    r"greater than|higher than|lower than|at least|at most|=|in|stuck|#str|"
    r"\w+).* (?:for|longer than|more than)(?: (?:more|longer|at|least|than|over|"
    r"the|last|a|an|full|about))* #dur"
)

VISITS = (
    r"visits?(?! (?:more|at|over|#num|the|an?|any|>|>=|less|fewer|each|every|different|pages?|"
    r"#str)(?!\S))"
)
"""Visits of somebody, who is not said to visit something."""
_SAME_TIMES = r"(?:same|identical) \w+(?: \w+)? #times.*#dur|#times.* (?:same|identical) \w+.*#dur"

PATTERNS: tuple[tuple[str, Builder], ...] = (
    (
        (
            r"geo ?fences?|geofenced|geofencing|#dist|(?:enters?|leaves?|exits?|"
            r"inside|stays in|leaving|entering)(?: \w+){0,4} (?:zone|area|"
            r"radius|perimeter)|"
            r"(?:enters?|leaves?|exits?|stays|arrives?|parks?|parked|waits|idles|hangs|reaches|"
            r"returns|departs?|gets|drives|is)(?: \w+){1,6} (?:sites?|yard|depot|warehouse|"
            r"premises|"
            r"airport|port|harbou?r|station|city|centre|center|school|home|office|terminal|base|"
            r"factory|plant|region|border|place|location|hub|garage|store)"
        ),
        geofence,
    ),
    (
        (
            r"correlat\w+|(?:on|in|from|of)(?: \w+){0,2} (?:streams?|topics?|"
            r"sources?|feeds?)\b.* (?:on|in|from|of)(?: \w+){0,2} (?:streams?|"
            r"topics?|sources?|feeds?)|(?:both|two) (?:streams|topics|sources|"
            r"feeds)|temporal correlation|"
            r"(?:pair|match up|match) (?:each|every|all|an?|the)?.* (?:with|to|and) .*#dur|"
            r"(?:whichever|in either order|no matter which|regardless of which|in any order|"
            r"any order).*|"
            r"within #dur of (?:each other|one another)|#dur (?:apart|of each other|of one another)"
        ),
        correlation,
    ),
    (
        (
            r"duplicates?|duplicated?|dedupe|dedup|deduplicat\w+|de duplicate|"
            r"repeats|(?:skip|ignore|drop|remove|discard)(?: the| any)? "
            r"repeated|repeated (?:events?|rows?|records?|messages?|"
            r"readings?)|"
            r"repetitions|dupes?|unique (?:events|rows|records|messages|orders|"
            r"transactions)|copies"
        ),
        deduplicate,
    ),
    (
        (
            rf"(?:sessions?|sessionize|sessionise|sessionization|{VISITS})(?= "
            r".*(?:gap|inactiv\w+|idle|silence|timeout|ends?|#dur))|into (?:\w+ "
            r")?sessions?|sessionize|sessionise"
        ),
        session,
    ),
    (
        (
            rf"{METHODS[0][1]}|{METHODS[1][1]}|"
            rf"{METHODS[2][1]}|{ODD}"
        ),
        outlier,
    ),
    (
        (
            rf"(?:{_MOVE}|changes?|moves?|swings?)(?: \w+)?(?: by| of)?(?: (?:at "
            rf"least|more than|over))? (?:#num|#pct|half).*#dur|#dur.*(?:{_MOVE}|"
            r"changes?)(?: by)?(?: (?:at least|more than|over))? (?:#num|#pct)"
        ),
        change,
    ),
    (
        (
            r"from (?:the )?(?:state |status )?(?:#str|\w+) (?:\w+ )?(?:to|into|"
            r"->) (?:#str|\w+)|(?:state|status|stage) (?:#str|\w+) (?:->|to) "
            r"(?:#str|\w+)|state machine|life ?cycle|"
            r"through(?: \w+){0,3} ->|through (?:#str|\w+) (?:,|then) (?:#str|\w+) (?:,|then|and)"
        ),
        state_machine,
    ),
    (rf"(?:{_STEADY}).*{_MOVE}|{_MOVE}.*(?:{_STEADY})|{_MOVE} trend|trend", trend),
    (_HOLDS, absence),
    (_NEGATIVE, absence),
    (_SILENT, heartbeat),
    (rf"{NEXT}|{IN_A_ROW}|preceded by|after|{OF_TIME}", sequence),
    (
        (
            r"#num(?: \w+){1,3} #dur|"
            r"#num.*(?:per|every|each|/|a|an) #dur|(?:rate|volume|traffic|"
            r"throughput|frequency|number of|count).*(?:doubles?|triples?|"
            r"halves|increases?|jumps?|rises?|spikes?|drops?|falls?|surges?|"
            r"changes?)"
        ),
        velocity,
    ),
    (rf"{_SPEND}.*#num|#num.*{_SPEND}", velocity),
    (_COUNTED, count_threshold),
    (rf"{NEXT}|->|before|after|preceded", sequence),
    (LIST, listed),
)


def pattern(scene: Scene, phrase: Phrase) -> Made | None:
    """The pattern of a clause; None where it is none, or where a question was asked."""
    for cue, builder in PATTERNS:
        if not phrase.has(cue) or not _fits(builder, phrase):
            continue
        made = attempt(scene, phrase, builder)
        if made is not None:
            return made
    return None


def _fits(builder: Builder, phrase: Phrase) -> bool:
    """What a cue alone cannot say."""
    if builder is trend:
        if phrase.has(_SAME_TIMES):
            return False
        return not phrase.has(_LIMIT) or phrase.has(r"trend|keeps|consecutive\w*")
    if builder is heartbeat:
        return phrase.has(
            "#dur", "heartbeats?|silent|quiet|offline|unresponsive|silence"
        ) and not phrase.has(r"then|followed by|#num")
    if builder is velocity:
        return is_rate(phrase) or phrase.has(_SPEND) or not phrase.has("#num")
    if builder is count_threshold:
        return not phrase.has(r"(?:a|an|the|every|per|over) #pct")
    return True


def vague(phrase: Phrase) -> str | None:
    """A word for an amount that nobody can act on, as a question."""
    for word, question in sorted(VAGUE.items(), key=lambda pair: -len(pair[0])):
        if phrase.has(rf"(?<!more ){word}(?! than)"):
            return question
    return None
