"""SQL's NULL logic, NaN order and ANSI arithmetic for conditions that read earlier events.

Carried into generated code where a pattern needs it. `bound` is a partial match: `(step, ts, row)`
in the order of time; `i` is a place in a row. Standard library only.
"""

import math
from collections.abc import Callable
from typing import Any


def sql_and(left: Any, *rest: Callable[[], Any]) -> Any:
    """AND, from left to right; the rest is asked only until something is false."""
    known = left
    for ask in rest:
        if known is False:
            return False
        answer = ask()
        if answer is False:
            return False
        if answer is None:
            known = None
    return known


def sql_or(left: Any, *rest: Callable[[], Any]) -> Any:
    """OR, from left to right; the rest is asked only until something is true."""
    known = left
    for ask in rest:
        if known is True:
            return True
        answer = ask()
        if answer is True:
            return True
        if answer is None:
            known = None
    return known


def sql_not(value: Any) -> Any:
    """NOT: NULL stays NULL."""
    return None if value is None else not value


def sql_is_nan(value: Any) -> bool:
    """Whether a value is the double NaN."""
    return isinstance(value, float) and math.isnan(value)


def sql_eq(left: Any, right: Any) -> Any:
    """Equality; NaN equals NaN."""
    if left is None or right is None:
        return None
    return left == right or (sql_is_nan(left) and sql_is_nan(right))


def sql_ne(left: Any, right: Any) -> Any:
    """Inequality; NaN equals NaN."""
    return sql_not(sql_eq(left, right))


def sql_lt(left: Any, right: Any) -> Any:
    """Less than; NaN is greatest."""
    if left is None or right is None:
        return None
    return not sql_is_nan(left) if sql_is_nan(right) else left < right


def sql_le(left: Any, right: Any) -> Any:
    """Less than or equal; NaN is greatest."""
    if left is None or right is None:
        return None
    return sql_is_nan(right) or left <= right


def sql_gt(left: Any, right: Any) -> Any:
    """Greater than; NaN is greatest."""
    return sql_lt(right, left)


def sql_ge(left: Any, right: Any) -> Any:
    """Greater than or equal; NaN is greatest."""
    return sql_le(right, left)


def sql_same(left: Any, right: Any) -> bool:
    """`<=>`: equality in which NULL equals NULL."""
    if left is None or right is None:
        return left is right
    return bool(sql_eq(left, right))


def sql_in(value: Any, *items: Any) -> Any:
    """IN: true if equal to an item, NULL if that cannot be told."""
    known: Any = False
    for item in items:
        answer = sql_eq(value, item)
        if answer is True:
            return True
        if answer is None:
            known = None
    return known


def sql_float(value: Any) -> Any:
    """A whole number as a double."""
    return None if value is None else float(value)


def sql_whole(value: Any, bits: int) -> Any:
    """The value, if it fits a signed integer; overflow is an error."""
    if value is not None and not -(1 << bits) <= value < 1 << bits:
        raise OverflowError(f"{value} does not fit an integer of {bits + 1} bits")
    return value


def sql_add(left: Any, right: Any) -> Any:
    """Sum of two values."""
    return None if left is None or right is None else left + right


def sql_sub(left: Any, right: Any) -> Any:
    """Difference of two values."""
    return None if left is None or right is None else left - right


def sql_mul(left: Any, right: Any) -> Any:
    """Product of two values."""
    return None if left is None or right is None else left * right


def sql_div(left: Any, right: Any) -> Any:
    """Quotient of two doubles; division by zero is an error."""
    return None if left is None or right is None else left / right


def sql_mod(left: Any, right: Any) -> Any:
    """Remainder with the sign of the left value; a zero divisor is an error."""
    if left is None or right is None:
        return None
    if isinstance(left, float):
        if right == 0:
            raise ZeroDivisionError("remainder by zero")
        return math.nan if math.isinf(left) else math.fmod(left, right)
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def sql_neg(value: Any) -> Any:
    """The value with its sign changed."""
    return None if value is None else -value


def sql_abs(value: Any) -> Any:
    """The absolute value."""
    return None if value is None else abs(value)


def sql_floor_div(value: Any, unit: int) -> Any:
    """Whole units in a number of microseconds, rounded down."""
    return None if value is None else value // unit


def sql_first_of(*values: Any) -> Any:
    """COALESCE of values that are at hand."""
    return next((value for value in values if value is not None), None)


def sql_nullif(value: Any, other: Any) -> Any:
    """NULL where the two are equal, else the value."""
    return None if sql_eq(value, other) is True else value


def sql_greatest(*values: Any) -> Any:
    """The greatest of the values that are not NULL; NaN is greatest."""
    best = None
    for value in values:
        if value is not None and (best is None or sql_lt(best, value)):
            best = value
    return best


def sql_least(*values: Any) -> Any:
    """The least of the values that are not NULL; NaN is greatest."""
    best = None
    for value in values:
        if value is not None and (best is None or sql_lt(value, best)):
            best = value
    return best


def sql_first(bound: Any, step: int, i: int) -> Any:
    """A value of the first event bound to a step; NULL if there is none."""
    for event in bound:
        if event[0] == step:
            return event[2][i]
    return None


def sql_last(bound: Any, step: int, i: int) -> Any:
    """A value of the last event bound to a step; NULL if there is none."""
    for event in reversed(bound):
        if event[0] == step:
            return event[2][i]
    return None


def sql_count(bound: Any, step: int) -> int:
    """How many events are bound to a step."""
    return sum([event[0] == step for event in bound])


def sql_values(bound: Any, step: int, i: int) -> list[Any]:
    """The values of the events bound to a step, without NULLs, in order."""
    return [e[2][i] for e in bound if e[0] == step and e[2][i] is not None]


def sql_sum(values: list[Any], zero: Any) -> Any:
    """Sum of values, from left to right; `zero` for none."""
    total = zero
    for value in values:
        total += value
    return total


def sql_avg(values: list[Any]) -> Any:
    """Mean of values as a double; NULL for none."""
    return sql_sum(values, 0.0) / len(values) if values else None
