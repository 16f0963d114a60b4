"""Times of day and days of the week in a phrase: `between 22:00 and 6:00`, `on weekends`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .comparisons import AUX
from .condition_clause import Clause
from .condition_columns import ConditionColumns, column_tree
from .phrase import Phrase

if TYPE_CHECKING:
    from sqlglot import exp

_DAYS = {
    name: number
    for number, names in enumerate(
        ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"), 1
    )
    for name in (names, f"{names}s")
}
_LEAD = rf"{AUX}(?:(?:made|done|coming|sent|happening|taking place|only|during|in|on|the) )*"
_SPAN = (
    rf"{_LEAD}(?P<how>not between|between|from|outside(?: of)?)(?: the hours of)? (?P<a>#clock) "
    r"(?:and|to|until|till|-) (?P<b>#clock)"
)
_SIDE = rf"{_LEAD}(?P<how>after|from|since|later than|before|until|earlier than|by) (?P<a>#clock)"
_DAY = (
    r"(?:(?:made|done|sent|only|are|is|during|over) )*(?:on|at|during|over)(?: (?:a|the))? "
    rf"(?P<day>weekends?|weekdays?|working days?|{'|'.join(_DAYS)})"
    rf"(?: (?:and|or) (?P<more>{'|'.join(_DAYS)}))?"
)
OPEN_HOURS = (
    r"(?:business|office|working|opening|normal|regular|peak|off peak|school|trading|banking) hours"
    r"|(?:at|by|during the|over) night|night ?time|day ?time|(?:in|during) the (?:evening|morning|"
    r"afternoon|night)|holidays?"
)
"""Hours that everyone has others of."""


class Clocks(ConditionColumns):
    """Reads when within a day or a week an event is to have happened."""

    def _clock(self, phrase: Phrase, at: int, _floor: int) -> Clause | None:
        """`between 22:00 and 6:00`, `after 18:30`, `on weekends`."""
        from sqlglot import exp

        found = phrase.at(_SPAN, at)
        if found is not None and (minutes := self._minutes()) is not None:
            first, last = found.groups["a"][0].value, found.groups["b"][0].value
            late = exp.GTE(this=minutes, expression=_number(first))
            early = exp.LT(this=minutes.copy(), expression=_number(last))
            kind = exp.and_ if first < last else exp.or_
            tree: exp.Expr = kind(late, early, copy=False)
            outside = found.groups["how"][0].norm in ("not", "outside")
            return Clause(at, found.end, exp.Not(this=exp.Paren(this=tree)) if outside else tree)
        found = phrase.at(_SIDE, at)
        if found is not None and (minutes := self._minutes()) is not None:
            after = found.groups["how"][0].norm in ("after", "from", "since", "later")
            side = exp.GTE if after else exp.LT
            limit = _number(found.groups["a"][0].value)
            return Clause(at, found.end, side(this=minutes, expression=limit))
        return self._weekly(phrase, at)

    def _weekly(self, phrase: Phrase, at: int) -> Clause | None:
        from sqlglot import exp

        found = phrase.at(_DAY, at)
        time = self._time() if found is not None else None
        if found is None or time is None:
            return None
        word = found.groups["day"][0].norm
        days = [1, 7] if word not in _DAYS else [_DAYS[word]]
        days += [_DAYS[t.norm] for t in found.groups.get("more", ())]
        values: list[exp.Expr] = [exp.Literal.number(day) for day in days]
        tree: exp.Expr = exp.In(this=exp.func("DAYOFWEEK", column_tree(time)), expressions=values)
        weekday = word.startswith(("weekday", "working"))
        return Clause(at, found.end, exp.Not(this=tree) if weekday else tree)

    def _time(self) -> str | None:
        """The one column that says when an event happened."""
        if self.columns.open:
            return self.columns.make("event_time", "timestamp")
        times = self.columns.of_type("timestamp")
        if len(times) > 1:
            self.talk.ask("Which column says when it happened?", times)
        if times:
            self.talk.assume(f"Hours and days are those of `{times[0]}` in UTC.")
        return times[0] if times else None

    def _minutes(self) -> exp.Expr | None:
        """The minute of the day at which an event happened."""
        from sqlglot import exp

        time = self._time()
        if time is None:
            return None
        hours = exp.Mul(this=exp.func("HOUR", column_tree(time)), expression=_number(60))
        return exp.Add(this=hours, expression=exp.func("MINUTE", column_tree(time)))


def _number(value: int) -> exp.Expr:
    from sqlglot import exp

    return exp.Literal.number(value)
