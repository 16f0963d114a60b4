"""What is wrong with a sequence beyond the types of its fields, and why."""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import nearest
from ...graph.duration import duration_us
from ...graph.model import Problem
from .config import SequenceConfig, SequenceStep, everything, leaves

TIMED_OUT = "timed_out"


def check_sequence(config: SequenceConfig) -> Iterator[Problem]:
    """All problems; none of them keeps the others from being found."""
    yield from _names(config)
    yield from _skip(config)
    yield from _ends(config)
    yield from _combinations(config)
    yield from _idle_negations(config, config.steps, "steps", ends=True)
    for field, at, chain in everything(config.steps):
        yield from _step(config, field, at, chain)
    for name in config.measures:
        if name == TIMED_OUT and config.emit_timed_out:
            yield _problem("NAME_TAKEN", "`emit_timed_out` has a column `timed_out`", "measures")


def _problem(
    code: str, message: str, field: str, got: object = None, hint: str | None = None
) -> Problem:
    return Problem(code, f"{message}.", field, got, None, hint)


def _names(config: SequenceConfig) -> Iterator[Problem]:
    seen: set[str] = set()
    for step in leaves(config.steps):
        if step.name in seen:
            message = f"Two steps are called `{step.name}`"
            yield _problem("DUPLICATE_STEP", message, "steps", step.name, "Rename one of them.")
        if ":" in step.name:
            yield _problem("STEP_NAME", "A step's name has no colon", "steps", step.name)
        seen.add(step.name)


def _skip(config: SequenceConfig) -> Iterator[Problem]:
    names = [step.name for step in config.steps if not step.steps]
    needed = config.after_match in ("skip-to-first", "skip-to-last")
    if needed and config.skip_to is None:
        message = f"`{config.after_match}` needs the step to skip to"
        yield Problem("SKIP_TO_MISSING", f"{message}.", "skip_to", None, names)
    elif (
        needed
        and config.skip_to in [step.name for step in leaves(config.steps)]
        and (config.skip_to not in names)
    ):
        yield Problem(
            "SKIP_INTO_GROUP",
            f"`{config.skip_to}` is inside a group, whose rounds may each bind it or not, so that "
            "it is no one place to go on from.",
            "skip_to",
            config.skip_to,
            names,
            "Skip to a step outside groups, or use `skip-to-next` or `skip-past-last`.",
        )
    elif needed and config.skip_to not in names:
        near = nearest(config.skip_to or "", names)
        yield Problem(
            "UNKNOWN_STEP",
            f"There is no step `{config.skip_to}` to skip to.",
            "skip_to",
            config.skip_to,
            names,
            f"Did you mean `{near}`?" if near else None,
            {"skip_to": near} if near else None,
        )
    elif config.skip_to is not None and not needed:
        yield _problem(
            "SKIP_TO_UNUSED",
            f"`{config.after_match}` skips to no step",
            "skip_to",
            config.skip_to,
            "Leave `skip_to` out, or choose `skip-to-first` or `skip-to-last`.",
        )


def _ends(config: SequenceConfig) -> Iterator[Problem]:
    first, last = config.steps[0], config.steps[-1]
    if first.negated and first.within is None:
        yield _problem(
            "LEADING_NEGATION",
            f"The first step `{first.name}` is negated, and nothing says for how long",
            "steps.0.within",
            None,
            "Set `within` on it: no such event for that long, then the next step. Or begin with "
            "the event after which something must not come.",
        )
    if all(step.negated for step in config.steps):
        yield _problem(
            "NOTHING_BOUND",
            "Every step is negated, so a match would have no event",
            "steps",
            None,
            "Add a step that binds an event; `heartbeat` tells of a key that falls silent.",
        )
    relaxed = (last.contiguity or config.contiguity) != "strict"
    if last.negated and relaxed and config.within is None and last.within is None:
        yield _problem(
            "NEGATION_WITHOUT_END",
            f"The last step `{last.name}` is negated, and nothing says for how long",
            "within",
            None,
            "Set `within`: the match is decided when that time is over.",
        )
    if config.emit_timed_out and not config.within and not _gaps(config):
        yield _problem(
            "NOTHING_TIMES_OUT", "`emit_timed_out` without `within` emits nothing", "within"
        )


