"""Node type `sequence`: steps that happen in order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ...cep.near_miss import KeyView, Miss
from ...cep.pattern_type import PatternPlan, PatternType, StateBound
from ...cep.scenario import Scenario
from ...graph.model import Problem, Relation
from ...graph.node_type import ColumnResolver
from ..common import FIELD_ALIASES, MOVED_FIELDS, by_key, check_common
from .checks import check_sequence
from .config import SequenceConfig, SequenceStep, leaves, most_events
from .matcher import sequence_bound

NEVER = 1 << 62
EARLIER_CONTIGUITY = {"non-deterministic": "relaxed-any", "nondeterministic": "relaxed-any"}

FLINK_WORDS = {"next": "strict", "followedBy": "relaxed", "followedByAny": "relaxed-any"}
"""What Flink calls a step by how it follows the one before."""


class SequencePattern(PatternType):
    """Events in order, as Flink CEP defines it."""

    type = "sequence"
    title = "Sequence"
    summary = "Steps that happen in order: A, then B, then C, within a time, per key"
    Config = SequenceConfig
    aliases = ("sequence-detector", "cep")
    field_aliases = {
        **FIELD_ALIASES,
        "withinDuration": "within",
        "contiguityMode": "contiguity",
        "timeoutAction": "emit_timed_out",
        "outputMeasures": "measures",
        "afterMatchSkipStrategy": "after_match",
    }
    moved = {k: v for k, v in MOVED_FIELDS.items() if k not in ("quantifiers", "outputMeasures")}

    def migrate(self, config: dict[str, Any]) -> dict[str, Any]:
        """Steps as {name, filter} or with Flink's `times`, and an earlier system's other fields."""
        migrated = dict(config)
        greedy = migrated.pop("quantifiers", None)
        action = migrated.get("emit_timed_out")
        if action in ("emit", "ignore"):
            migrated["emit_timed_out"] = action == "emit"
        mode = migrated.get("contiguity")
        if isinstance(mode, str):
            migrated["contiguity"] = EARLIER_CONTIGUITY.get(mode, mode)
        if isinstance(migrated.get("steps"), list):
            migrated["steps"] = [_migrated(step, greedy) for step in migrated["steps"]]
        return migrated

    def sentence(self, config: SequenceConfig) -> str:
        """`small, then large within 5 minutes, by card`."""
        said = ", then ".join(_said(step) for step in config.steps)
        time = f" within {config.within}" if config.within else ""
        by = by_key(config.key)
        return f"{said}{time}{by}"

    def check(self, config: SequenceConfig, inputs: Sequence[Relation]) -> Iterator[Problem]:
        """Shared fields, then what has no meaning in a sequence."""
        yield from check_common(config, inputs[0])
        yield from check_sequence(config)

    def plan(
        self, config: SequenceConfig, inputs: Sequence[Relation], resolver: ColumnResolver
    ) -> PatternPlan:
        """The automaton, and each condition as a bit of the mask and perhaps a test."""
        from .plan import sequence_plan

        return sequence_plan(config, inputs[0], resolver)

    def step_conditions(self, config: SequenceConfig) -> dict[str, str]:
        """Each step's condition; a step without one takes every event."""
        return {step.name: step.where or "TRUE" for step in leaves(config.steps)}

    def open_partials(self, state: Any) -> list[tuple[Any, int | None]]:
        """Runs of the automaton, and when they expire if a whole time bounds them."""
        if len(state) < 4:  # nothing, or the wait before a sequence
            return []
        _, runs, _, within = state
        return [
            (sequence_bound(run[2]), None if within >= NEVER else run[1] + within) for run in runs
        ]

    def state_bound(self, config: SequenceConfig) -> StateBound:
        """Partial matches, each with at most as many events as its steps may bind."""
        longest = most_events(config.steps)
        gaps = [step.within for step in config.steps[1:] if step.within]
        kept = config.within or (gaps[0] if gaps else None)
        if longest is None:
            formula = "max_partial_matches × the events of a step without limit"
            return StateBound(formula, None, kept)
        formula = f"max_partial_matches × {longest} events"
        return StateBound(formula, config.max_partial_matches * longest, kept)

    def scenarios(self, config: SequenceConfig) -> Iterator[Scenario]:
        """Stories that match, just miss, or lie at a boundary."""
        from .scenarios import sequence_scenarios

        yield from sequence_scenarios(config)

    def misses(self, config: SequenceConfig, view: KeyView) -> Iterator[Miss]:
        """What came close, and what was missing."""
        from .why import sequence_misses

        yield from sequence_misses(config, view)

    def verdict(self, config: SequenceConfig, match: dict[str, Any]) -> str:
        """What decided a match: its last event, or a deadline."""
        last = config.steps[-1]
        if match.get("measures", {}).get("timed_out"):
            return f"Its time was over at {match['detected_at']} before all steps had come."
        if last.negated and match["detected_at"] != match["events"][-1]["at"]:
            return (
                f"No `{last.name}` event came up to, not including, {match['detected_at']}: the "
                f"timer at {match['detected_at']} decided."
            )
        if match["detected_at"] == match["events"][-1]["at"]:
            return f"The event of step `{match['events'][-1]['step']}` completed the sequence."
        return (
            f"All steps had come by {match['events'][-1]['at']}; it was certain at "
            f"{match['detected_at']} that no earlier partial match would take its place."
        )


