"""What a match is to report: totals, averages, firsts and lasts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .names import Columns, column_name
from .phrase import Phrase
from .tokens import Token
from .words import STATUS_WORDS, STOP

if TYPE_CHECKING:
    from .scene import Scene

FUNCTIONS = {
    "average": "avg", "avg": "avg", "mean": "avg", "averages": "avg", "averaged": "avg",
    "sum": "sum", "total": "sum", "totals": "sum", "sums": "sum", "summed": "sum",
    "max": "max", "maximum": "max", "highest": "max", "largest": "max", "peak": "max",
    "biggest": "max", "greatest": "max", "top": "max", "latest": "last",
    "min": "min", "minimum": "min", "lowest": "min", "smallest": "min",
    "first": "first", "earliest": "first", "last": "last",
    "count": "count", "number": "count",
}  # fmt: skip
_WORDS = "|".join(FUNCTIONS)
_REPORT = (
    r"(?:,|;|\.|and)*(?: and)?(?: also)? ?(?:report|output|include|return|emit|"
    r"showing|reporting|including|with|show|compute|calculate|measure|give|"
    r"giving|capture|collect|outputting)(?: me| us| also| the| a| an)*"
)
_LISTED = r",(?: and| the)*(?= (?:count|total|average|sum|max|maximum|min|minimum|mean)(?!\S))"
_FUNCTION = (
    r"(?:(?:number|count)(?: of)? (?:distinct|unique|different)|distinct count|unique count|"
    rf"{_WORDS}|distinct|unique)"
)


_SUMMED = r"count|number|sum|average|total|avg"


class Measure(NamedTuple):
    """A function and the column it is of; no column for a count."""

    function: str
    column: tuple[str, ...]
    name: str = ""


class Measures(NamedTuple):
    """What is to be reported, before it is known of which events."""

    wanted: tuple[Measure, ...]

    def over_steps(self, scene: Scene, steps: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Over the step that repeats, else over the last that must come."""
        chosen = [s for s in steps if not s.get("negated")]
        repeated = [s for s in chosen if s.get("max", 1) != 1]
        step = (repeated or chosen)[-1]["name"]
        if len(chosen) > 1:
            scene.talk.assume(f"What is reported is over the events of step `{step}`.")
        return self.over(scene, step)

    def over(self, scene: Scene, step: str) -> dict[str, str]:
        """SQL by name, over the events of a step."""
        from sqlglot import exp

        from ...relational.sql import column, sql

        made: dict[str, str] = {}
        for measure in self.wanted:
            name = _any_column(scene, measure) or _column(scene, measure)
            if measure.function == "count" or name is None:
                if measure.function == "count":
                    made["events_count"] = sql(exp.Count(this=exp.column(step)))
                continue
            call = exp.func(measure.function.upper(), column(name, step))
            made[column_name([measure.function, name])] = sql(call)
        return made


def _any_column(scene: Scene, measure: Measure) -> str | None:
    """The first and the last may be of a column of any type."""
    named = scene.columns.exactly(list(measure.column)) if measure.column else None
    return named.name if named and measure.function in ("first", "last") else None


def _column(scene: Scene, measure: Measure) -> str | None:
    if measure.function == "count":
        return None
    return column_of(scene, measure.column)


def column_of(scene: Scene, words: Sequence[str]) -> str | None:
    """The column of numbers that words name; a question where it is not known."""
    columns = scene.columns
    if not words:
        numeric = columns.numeric()
        if len(numeric) == 1:
            return numeric[0]
        usual = [name for name in numeric if "amount" in name.lower()]
        return usual[0] if len(usual) == 1 else None
    if columns.open:
        return columns.make(column_name(words), "double")
    found = (
        columns.exactly(list(words)),
        columns.ending(list(words)),
        columns.named(list(words), typos=True),
    )
    of_numbers = (n for n in found if n and set(n.names) & set(columns.numeric()))
    named = next(of_numbers, None) or next((n for n in found if n), None)
    if named is None:
        scene.talk.ask(
            f"There is no column `{' '.join(words)}`. Which is meant?", columns.numeric()
        )
        return None
    numeric = [name for name in named.names if name in columns.numeric()]
    if not numeric and any(word in STATUS_WORDS for word in words):
        return column_of(scene, ())
    if len(numeric) > 1:
        scene.talk.ask(f"Which column is `{' '.join(words)}`?", numeric)
    return numeric[0] if numeric else named.name