def _combinations(config: SequenceConfig) -> Iterator[Problem]:
    """Repetition that leaves out events which fit: every subset of them is a match."""
    if config.after_match != "no-skip":
        return
    for field, at, chain in everything(config.steps):
        step = chain[at]
        if step.inner == "relaxed-any" and (step.max is None or step.max > 2):
            yield Problem(
                "MANY_COMBINATIONS",
                f"`{step.name}` repeats with `relaxed-any` and nothing is skipped, so that each "
                "event that fits may double the partial matches; beyond `max_partial_matches` the "
                "oldest are dropped.",
                f"{field}.inner",
                step.inner,
                "relaxed, or another after_match",
                "Choose `inner: relaxed`, or `after_match: skip-past-last`.",
                severity="warning",
            )


def _idle_negations(
    config: SequenceConfig, chain: tuple[SequenceStep, ...], field: str, ends: bool
) -> Iterator[Problem]:
    """Negated steps at the end of a group that forbid nothing, as in Flink."""
    for at, step in enumerate(chain):
        place, last = f"{field}.{at}", at == len(chain) - 1
        if step.steps:
            yield from _idle_negations(config, step.steps, f"{place}.steps", ends and last)
        elif last and step.negated and field != "steps":
            relaxed = (step.contiguity or config.contiguity) != "strict"
            if relaxed and not (ends and (config.within or step.within)):
                yield Problem(
                    "IDLE_NEGATION",
                    f"`{step.name}` forbids nothing: no step of its group comes after it, and a "
                    "negated step ends with the group.",
                    f"{place}.negated",
                    True,
                    "a step after it",
                    "Put the negated step after the group, or make it strict.",
                    severity="warning",
                )


def _gaps(config: SequenceConfig) -> bool:
    chains = [chain[at] for _, at, chain in everything(config.steps)]
    return any(step.within or step.times_within for step in chains)


def _step(
    config: SequenceConfig, field: str, at: int, chain: tuple[SequenceStep, ...]
) -> Iterator[Problem]:
    step = chain[at]
    if step.steps:
        yield from _group(step, field)
    if step.negated:
        yield from _negated(step, field, at, chain)
    if step.max is not None and step.min > step.max:
        message = f"`{step.name}`: min {step.min} is more than max {step.max}"
        yield _problem("MIN_ABOVE_MAX", message, f"{field}.min", step.min)
    yield from _repetition(step, field)
    if step.optional and at and chain[at - 1].greedy:
        yield _problem(
            "OPTIONAL_AFTER_GREEDY",
            f"`{step.name}` is optional after the greedy step `{chain[at - 1].name}`, so that it "
            "would not be defined which of the two binds an event",
            f"{field}.optional",
            True,
            "Make the step before it not greedy, or say `min: 0`: the greedy step goes first.",
        )
    yield from _gap(config, step, field)


def _repetition(step: SequenceStep, field: str) -> Iterator[Problem]:
    name, repeated = step.name, step.max != 1
    if step.until is not None and step.max is not None:
        message = f"`{name}`: only a step without limit (max null) can have `until`"
        yield _problem("UNTIL_WITHOUT_LOOP", message, f"{field}.until", step.until)
    if step.greedy and (step.min, step.max) == (1, 1):
        message = f"`{name}` binds one event, so it cannot be greedy"
        yield _problem("GREEDY_SINGLE", message, f"{field}.greedy", True)
    if step.greedy and step.inner == "relaxed-any":
        message = f"`{name}`: greedy takes every event that fits, `relaxed-any` leaves some out"
        yield _problem("GREEDY_RELAXED_ANY", message, f"{field}.greedy", True)
    if step.inner != "relaxed" and (step.min, step.max) == (1, 1):
        message = f"`{name}` does not repeat, so `inner` has no meaning"
        yield _problem("INNER_SINGLE", message, f"{field}.inner", step.inner,
                       "`contiguity` says how it follows the step before it.")  # fmt: skip
    if step.times_within is not None and not repeated:
        message = f"`{name}` does not repeat, so `times_within` has no meaning"
        yield _problem("TIMES_WITHIN_SINGLE", message, f"{field}.times_within", step.times_within)


