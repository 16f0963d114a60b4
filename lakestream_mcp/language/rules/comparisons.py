"""How plain English compares: cues and what they mean."""

from __future__ import annotations

AUX = (
    r"(?:(?:that|which|who|it|value|reading|level|is|are|was|were|be|been|being|has|have|had|gets"
    r"|get|goes|go|went|becomes|become|stays|stay|remains|remain|reaches|hits|ever|rises|rise"
    r"|climbs|climb|jumps|drops|drop|falls|fall|dips|dip|sinks|shoots|"
    r"spikes|spike|runs|by|to|does|do|will|at|a|an|the|of|moves) )*"
)
NOT = r"(?P<not>not |never |no longer )?"

ORDERED = (
    (
        ">=",
        r"at or above|on or above|at or over|at least|no less than|no fewer "
        r"than|no lower than|minimum of|minimum|min|>=|from"
        r"|(?:greater|more|higher|larger) than or equal to|equal to or (?:greater|more) than",
    ),
    (
        "<=",
        r"at or below|at or under|at most|no more than|no greater than|no "
        r"higher than|no larger than|up to|maximum of"
        r"|maximum|max|<=|(?:less|fewer|lower|smaller) than or equal to"
        r"|equal to or (?:less|lower) than|not exceeding|atmost",
    ),
    (
        ">",
        r"(?:more|greater|higher|larger|bigger|hotter|longer|older|heavier|"
        r"faster|warmer|quicker|wider|taller|deeper|stronger) (?:than|then)"
        r"|over|above|exceed|exceeds|exceeded|exceeding|excedes|beyond|>|"
        r"past|upwards of|in excess of"
        r"|surpass|surpasses|surpassing|top|tops|topping|crosses|crossing|passes|breaches",
    ),
    (
        "<",
        r"(?:less|fewer|lower|smaller|colder|shorter|younger|slower|cooler) (?:than|then)"
        r"|under|below|beneath|<|underneath",
    ),
)
"""Comparisons of numbers, longest meaning first."""
AFTER = (
    (
        ">=",
        (
            r"or (?:more|higher|above|greater|over|larger|up|later)|and "
            r"(?:above|up|over|higher)|plus|\+"
        ),
    ),
    ("<=", r"or (?:less|fewer|lower|below|under|smaller)|and (?:below|under|lower)"),
)
"""What may come after a number instead: `5 or more`."""
EQUAL = (
    r"equal to|equals|equal|exactly|=|is|are|was|were|matches|set to|becomes|became|named|called|"
    r"of|as|being"
)
UNEQUAL = (
    r"!=|other than|different from|anything but|except|excluding|differs from|"
    r"is not|are not|was not|not equal to|not|(?:is |are |was )?(?:none of|neither)|"
    r"is anything other than|is anything but"
)
NULL = r"(?:missing|empty|null|blank|unset|unknown|absent|not set|not given|not present)"
SET = (
    r"(?:present|set|known|given|filled|filled in|non null|non empty|not null|"
    r"not empty|not missing|not blank)"
)
LIKE = (
    (
        "start",
        r"starts with|start with|starting with|begins with|begin with|beginning with|prefixed with",
    ),
    ("end", r"ends with|end with|ending with|ends in|ending in"),
    ("hold", r"contains|contain|containing|includes|including|mentions|mentioning|has the word"),
    ("like", r"like|matches(?= #str)|matching(?= #str)|is like"),
)
SLOW = r"slower (?:than|then)"
QUICK = r"(?:faster|quicker) (?:than|then)"
"""Of a time, what is slower takes more of it."""
VALUE = r"(?:#num|#pct|#dur|#times)"
NEGATED = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
