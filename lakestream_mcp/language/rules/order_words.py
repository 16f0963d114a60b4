"""How plain English puts events in order: cues for what comes next, and for what does not come."""

from __future__ import annotations

NEXT = (
    r"(?:, )?(?:(?:and|but|is|are|was|were|that|which|it|they|immediately|"
    r"directly|eventually|soon|closely) )*"
    r"(?P<how>(?:immediately |directly |straight |right |strictly "
    r")?followed (?:immediately |directly |up |straight )*by|(?:immediately "
    r"|directly |right )?then(?: immediately| directly)?|after that|after "
    r"which|afterwards?|subsequently|"
    r"->|before|later|next|finally|thereafter|succeeded (?:immediately |"
    r"directly )?by|leads to|lead to|immediately after that)"
    r"(?: (?:finally|later|immediately|directly|by|has|have|comes|there is|"
    r"it|they|we see|also|the very next|right away|next))*"
)
BACK = (
    r"(?:(?:is|are|was|immediately|directly|right|shortly|that|which|comes|"
    r"happens) )*(?:preceded by|after|following|right after)"
)
NONE = (
    r"(?:, )?(?:(?:and|but|is|are|was|were|then|with|that|which|there is|there are|it|has) )*"
    r"(?:(?:not|never) (?:immediately |directly )?followed (?:up )?by(?: "
    r"an?| any| the)?|followed by no(?:t)?|followed by the absence of|then "
    r"no|but not|and not|and no|, no|with no|but no|(?:and |but )?(?:nobody|no one)|"
    r"without(?: an?| any| "
    r"the| ever)?|no|absence of|lacking)"
    r"(?: (?:a|an|any|corresponding|matching|subsequent|following|further|"
    r"single|other|being|ever|having|getting|seeing|receiving|to))*"
)
NOT_DONE = (
    r"(?:(?:and|but|,|that|which|who) )*(?:(?:is|are|was|were|has|have|had|"
    r"does|do|did|it|they|will|can|then) )*"
    r"(?P<not>not|never)(?: (?:been|be|get|gets|got|yet|actually|ever|being|then))*"
)
WHOSE = r"user|card|ip|host|device|customer|account|client|sensor|merchant|machine|vehicle|truck"
OF_TIME = (
    rf"#dur (?P<of>of|from)(?! (?:an?|any|the|each|one) (?:\w+_\w+|{WHOSE})(?: |$))"
    r"(?= (?:an?|the|their|his|her|placing|receiving|being|"
    r"any|that|login|\w+ing)\b)"
)
COMES = (
    r"(?:arrives?|arrived|come|comes|came|follows?|followed|happens?|"
    r"happened|occurs?|occurred|appears?|appeared|received|"
    r"seen|show up|shows up|turn up|recorded|observed|there|logged|detected|"
    r"materiali[sz]es?|take place|takes place)"
)
CONTINUES = (
    r"(?:more|greater|less|over|above|below|under|exceed\w*|equal|between|at|in|"
    r"one|null|empty|missing|#\w+|true|false|within|higher|lower|the|a|from|to)"
)
MAX_LISTED = 3
BETWEEN = r"(?:in between|in the meantime|meanwhile|between(?: them| the two| these| those)?)"