def take_measures(phrase: Phrase, columns: Columns) -> tuple[Measures | None, Phrase]:
    """`report the total and the max amount`, and the phrase without it."""
    found = phrase.find(rf"(?:{_REPORT}|{_LISTED}) (?P<f>{_FUNCTION})")
    found = found or phrase.find(rf"(?:,|and)(?: also)?(?: the)? (?P<f>{_SUMMED})")
    if found is None:
        return None, phrase
    wanted, end = aggregates(phrase, found.end - len(found.groups["f"]), columns)
    if not wanted:
        return None, phrase
    phrase.use(found.start, end)
    rest = phrase.outside(found.start, end)
    return Measures(tuple(wanted)), rest


def aggregates(
    phrase: Phrase, at: int, columns: Columns | None = None
) -> tuple[list[Measure], int]:
    """`the total and the max amount, and the average price` from a place on."""
    wanted: list[Measure] = []
    pending: list[str] = []
    end = at
    while at < len(phrase):
        found = phrase.at(
            rf"(?:(?:the|and|,|&|also|a|an|as well as|plus|their|its|of) )*(?P<f>{_FUNCTION})", at
        )
        if found is None:
            break
        function = _function(found.groups["f"])
        words, after = _words(phrase, found.end, columns)
        alias = phrase.at(r"(?:as|called|named) (?P<a>[a-z_]\w*)", after) if columns else None
        name = alias.groups["a"][0].text if alias else ""
        after = alias.end if alias else after
        goes_on = phrase.at(rf"(?:and|,|, and)(?: the)? {_FUNCTION}", after) is not None
        if columns is not None and not goes_on and not _is_of(function, words, columns):
            break
        at = found.end
        if function == "count" and not words:
            wanted.append(Measure("count", (), name))
            end = at = after
            continue
        pending.append(function)
        if words:
            wanted += [Measure(f, tuple(words), name) for f in pending]
            pending = []
        end = at = after
    wanted += [Measure(f, ()) for f in pending]
    return wanted, end


def _is_of(function: str, words: Sequence[str], columns: Columns) -> bool:
    """Whether a word such as `last` or `max` is of a column: `the last day` is not."""
    if function not in ("first", "last", "max", "min"):
        return True
    return (
        bool(words)
        and (columns.open or columns.named(list(words)) is not None)
        and (
            words[0]
            not in ("length", "duration", "time", "event", "events", "hour", "day", "minute")
        )
    )


def _function(tokens: tuple[Token, ...]) -> str:
    text = " ".join(t.norm for t in tokens)
    return (
        "count_distinct"
        if re.search("distinct|unique|different", text)
        else FUNCTIONS[tokens[0].norm]
    )


def _ends(token: Token, columns: Columns | None) -> bool:
    """Whether a word begins another function, and is no column: `average order total`."""
    known = columns is not None and not columns.open and columns.types
    return token.norm in FUNCTIONS and not (known and token.norm in known)


def _words(phrase: Phrase, at: int, columns: Columns | None = None) -> tuple[list[str], int]:
    """The words of the column that a function is of."""
    skip = phrase.at(
        r"(?:(?:of|the|all|their|value|its|different|distinct) )*(?:of|the|all|their|value|its)", at
    )
    at = skip.end if skip else at
    words: list[str] = []
    while at < len(phrase) and len(words) < 3:
        token = phrase.tokens[at]
        if token.kind != "word" or token.norm in STOP or _ends(token, columns):
            break
        words.append(token.norm)
        at += 1
    return words, at
