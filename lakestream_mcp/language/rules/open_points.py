"""What a text names and a draft has not: asked, since nobody said enough of it to build it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .measures import FUNCTIONS
from .phrase import Phrase

_SUMMED = ("window-aggregate", "session", "outlier", "custom-sql", "map-select", "sql-aggregate")
_MESSAGES = ("slack-teams-pagerduty", "email-sink", "rest-webhook-sink", "kafka-topic-sink")
_ODD = ("outlier", "data-quality-expectations", "dead-letter-queue", "split-router")
_LOOKED_FOR = ("count-threshold", "velocity", "sequence", "absence", "outlier", "geofence", "trend")
_VALUED = (_ODD, _LOOKED_FOR)
"""Points that a number, a time or a text settles."""
OWN_CODE = (
    r"python|own code|(?:my|our|an? own) (?:own )?(?:\w+ )?(?:code|logic|script|class|function|"
    r"processor|operator|udf|statefulprocessor|algorithm)|statefulprocessor|stateful processor|"
    r"custom (?:\w+ )?(?:pattern|processor|code|operator|function|udf|logic|script|class)|"
    r"pandas|pyspark|scala|transformwithstate"
)
"""What only an author can write."""
_POINTS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        r"sessioni\w+|user sessions|(?:into|in) sessions",
        ("session", "window-aggregate"),
        "After how long without activity does a session end?",
    ),
    (
        OWN_CODE,
        (),
        "Which code? Custom code is no sentence: add a node `custom-python-udf` with it.",
    ),
    (
        r"suspicious\w*|weird|strange|abnormal\w*|bad|interesting",
        _ODD,
        "What makes a row so? Which column, compared with what?",
    ),
    (
        r"brute force|credential stuffing|account takeovers?|impossible travel|fraud\w*|attacks?|"
        r"abuse|bots?",
        _LOOKED_FOR,
        "What makes it so? How many of which events, within what time?",
    ),
    (
        r"(?:write|send|publish|put|append|push|output|post|stream|forward)(?: \S+){0,12} "
        r"(?:in)?to kafka(?! (?:topic|at|on|#\w+|\(|,|:|@|[a-z_]\w*))",
        (),
        "To which Kafka topic are rows written, and at which servers?",
    ),
    (
        r"(?:write|save|store|put|append|log|persist|insert|keep)(?: \S+){1,6}? (?:in|to|into) "
        r"(?:an?|some|another) (?:new )?(?:delta )?table(?= [.;,!]|$)",
        (),
        "Into which table? Say its name, `catalog.schema.table`.",
    ),
    (
        r"(?:to|via|by|call) (?:an?|the|our|my|some) (?:http |rest )?(?:webhook|endpoint|api)"
        r"(?= [.;,!]|$)",
        ("rest-webhook-sink",),
        "To which address are rows posted? Say the URL of the webhook.",
    ),
    (
        r"(?:send|sends|write|get|by|via|an?) (?:an? )?(?:e ?mail|mail)s?"
        r"(?= (?:when|if|whenever|;))",
        ("email-sink",),
        "To which address is mail sent?",
    ),
    (
        r"(?:join\w*|correlat\w*|merge\w*|combine\w*)(?: \w+){0,4} (?:the |an)other "
        r"(?:stream|table|topic|source)",
        (),
        "Which stream or table is the other side of the join, and by which columns?",
    ),
    (
        r"(?:drop|discard|exclude|throw away|skip|ignore) (?:it|them|those|these|this|that)",
        (
            "filter",
            "data-quality-expectations",
            "deduplicate",
            "map-select",
            "split-router",
            "dead-letter-queue",
            "match-recognize",
        ),
        "Which rows are to be dropped? Say for example `drop rows where amount < 0`.",
    ),
    (
        r"struct <",
        (),
        "Columns inside of others are no sentence: give the columns as `schema`.",
    ),
    (
        r"by group|per group",
        (),
        "By which column are rows grouped? `group` is none.",
    ),
    (
        r"nothing (?:happens|follows|else (?:happens|follows|comes))|then nothing|no follow ?up",
        ("absence", "heartbeat"),
        "Within what time must something happen, and what?",
    ),
)
_FEW = 5
"""Words of a point among which a column's name makes it something else."""
_NOBODY = (
    r"(?:notify|alert|tell|inform|warn|page|message|let|contact|call)(?: \w+){0,1}? "
    r"(?:somebody|someone|anyone|anybody|whoever \w+)(?! on (?:slack|teams|call))"
)
"""People who are to be told, and nobody says who or how."""
_COMPUTED = (
    r"(?:compute|calculate|then|write|get)(?: (?:the|an?))* (?:average|avg|mean|sum|total|maximum|"
    r"max|minimum|min) (?:of )?(?:the )?\w+ (?:per|by|for each)"
)
_TOTAL = rf"(?:{'|'.join(FUNCTIONS)}) (?:of )?(?:the )?\w+ (?:per|by|for each)"


_ANY_TIME = (
    r"(?:no|without|any|unlimited|whatever) (?:an? |any )?"
    r"(?:time|limit|time ?limit|window|deadline)|"
    r"however long|no matter (?:how|when)|at any time|any time|whenever after|ever|eventually|"
    r"some ?time|sooner or later|forever|unbounded"
)
UNTIMED = "Within what time must the steps come? Say `within 10 minutes`, or `no time limit`."


def is_untimed(config: Mapping[str, Any], phrase: Phrase) -> bool:
    """Whether the steps of a sequence may come years apart, and nobody said so."""
    steps = [s for s in config.get("steps") or () if isinstance(s, dict)]
    later = [s for s in steps[1:] if s.get("contiguity") != "strict"]
    timed = config.get("within") or any(s.get("within") for s in steps)
    return bool(later) and not timed and not phrase.has(_ANY_TIME)


def open_point(phrase: Phrase, types: Collection[str], columns: Collection[str]) -> str | None:
    """What must be asked of a text whose draft has nodes of these types."""
    for cue, wanted, question in _POINTS:
        found = phrase.find(cue)
        named = (
            found
            and found.end - found.start < _FEW
            and {t.norm for t in phrase.tokens[found.start : found.end]} & {*columns}
        )
        told = wanted in _VALUED and phrase.has(r"#(?:num|dur|str|times|pct)")
        if found and not named and not told and not {*wanted} & {*types}:
            return question
    if phrase.has(_NOBODY) and not {*_MESSAGES} & {*types}:
        return "Who is to be told, and how: Slack, Teams, PagerDuty or an e-mail address?"
    if phrase.has(r"sessioni\w+") and not phrase.has("#dur"):
        return _POINTS[0][2]
    summed = {*_SUMMED, "velocity", "sequence"} & {*types}
    if phrase.has(_COMPUTED) and phrase.has("#dur") and not summed:
        return "What is to be summed up, and over which time? I did not understand it."
    if phrase.has(_TOTAL) and not phrase.has("#dur") and not {*_SUMMED} & {*types}:
        return "Over which window of time? How long is it?"
    return None
