"""Where functions of row patterns may stand, and on what: the rules of the standard, as Trino has
them. Each refusal carries the code that Trino gives it.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlglot import exp

from ...graph.model import Relation
from .analysis import Labels
from .calls import AGGREGATES, Call, call_of, calls, labels_in, refused, spelled

INT_MAX = 2**31 - 1


class Navigation(NamedTuple):
    """Where FIRST, LAST, PREV and NEXT lead: first along the rows of a label, then along all rows.

    `value` is what is read there.
    """

    first: bool
    final: bool
    label: str | None
    logical: int
    physical: int
    value: exp.Expr


def check_calls(tree: exp.Expr, relation: Relation, labels: Labels, in_define: bool) -> None:
    """Check every call in an expression. Raises InvalidSql."""
    for node, call in calls(tree):
        if call.mode == "final" and in_define:
            raise refused(
                "INVALID_PROCESSING_MODE",
                "FINAL has no meaning in DEFINE: the match is not complete there.",
                node,
                "leave FINAL out",
            )
        if call.mode != "plain" and call.name not in ("first", "last", *AGGREGATES):
            raise refused(
                "INVALID_PROCESSING_MODE",
                f"{call.mode.upper()} goes with FIRST, LAST and aggregates only.",
                node,
            )
        if call.is_navigation:
            _check_navigation(node, call, relation, labels)
        elif call.is_aggregate:
            _check_aggregate(node, call, relation, labels)
        else:
            _check_own(node, call, labels)


def _check_own(node: exp.Expr, call: Call, labels: Labels) -> None:
    """MATCH_NUMBER() and CLASSIFIER([label])."""
    if call.name == "match_number" and call.arguments:
        raise refused("INVALID_FUNCTION_ARGUMENT", "MATCH_NUMBER takes no argument.", node)
    if call.name == "match_number" or not call.arguments:
        return
    argument = call.arguments[0]
    if len(call.arguments) > 1:
        raise refused("INVALID_FUNCTION_ARGUMENT", "CLASSIFIER takes one label or nothing.", node)
    if not isinstance(argument, exp.Column) or len(argument.parts) > 1:
        raise refused("TYPE_MISMATCH", "CLASSIFIER takes a label, as in CLASSIFIER(A).", node)
    if spelled(argument.this) not in labels.known:
        raise refused(
            "INVALID_FUNCTION_ARGUMENT",
            f"{argument.name} is no variable of the pattern; there are {', '.join(labels.known)}.",
            node,
        )


def _check_navigation(node: exp.Expr, call: Call, relation: Relation, labels: Labels) -> None:
    name = call.name.upper()
    if len(call.arguments) not in (1, 2):
        raise refused("INVALID_FUNCTION_ARGUMENT", f"{name} takes one or two arguments.", node)
    if len(call.arguments) == 2:
        _check_offset(node, name, call.arguments[1])
    inner = call.arguments[0]
    nested = [(n, c) for n, c in calls(inner) if c.is_navigation]
    aggregate = next((c for _, c in calls(inner) if c.is_aggregate), None)
    if aggregate is not None:
        raise refused(
            "NESTED_AGGREGATION", f"{aggregate.name.upper()} cannot stand in {name}.", node
        )
    if nested:
        _check_nesting(node, call, nested)
    if nested and call_of(inner) is not None:
        return  # the inner one is checked when its turn comes
    found = _labels(inner, relation, labels)
    if len(found) > 1:
        raise refused(
            "INVALID_ARGUMENTS",
            f"All columns and CLASSIFIER calls in {name} must have the same label.",
            node,
        )
    if not found:
        raise refused("INVALID_ARGUMENTS", f"{name} needs a column or CLASSIFIER() to read.", node)


def _check_offset(node: exp.Expr, name: str, offset: exp.Expr) -> None:
    if isinstance(offset, exp.Literal) and not offset.is_string and offset.this.isdecimal():
        if int(offset.this) > INT_MAX:
            raise refused(
                "NUMERIC_VALUE_OUT_OF_RANGE", f"The offset of {name} is at most {INT_MAX}.", node
            )
        return
    raise refused(
        "INVALID_FUNCTION_ARGUMENT", f"The offset of {name} is a whole number from 0.", node
    )


def _check_nesting(node: exp.Expr, call: Call, nested: list[tuple[exp.Expr, Call]]) -> None:
    """FIRST and LAST may stand in PREV and NEXT, as the whole argument."""
    inner_node, inner = nested[0]
    name = call.name.upper()
    if call.name in ("first", "last") or inner.name in ("prev", "next"):
        message = f"{inner.name.upper()} cannot stand in {name}."
    elif len(nested) > 1:
        message = f"Only one FIRST or LAST can stand in {name}."
    elif inner_node is not call.arguments[0]:
        message = f"{inner.name.upper()} must be the whole argument of {name}."
    else:
        return
    raise refused("INVALID_NAVIGATION_NESTING", message, node)


def _check_aggregate(node: exp.Expr, call: Call, relation: Relation, labels: Labels) -> None:
    name = call.name.upper()
    fewest, most = AGGREGATES[call.name]
    if not fewest <= len(call.arguments) <= most:
        raise refused("FUNCTION_NOT_FOUND", f"{name} takes {fewest} to {most} arguments.", node)
    for argument in call.arguments:
        for _, inner in calls(argument):
            if inner.is_aggregate:
                raise refused(
                    "NESTED_AGGREGATION", f"{inner.name.upper()} cannot stand in {name}.", node
                )
            if inner.is_navigation:
                raise refused(
                    "INVALID_NAVIGATION_NESTING",
                    f"{inner.name.upper()} cannot stand in {name}.",
                    node,
                )
    found: set[str | None] = set()
    for argument in call.arguments:
        found |= _labels(argument, relation, labels)
    if len(found) > 1:
        raise refused(
            "INVALID_ARGUMENTS", f"All arguments of {name} must have the same label.", node
        )


def _labels(tree: exp.Expr, relation: Relation, labels: Labels) -> set[str | None]:
    for node, call in calls(tree):
        if call.name == "classifier":
            _check_own(node, call, labels)
    return labels_in(tree, relation, labels)


def navigation_of(call: Call, relation: Relation, labels: Labels) -> Navigation:
    """Where a checked navigation leads."""
    physical = 0
    if call.name in ("prev", "next"):
        steps = _offset(call, 1)
        physical = -steps if call.name == "prev" else steps
        inner = call_of(call.arguments[0])
        if inner is None or not inner.is_navigation:
            value = call.arguments[0]
            return Navigation(False, False, _label(value, relation, labels), 0, physical, value)
        call = inner
    value = call.arguments[0]
    label = _label(value, relation, labels)
    final = call.mode == "final"
    return Navigation(call.name == "first", final, label, _offset(call, 0), physical, value)


def _label(value: exp.Expr, relation: Relation, labels: Labels) -> str | None:
    return next(iter(labels_in(value, relation, labels)))


def _offset(call: Call, default: int) -> int:
    return int(call.arguments[1].this) if len(call.arguments) == 2 else default
