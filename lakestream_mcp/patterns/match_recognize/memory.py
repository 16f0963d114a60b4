"""What a match remembers of its rows, and the rows that expressions see.

A slot holds places of rows (FIRST, LAST) or a running value (aggregates); it grows row by row, so
that nothing has to look at all rows of a match again. Carried into generated code with the matcher.
"""

# --- carried ---
import math
from collections.abc import Callable
from typing import Any


def row_less(left: Any, right: Any) -> bool:
    """SQL's order of values that are not NULL: NaN is greatest."""
    if isinstance(left, float) and math.isnan(left):
        return False
    return (isinstance(right, float) and math.isnan(right)) or bool(left < right)


def row_extreme(greatest: bool, old: Any, value: Any) -> Any:
    """The lesser or greater of two values; NULL counts for nothing."""
    if value is None or old is None:
        return old if value is None else value
    return value if (row_less(old, value) if greatest else row_less(value, old)) else old


def row_extreme_by(greatest: bool, old: Any, value: Any) -> Any:
    """The pair with the lesser or greater first value, the earlier one if they are equal."""
    if value[0] is None or old is None:
        return old if value[0] is None else value
    better = row_less(old[0], value[0]) if greatest else row_less(value[0], old[0])
    return value if better else old


def row_extremes(greatest: bool, by: bool, old: Any, value: Any, size: int) -> Any:
    """The `size` least or greatest values (or pairs by their first value), the best one first."""
    rank = value[0] if by else value
    if rank is None:
        return old
    place = len(old)
    while place > 0:
        other = old[place - 1][0] if by else old[place - 1]
        if not (row_less(other, rank) if greatest else row_less(rank, other)):
            break
        place -= 1
    return (*old[:place], value, *old[place:])[:size]


def row_moments(old: Any, value: Any) -> Any:
    """Count, mean and sum of squared deviations, with one more value."""
    if value is None:
        return old
    count, mean, squares = old
    change = value - mean
    mean += change / (count + 1)
    return (count + 1, mean, squares + change * (value - mean))


ROW_SLOTS: dict[str, tuple[Any, Callable[[Any, Any, int], Any]]] = {
    "first": ((), lambda old, value, size: old if len(old) == size else (*old, value)),
    "last": ((), lambda old, value, size: (*old, value)[-size:]),
    "count": (0, lambda old, value, _: old + (value is not None)),
    "sum": (
        None,
        lambda old, value, _: value if old is None else old if value is None else old + value,
    ),
    "mean": (
        (0.0, 0),
        lambda old, value, _: old if value is None else (old[0] + value, old[1] + 1),
    ),
    "min": (None, lambda old, value, _: row_extreme(False, old, value)),
    "max": (None, lambda old, value, _: row_extreme(True, old, value)),
    "min_by": (None, lambda old, value, _: row_extreme_by(False, old, value)),
    "max_by": (None, lambda old, value, _: row_extreme_by(True, old, value)),
    "min_n": ((), lambda old, value, size: row_extremes(False, False, old, value, size)),
    "max_n": ((), lambda old, value, size: row_extremes(True, False, old, value, size)),
    "min_by_n": ((), lambda old, value, size: row_extremes(False, True, old, value, size)),
    "max_by_n": ((), lambda old, value, size: row_extremes(True, True, old, value, size)),
    "list": ((), lambda old, value, _: (*old, value)),
    "known": ((), lambda old, value, _: old if value is None else (*old, value)),
    "set": ((), lambda old, value, _: old if value in old else (*old, value)),
    "known_first": (None, lambda old, value, _: value if old is None else old),
    "bool_and": (
        None,
        lambda old, value, _: old if value is None else value and old is not False,
    ),
    "bool_or": (None, lambda old, value, _: old if value is None else value or old is True),
    "moments": ((0, 0.0, 0.0), lambda old, value, _: row_moments(old, value)),
}
"""How each kind of slot starts, and what it becomes with the value of one more row."""