def _migrated(step: Any, greedy: Any) -> Any:
    if not isinstance(step, dict):
        return step
    migrated = dict(step)
    if "filter" in migrated and "where" not in migrated:
        migrated["where"] = migrated.pop("filter")
    for word, contiguity in FLINK_WORDS.items():
        if word in migrated and "name" not in migrated:
            migrated["name"] = migrated.pop(word)
            migrated.setdefault("contiguity", contiguity)
    if isinstance(times := migrated.get("times"), int) and not migrated.keys() & {"min", "max"}:
        del migrated["times"]
        migrated |= {"min": times, "max": times}
    if times := _times(migrated.get("quantifier")):
        del migrated["quantifier"]
        migrated |= times
    if isinstance(consecutive := migrated.get("consecutive"), bool) and "inner" not in migrated:
        del migrated["consecutive"]
        migrated["inner"] = "strict" if consecutive else "relaxed"
    mode = migrated.get("contiguity")
    if isinstance(mode, str):
        migrated["contiguity"] = EARLIER_CONTIGUITY.get(mode, mode)
    repeated = migrated.get("max", 1) != 1
    if greedy in ("greedy", "reluctant") and repeated and "greedy" not in migrated:
        migrated["greedy"] = greedy == "greedy"
    if isinstance(migrated.get("steps"), list):
        migrated["steps"] = [_migrated(inner, greedy) for inner in migrated["steps"]]
    return migrated


def _times(quantifier: Any) -> dict[str, Any]:
    """`+`, `*`, `?`, `{2}`, `{2,}`, `{,5}` or `{2,5}`, as regular expressions have them."""
    found = QUANTIFIER.fullmatch(quantifier) if isinstance(quantifier, str) else None
    if found is None:
        return {}
    least, most = SIGNS.get(found["sign"] or "", (found["least"] or "0", found["most"]))
    if found["sign"] is None and found["comma"] is None:
        most = least
    times: dict[str, Any] = {"min": int(least), "max": int(most) if most else None}
    return times | ({"greedy": False} if found["reluctant"] else {})


QUANTIFIER = re.compile(
    r"\s*(?:(?P<sign>[+*?])|\{\s*(?P<least>\d*)\s*(?P<comma>,)?\s*(?P<most>\d*)\s*\})"
    r"(?P<reluctant>\?)?\s*"
)
SIGNS = {"+": ("1", ""), "*": ("0", ""), "?": ("0", "1")}


def _said(step: SequenceStep) -> str:
    name = f"({', then '.join(map(_said, step.steps))})" if step.steps else step.name
    if step.negated:
        return f"no {name}"
    low = 0 if step.optional else step.min
    if (low, step.max) == (0, 1):
        return f"optionally {name}"
    if (low, step.max) == (1, 1):
        return name
    most = "or more" if step.max is None else f"to {step.max}" if step.max != low else ""
    return f"{low} {most} {name}".replace("  ", " ")


NODE = SequencePattern()
