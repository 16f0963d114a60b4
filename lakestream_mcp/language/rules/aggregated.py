"""A window with what goes around it: which rows are summed up, and which sums are kept."""

from __future__ import annotations

from .attempts import attempt
from .conditions import Conditions
from .measures import FUNCTIONS
from .names import Columns, singular
from .phrase import Found, Phrase
from .scene import UNSURE, Made, Scene, text
from .tokens import Token
from .transforms import filtered
from .windows import windowed
from .words import STATUS_WORDS

_LIMIT = (
    r"(?:(?:is|are|goes|gets|that|which|rises|falls|drops|was|stays) )*(?:above|over|exceeds?|"
    r"exceeding|more than|greater than|higher than|below|under|less than|lower than|at least|at "
    r"most) (?P<n>#num|#pct)(?! (?:events|times|failed|rows))"
)
_FUNCTION = r"average|avg|mean|maximum|minimum|max|min|highest|lowest|distinct count"
_IN_WINDOWS = r"every|each|hourly|daily|weekly|windows?|tumbling|sliding|per #dur"
_WHERE = (
    r"(?:where|whose|having|with|only(?: for)?|but only|for)(?: (?:those|the|ones|rows|events))*"
    r"(?= [a-z]\w* (?:is|are|=|!=|>|<|>=|<=|in|not|over|above|below|under|#str|between|equals))"
)
_ENDS = r"(?:,|per|by|each|every|for each|for every|in|over|within|during|grouped)(?= |$)"


def aggregated(scene: Scene, phrase: Phrase) -> tuple[Made, ...] | None:
    """`average cpu per host over 5 minutes above 80`, `count failed logins per user hourly`."""
    if phrase.has(r"sessions?|sessioni\w+") and not phrase.has("session windows?"):
        return None
    summed = phrase.has("sum|total") and phrase.has(_LIMIT) and not phrase.has(_FUNCTION)
    if summed and not phrase.has(_IN_WINDOWS) and not phrase.has(_WHERE):
        return None
    limit = phrase.find(_LIMIT) if summed or phrase.has(_FUNCTION) else None
    where = _condition(scene, phrase, limit)
    limit = None if where else limit
    span = where or limit
    rest = phrase.without(span)
    made = windowed(scene, rest)
    if made is None or made is UNSURE:
        return made and (made,)
    said = phrase.part(span.start, span.end) if span else None
    if limit is not None and said is not None:
        phrase.use(limit.start, limit.end)
        name = made.config["aggregations"][0]["name"]
        return made, Made("filter", {"condition": _compared(scene, name, said)}, "Filter")
    rows = _rows(scene, said if said is not None else _unused(rest))
    return (made,) if rows is None else (rows, made)


def _condition(scene: Scene, phrase: Phrase, limit: Found | None) -> Found | None:
    """Where a condition of rows stands: `where status is paid`, `of payments over 100`."""
    found = phrase.find(_WHERE)
    if found is not None:
        end = phrase.find(_ENDS, found.end + 2)
        return found._replace(end=end.start if end else len(phrase))
    before = phrase.tokens[limit.start - 1] if limit and limit.start else None
    if limit is None or before is None or before.kind != "word":
        return None
    column = scene.columns.exactly([before.norm])
    numbers = set(scene.columns.numeric())
    rows = singular(before.norm) != before.norm and not (column and set(column.names) & numbers)
    return limit if rows and before.norm not in FUNCTIONS else None


def _unused(phrase: Phrase) -> Phrase | None:
    """What a window left of a phrase, where that says which rows are meant."""
    left = [t for t in phrase.tokens if t.place not in phrase.used]
    tells = any(t.norm in STATUS_WORDS or t.kind == "str" for t in left)
    return Phrase(left, phrase.used) if tells else None


def _rows(scene: Scene, phrase: Phrase | None) -> Made | None:
    """The filter of the rows that are summed up."""
    if phrase is None:
        return None
    dropped = phrase.find("without|except|excluding|not counting|other than|but not|no")
    lead = phrase.tokens[0]
    word = "drop" if dropped else "keep"
    rest = phrase.without(dropped)
    said = Phrase((lead._replace(kind="word", norm=word, text=word), *rest.tokens), phrase.used)
    made = attempt(scene, said, filtered)
    return None if made is UNSURE else made


def _compared(scene: Scene, name: str, comparison: Phrase) -> str:
    token = Token("word", name, name.lower(), place=comparison.tokens[0].place)
    reader = Conditions(Columns({name: "double"}), scene.talk)
    clauses = reader.clauses(Phrase((token, *comparison.tokens), comparison.used))
    return text(clauses[0].tree) if clauses else "TRUE"
