"""What is well understood and cannot be built as it was said; it is asked about, never dropped."""

from __future__ import annotations

from collections.abc import Collection

from .clocks import OPEN_HOURS
from .phrase import Phrase

_MOST = r"highest|most|largest|biggest|lowest|fewest|best|worst|greatest|smallest|least"
ASKED = (
    (
        rf"(?:top|bottom|best|worst|first) #num(?! (?:seconds|minutes|rows|events))|"
        rf"the #num (?:{_MOST}|busiest|top)|rank\w*|leader ?board|"
        rf"\w+ with the (?:{_MOST})(?: \w+)? (?:total|number|count|sum|amount|average|\w+s)|"
        rf"(?:which|the) \w+ (?:has|have|had|with|sells|spends|makes) the (?:{_MOST})|"
        rf"the (?:{_MOST}) \w+ed \w+|busiest|most (?:active|popular|frequent|traded|used|visited)",
        "No node ranks its rows. Shall the value be computed per key and window, and be ranked "
        "where it is read? Say for example `sum of amount per merchant every hour`.",
    ),
    (
        r"percentiles?|p ?(?:50|75|90|95|99|999)|medians?|quantiles?|#num (?:th|st|nd|rd) "
        r"percentile",
        "Windows know no percentiles. Shall it be the average or the maximum, or a count of the "
        "values above a limit?",
    ),
    (
        r"(?:more than|over|at least|less than|under|above|below|exceeds?|#pct) ?(?:#pct )?of"
        r"(?: (?:all|the|its|their))* (?:events|rows|orders|payments|requests|logins|transactions|"
        r"trades|clicks|readings|users|messages|calls|sessions)|(?:share(?= of)|proportion|"
        r"fraction|percentage|ratio|error rate|failure rate|success rate|conversion rate|decline "
        r"rate)(?: of)?",
        "A share of all rows is nothing that a node compares. How many are too many, as a number, "
        "and within what time?",
    ),
    (
        r"(?:#num|#times|#factor|#pct)(?: (?:times|more|higher|larger|bigger|lower|above|below|"
        r"over|than|as|much|large|big|high|the|its|their|an?))* (?:average|mean|avg)(?: \w+){0,4} "
        r"(?:over|in|of|for|during|within) (?:the )?(?:last |past |previous )?#dur",
        "Single rows are not held against the average of a time. What is to be averaged: how many "
        "rows before? Say for example `10 times the average of the 20 payments before it`.",
    ),
    (
        OPEN_HOURS,
        "Which hours are meant? Say for example `between 9:00 and 17:00`, or `on weekends`.",
    ),
)


_CHOSEN_SESSION = (
    r"(?:sessions?|visits?)(?: (?![;.])\S+){0,4}? (?:with|have|has|having|contain\w*|includ\w*)"
    r"(?: (?:at least|more than|no|any|an?|#num|one))+(?: (?![;.])\S+){0,3}? #str|"
    r"(?:sessions?|visits?)(?: (?![;.])\S+){0,10}? (?:contain\w*|includ(?:e|es|ing))"
    r"(?: (?![;.])\S+){0,4}? #str"
)
_NOT_CHOSEN = (
    "No session is chosen by what is among its rows. Are only such rows to count, or is it a "
    "sequence that is looked for?"
)


def unsupported(phrase: Phrase, columns: Collection[str]) -> str | None:
    """What has to be asked of a clause that says more than there are nodes for."""
    if phrase.has(_CHOSEN_SESSION):
        return _NOT_CHOSEN
    names = {name.lower() for name in columns}
    for cue, question in ASKED:
        for found in phrase.all(cue):
            if not names & {t.norm for t in phrase.tokens[found.start : found.end]}:
                return question
    return None
