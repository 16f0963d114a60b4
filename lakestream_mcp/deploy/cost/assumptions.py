"""Everything an estimate takes for granted: each with a range, a unit, a source and a date."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...errors import InvalidArgument, nearest

Case = Literal["low", "base", "high"]
CASES: tuple[Case, ...] = ("low", "base", "high")
PRICES = Path(__file__).with_name("prices.json")
OWN_FILE = "prices.json"
"""In the data folder: entries that replace those of the same name."""

MOST = 1e9
LIMITS: Mapping[str, tuple[float, float]] = {
    "core_speed": (0.001, 1_000),
    "utilization": (0.001, 1),
    "batch_seconds": (0.01, 86_400),
    "runs_per_day": (0.001, 1_440),
    "peak_factor": (1, 1_000),
}
"""What some can be at all; others are from 0 to MOST."""


class Range(BaseModel):
    """A value for the cheapest case, for the likely one, and for the dearest."""

    model_config = ConfigDict(extra="forbid")

    low: float = Field(ge=0, allow_inf_nan=False)
    base: float = Field(ge=0, allow_inf_nan=False)
    high: float = Field(ge=0, allow_inf_nan=False)

    @classmethod
    def of(cls, value: float) -> Range:
        """The same in every case."""
        return cls(low=value, base=value, high=value)

    def at(self, case: Case) -> float:
        """The value of a case."""
        value: float = getattr(self, case)
        return value


class Assumption(Range):
    """A range, and where it comes from."""

    unit: str = Field(max_length=60)
    source: str = Field(max_length=300)
    date: str = Field("", max_length=20)


class Assumptions:
    """The assumptions by name. Whoever uses one has it listed."""

    def __init__(self, known: Mapping[str, Assumption]) -> None:
        self.known = dict(known)
        self.used: dict[str, Assumption] = {}

    @classmethod
    def load(cls, folder: Path | None = None) -> Assumptions:
        """Those of the product, and those of the data folder instead. Raises InvalidArgument."""
        known = _read(PRICES)
        own = folder / OWN_FILE if folder else None
        return cls(known | _read(own, known) if own and own.exists() else known)

    def replaced(self, given: Mapping[str, Any], source: str, date: str = "") -> Assumptions:
        """With single values, or ranges, in place of some. Raises InvalidArgument."""
        known = dict(self.known)
        for name, value in given.items():
            before = _named(name, known)
            single = isinstance(value, int | float) and not isinstance(value, bool)
            values = dict.fromkeys(CASES, value) if single else value
            told = {"unit": before.unit, "source": source, "date": date}
            known[name] = _checked(name, told | _object(values))
        return Assumptions(known)

    def use(self, name: str) -> Range:
        """An assumption, which the estimate will list."""
        self.used[name] = self.known[name]
        return self.known[name]

    def note(self, name: str, value: Range, unit: str, source: str) -> Range:
        """List a value that was given or measured, beside what was assumed."""
        self.used[name] = Assumption(**value.model_dump(), unit=unit, source=source)
        return value


def _read(path: Path, known: Mapping[str, Assumption] | None = None) -> dict[str, Assumption]:
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidArgument(
            f"{path.name} cannot be read: {error}.",
            code="INVALID_ASSUMPTION",
            where={"file": path.name},
        ) from None
    found = {}
    for name, value in _object(given).items():
        if known is not None:
            _named(name, known)
        found[name] = _checked(name, value)
    return found


def _named(name: str, known: Mapping[str, Assumption]) -> Assumption:
    if name not in known:
        near = nearest(name, known)
        raise InvalidArgument(
            f"Nothing is assumed about `{name[:60]}`.",
            code="INVALID_ASSUMPTION",
            where={"assumption": name[:60]},
            got=name[:60],
            expected=sorted(known),
            hint=f"Did you mean `{near}`?" if near else None,
        )
    return known[name]


def _checked(name: str, value: Any) -> Assumption:
    try:
        found = Assumption.model_validate(value)
    except ValidationError as error:
        raise _refused(name, value, error.errors()[0]["msg"]) from None
    least, most = LIMITS.get(name, (0.0, MOST))
    if not all(least <= found.at(case) <= most for case in CASES):
        raise _refused(name, value, f"it is from {least:g} to {most:,.0f}")
    return found


def _refused(name: str, value: Any, why: str) -> InvalidArgument:
    return InvalidArgument(
        f"The assumption `{name}` cannot be used: {why}.",
        code="INVALID_ASSUMPTION",
        where={"assumption": name},
        got=value if isinstance(value, int | float | str) else None,
        expected='a number, or {"low": 1, "base": 2, "high": 3}',
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"base": value}