def _negated(
    step: SequenceStep, field: str, at: int, chain: tuple[SequenceStep, ...]
) -> Iterator[Problem]:
    name = step.name
    if step.optional or step.min != 1 or step.max != 1 or step.greedy:
        yield _problem(
            "NEGATED_QUANTIFIER",
            f"`{name}` is negated, so it can be neither optional nor repeated",
            f"{field}.negated",
            True,
        )
    if at and (chain[at - 1].optional or chain[at - 1].min == 0):
        yield _problem(
            "NEGATION_AFTER_OPTIONAL",
            f"`{name}` is negated and follows the optional step `{chain[at - 1].name}`",
            f"{field}.negated",
            True,
            "Use two sequences, one with and one without the optional step.",
        )


def _group(step: SequenceStep, field: str) -> Iterator[Problem]:
    name = step.name
    if step.where is not None:
        message = f"`{name}` is a group: its steps have conditions, not the group"
        yield _problem("GROUP_CONDITION", message, f"{field}.where", step.where)
    if step.greedy:
        message = f"`{name}` is a group and cannot be greedy; its steps can"
        yield _problem("GROUP_GREEDY", message, f"{field}.greedy", True)
    if step.negated:
        message = f"`{name}` is a group and cannot be negated; its steps can"
        yield _problem("GROUP_NEGATED", message, f"{field}.negated", True)
    if step.within is not None:
        message = f"`{name}` is a group; set `within` on its first step"
        yield _problem("GROUP_WITHIN", message, f"{field}.within", step.within)
    if step.steps[0].negated:
        message = f"the group `{name}` starts with the negated step `{step.steps[0].name}`"
        yield _problem("LEADING_NEGATION", message, f"{field}.steps.0.negated", True,
                       "Put the negated step before the group.")  # fmt: skip
    if step.max is None and all(map(may_be_empty, step.steps)):
        message = f"the group `{name}` repeats without limit, but may be empty"
        yield _problem("EMPTY_LOOP", message, f"{field}.max", None)


def may_be_empty(step: SequenceStep) -> bool:
    """Whether a step, or a whole group, may bind no event."""
    if step.optional or step.min == 0 or step.negated:
        return True
    return bool(step.steps) and all(map(may_be_empty, step.steps))


def _gap(config: SequenceConfig, step: SequenceStep, field: str) -> Iterator[Problem]:
    waits = field == "steps.0" and step.negated
    for name, gap in (("within", step.within), ("times_within", step.times_within)):
        if gap and not waits and config.within and duration_us(gap) > duration_us(config.within):
            message = f"`{name}` of `{step.name}` is longer than the whole pattern's `within`"
            yield _problem("WITHIN_TOO_LONG", message, f"{field}.{name}", gap)
    if step.within is None or waits:
        return
    if step.max != 1:
        yield _problem(
            "WITHIN_REPEATED",
            f"`{step.name}` repeats, so the time to its previous event is not one thing",
            f"{field}.within",
            step.within,
            "Use `times_within` for the time between repetitions.",
        )
    if field == "steps.0":
        message = f"Nothing comes before `{step.name}`, so its `within` has no meaning"
        yield _problem("WITHIN_FIRST", message, f"{field}.within", step.within)
