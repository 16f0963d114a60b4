"""Two benchmarks side by side: ratios, rate by rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import InvalidArgument

if TYPE_CHECKING:
    from .run import Asked


def refuse_other_stream(asked: Asked, engine: str, kind: str, before: dict[str, Any]) -> None:
    """Raise InvalidArgument where figures would not compare with the earlier ones: before anything
    is measured, which may take long."""
    shape = asked.shape._asdict() | {"seconds": asked.seconds}
    same = {"engine": engine, "type": kind} | shape
    earlier = {"engine": before["engine"], "type": before["type"], "seconds": before["seconds"]}
    earlier |= before["shape"]
    if differ := [name for name in same if same[name] != earlier.get(name)]:
        raise InvalidArgument(
            f"The earlier benchmark had {_and(differ)} otherwise, so figures would not compare.",
            where={"argument": "compare"},
            got={name: same[name] for name in differ},
            expected={name: earlier.get(name) for name in differ},
        )
    rates = [step["rate"] for step in before["steps"]]
    if not set(rates) & set(asked.rates):
        raise InvalidArgument(
            "The earlier benchmark measured none of these rates.",
            where={"argument": "rates"},
            got=list(asked.rates),
            expected=rates,
        )


def _and(names: list[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def comparison(now: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """This benchmark's figures divided by the earlier ones of the same stream; over 1 is more.

    Costs are compared in turns of the reference loop, so that another machine counts for nothing.
    """
    earlier = {step["rate"]: step for step in before["steps"]}
    rates = [
        {"rate": step["rate"], **_ratios(step, earlier[step["rate"]], now, before)}
        for step in now["steps"]
        if step["rate"] in earlier
    ]
    found: dict[str, Any] = {"rates": rates}
    if now.get("saturation") and before.get("saturation"):
        found["sustained"] = _ratio(_speed(now), _speed(before))
    return found


def _ratios(
    step: dict[str, Any], earlier: dict[str, Any], now: dict[str, Any], before: dict[str, Any]
) -> dict[str, Any]:
    relative = [
        s["cpu_us_per_event"] / r["reference_us"] for s, r in ((step, now), (earlier, before))
    ]
    found = {
        "cpu_per_event": _ratio(*relative),
        "state_bytes": _ratio(step["state"]["bytes"], earlier["state"]["bytes"]),
        "same_matches": step["matches_sha256"] == earlier["matches_sha256"],
    }
    if step.get("latency_ms") and earlier.get("latency_ms"):
        found["latency_p95"] = _ratio(step["latency_ms"]["p95"], earlier["latency_ms"]["p95"])
    return found


def _speed(report: dict[str, Any]) -> float:
    """The highest rate, in turns of the reference loop."""
    rate: float = report["saturation"]["sustained"] * report["reference_us"]
    return rate


def _ratio(now: float, before: float) -> float | None:
    return round(now / before, 3) if before else None
