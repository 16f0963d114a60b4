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
    names = [step.name for step in leaves(config.steps)]
    needed = config.after_match in ("skip-to-first", "skip-to-last")
    if needed and config.skip_to is None:
        message = f"`{config.after_match}` needs the step to skip to"
        yield Problem("SKIP_TO_MISSING", f"{message}.", "skip_to", None, names)
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
    if first.negated:
        yield _problem(
            "LEADING_NEGATION",
            f"The first step `{first.name}` is negated: nothing starts the wait",
            "steps.0.negated",
            True,
            "Begin with the event after which something must not come.",
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
    optional = step.optional or step.min == 0
    if optional and at and chain[at - 1].greedy:
        yield _problem(
            "OPTIONAL_AFTER_GREEDY",
            f"`{step.name}` is optional after the greedy step `{chain[at - 1].name}`, so that it "
            "would not be defined which of the two binds an event",
            f"{field}.optional",
            True,
            "Make the step before it not greedy, or this one not optional.",
        )
    yield from _gap(config, step, field)


def _repetition(step: SequenceStep, field: str) -> Iterator[Problem]:
    name, repeated = step.name, step.max != 1
    if step.until is not None and step.max is not None:
        message = f"`{name}`: only a step without limit (max null) can have `until`"
        yield _problem("UNTIL_WITHOUT_LOOP", message, f"{field}.until", step.until)
    if step.greedy and not repeated:
        message = f"`{name}` binds one event, so it cannot be greedy"
        yield _problem("GREEDY_SINGLE", message, f"{field}.greedy", True)
    if step.greedy and step.inner == "relaxed-any":
        message = f"`{name}`: greedy takes every event that fits, `relaxed-any` leaves some out"
        yield _problem("GREEDY_RELAXED_ANY", message, f"{field}.greedy", True)
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
    first, last = step.steps[0], step.steps[-1]
    if first.negated or last.negated:
        message = f"the group `{name}` starts or ends with a negated step"
        yield _problem("NEGATION_AT_GROUP_END", message, f"{field}.steps", None,
                       "Put the negated step before or after the group.")  # fmt: skip
    if step.max is None and all(map(may_be_empty, step.steps)):
        message = f"the group `{name}` repeats without limit, but may be empty"
        yield _problem("EMPTY_LOOP", message, f"{field}.max", None)


def may_be_empty(step: SequenceStep) -> bool:
    """Whether a step, or a whole group, may bind no event."""
    if step.optional or step.min == 0 or step.negated:
        return True
    return bool(step.steps) and all(map(may_be_empty, step.steps))


def _gap(config: SequenceConfig, step: SequenceStep, field: str) -> Iterator[Problem]:
    for name, gap in (("within", step.within), ("times_within", step.times_within)):
        if gap and config.within and duration_us(gap) > duration_us(config.within):
            message = f"`{name}` of `{step.name}` is longer than the whole pattern's `within`"
            yield _problem("WITHIN_TOO_LONG", message, f"{field}.{name}", gap)
    if step.within is None:
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
