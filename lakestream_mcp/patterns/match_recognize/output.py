"""What a row pattern puts out: a row per match, or each row of a match.

Carried into generated code with the matcher.
"""
# ruff: noqa: I001

from .memory import MatchView, row_folds

# --- carried ---
from collections.abc import Callable
from typing import Any


class RowOutput:
    """Makes output rows of matches.

    measured: slots that measures read. measures(v, m, f): the values of a match, `m` remembering it
    up to the current row, `f` the whole. all_rows: a row for each row that is not excluded, with
    its `columns`, None being its time. identity: how many values identify a row.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        measured: tuple[Any, ...] = (),
        measures: Callable[[Any, Any, Any], tuple[Any, ...]] | None = None,
        measure_count: int = 0,
        all_rows: bool = False,
        columns: tuple[int | None, ...] = (),
        show_empty: bool = True,
        identity: int = 1,
    ) -> None:
        self.measures = measures
        self.nothing = (None,) * measure_count
        self.all_rows = all_rows
        self.columns = columns
        self.show_empty = show_empty
        self.identity = identity
        self._initial, self._changes = row_folds(measured, len(names))

    def match(self, view: MatchView, now: int, emit: Any) -> None:
        """Put out the match that the view shows; `now` is when it was decided."""
        if not view.path:
            self._empty(view, now, emit)
        elif self.all_rows:
            self._each_row(view, now, emit)
        else:
            bound = view.bound()
            values: Any = ()
            if self.measures is not None:
                memory = self._whole(view)
                view.at = view.start + len(view.path) - 1
                values = self.measures(view, memory, memory)
            emit((bound[0][1], bound[-1][1], now, bound, values, ()))

    def unmatched(self, event: Any, now: int, emit: Any) -> None:
        """Put out a row that is in no match."""
        ts, _, row = event
        shown = (*self._columns(ts, row), *self.nothing)
        emit((ts, ts, now, (), shown, ("unmatched", ts, row[: self.identity])))

    def _whole(self, view: MatchView) -> Any:
        """What measures remember of the whole match."""
        memory = self._initial
        if memory:
            for k, label in enumerate(view.path):
                memory = view.remember(self._changes, memory, label >> 1, view.start + k)
        return memory

    def _each_row(self, view: MatchView, now: int, emit: Any) -> None:
        bound, whole, memory = view.bound(), self._whole(view), self._initial
        values: tuple[Any, ...] = ()
        for k, label in enumerate(view.path):
            i = view.start + k
            memory = view.remember(self._changes, memory, label >> 1, i)
            if label & 1:
                continue
            if self.measures is not None:
                view.at = i
                values = self.measures(view, memory, whole)
            _, ts, row = bound[k]
            scope = (bound[0][1], bound[0][2][: self.identity], k)
            shown = (*self._columns(ts, row), *values)
            emit((bound[0][1], bound[-1][1], now, bound[k : k + 1], shown, scope))

    def _empty(self, view: MatchView, now: int, emit: Any) -> None:
        """Put out an empty match: the row where it is, and measures of nothing."""
        if self.all_rows and not self.show_empty:
            return
        ts, _, row = view.rows[view.start - view.base]
        view.at = None
        values: tuple[Any, ...] = ()
        if self.measures is not None:
            values = self.measures(view, self._initial, self._initial)
        shown = (*self._columns(ts, row), *values)
        emit((ts, ts, now, (), shown, ("empty", ts, row[: self.identity])))

    def _columns(self, ts: int, row: Any) -> tuple[Any, ...]:
        return tuple([ts if place is None else row[place] for place in self.columns])