def row_folds(slots: tuple[Any, ...], variables: int) -> tuple[tuple[Any, ...], list[list[Any]]]:
    """What slots start with, and per variable what a row changes: (slot, step, argument, size)."""
    changes: list[list[Any]] = [[] for _ in range(variables)]
    for number, (kind, wanted, argument, size) in enumerate(slots):
        for variable in range(variables) if wanted is None else wanted:
            changes[variable].append((number, ROW_SLOTS[kind][1], argument, size))
    return tuple([ROW_SLOTS[kind][0] for kind, _, _, _ in slots]), changes


def mean_of(slot: Any) -> Any:
    """The mean of the values; NULL for none."""
    return slot[0] / slot[1] if slot[1] else None


def second_of(pair: Any) -> Any:
    """What goes with the extreme value; NULL if there is none."""
    return None if pair is None else pair[1]


def seconds_of(pairs: Any) -> Any:
    """What goes with each extreme value."""
    return tuple([pair[1] for pair in pairs]) or None


def joined_text(texts: Any, separator: Any) -> Any:
    """Texts in one; NULL for none."""
    return (separator or "").join(texts) if texts else None


def counts_of(values: Any) -> Any:
    """How often each value comes; NULL for none."""
    return {value: values.count(value) for value in dict.fromkeys(values)} or None


def map_of(pairs: Any) -> Any:
    """The first value of each key; NULL for none."""
    return {key: value for key, value in reversed(pairs) if key is not None} or None


def lists_of(pairs: Any) -> Any:
    """All values of each key; NULL for none."""
    keys = dict.fromkeys([key for key, _ in pairs if key is not None])
    return {key: tuple([v for k, v in pairs if k == key]) for key in keys} or None


def row_variance(slot: Any, sample: bool, root: bool) -> Any:
    """Variance or deviation of a sample or of a population; NULL where it is not defined."""
    count = slot[0] - sample
    if count < 1:
        return None
    return math.sqrt(slot[2] / count) if root else slot[2] / count


def nth_row(places: Any, n: int) -> Any:
    """A row number by its place among those kept, from the front or (n < 0) from the back."""
    return places[n] if -len(places) <= n < len(places) else None


class MatchView:
    """The rows that expressions see. `at` is the current row; rows have numbers in the partition.

    base: the number of rows[0]. end: the number behind the last row there is. path: the labels of
    the match from row `start` on, a byte per row: twice the variable, plus 1 if excluded.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.rows: Any = ()
        self.base = 0
        self.at: int | None = None
        self.start = 0
        self.path = b""
        self.number = 0

    def cell(self, at: int | None, shift: int, place: int) -> Any:
        """A value of a row, or of one before or after it; NULL where there is none."""
        if at is None:
            return None
        at += shift - self.base
        return self.rows[at][2][place] if 0 <= at < len(self.rows) else None

    def name(self, at: int | None, shift: int) -> Any:
        """The variable a row is matched to; NULL outside of the match."""
        if at is None:
            return None
        at += shift - self.start
        return self.names[self.path[at] >> 1] if 0 <= at < len(self.path) else None

    def visit(self, at: int | None, shift: int, read: Callable[[int], Any]) -> Any:
        """What is read at a row; NULL where there is none."""
        if at is None or not 0 <= at + shift - self.base < len(self.rows):
            return None
        return read(at + shift)

    def bound(self) -> Any:
        """The match's rows as (variable, ts, row)."""
        first = self.start - self.base
        rows = self.rows[first : first + len(self.path)]
        return tuple([(label >> 1, ts, row) for label, (ts, _, row) in zip(self.path, rows)])

    def remember(self, changes: Any, memory: Any, variable: int, i: int) -> Any:
        """The memory with one more row."""
        if not changes[variable]:
            return memory
        grown = list(memory)
        for slot, step, argument, size in changes[variable]:
            grown[slot] = step(grown[slot], i if argument is None else argument(self, i), size)
        return tuple(grown)
