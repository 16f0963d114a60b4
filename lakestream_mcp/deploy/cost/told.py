"""Estimates as a person or a model reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .assumptions import CASES


def three(values: Mapping[str, Any]) -> str:
    """`low / base / high`, or the one value."""
    found = [f"{values[case]:,.4g}" for case in CASES]
    return found[0] if len(set(found)) == 1 else " / ".join(found)


def money(values: Mapping[str, Any]) -> str:
    """The three cases as money."""
    return f"USD {three(values)} (low / base / high)"


def brief_line(cost: Mapping[str, Any]) -> str:
    """A brief cost in one line: the month, and how it would be another; or what is missing."""
    if "money_per_month" not in cost:
        return f"cost: not known: {cost['unknown']}; {cost['change']}"
    return (
        f"cost a month: {money(cost['money_per_month'])} for {three(cost['dbu_per_month'])} DBU, "
        f"{cost['compute']}, {cost['mode']}; {cost['assumptions']} assumptions; {cost['change']}"
    )


def billed_line(billed: Mapping[str, Any]) -> str:
    """What was billed, in one line."""
    line = f"billed: {billed['dbu']:,.4g} DBU in {billed['billed_hours']:,.4g} h"
    if share := billed.get("billed_to_estimated"):
        line += f", {share} of the estimate by the hour"
    return line
