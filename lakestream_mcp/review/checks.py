"""What a review looks for beyond what validation says. Each check is one question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..graph.duration import delay_ms, duration_us
from .dead_letters import dead_letters
from .facts import Facts, Risk, updating
from .job import endless_on_serverless, small_state_files, unstarted
from .profile import key_share

Check = Callable[[Facts], Iterator[Risk]]

ALERTS = frozenset({"slack-teams-pagerduty", "email-sink", "rest-webhook-sink", "kafka-topic-sink"})
MATTERS_ORDER = frozenset({"sequence", "state-machine", "trend", "match-recognize"})
LONG_DELAY_MS = 86_400_000
USUAL_DELAY = "10 minutes"
SKEWED_SHARE = 0.5
SKEW_ROWS_LEAST = 20
BATCH_CAPS = {
    "max_records_per_batch": 100_000,
    "max_files_per_batch": 1_000,
}
LOCAL = ("localhost", "127.0.0.1", "[::1]")


def late_rows(facts: Facts) -> Iterator[Risk]:
    """Is there time for rows that come late, and no more than needed?"""
    for node in facts.document.nodes:
        config = facts.validation.configs.get(node.id)
        field = "delay" if node.type == "watermark" else "watermark_delay"
        delay = getattr(config, field, None)
        if delay is None:
            continue
        if delay_ms(delay) == 0:
            yield Risk(
                code="NO_TIME_FOR_LATE_ROWS",
                weight="medium",
                node=node.id,
                message=f"`{node.id}` waits for no late row: one that comes out of order is "
                "dropped.",
                hint="Give the delay that rows really have; matches come that much later.",
                fix=updating(node, **{field: USUAL_DELAY}),
            )
        elif delay_ms(delay) > LONG_DELAY_MS:
            yield Risk(
                code="LONG_WATERMARK_DELAY",
                weight="low",
                node=node.id,
                message=f"`{node.id}` waits {delay} for late rows: every match comes that much "
                "later, and all rows of that time are kept as state.",
                hint="Shorten the delay to what rows really have.",
            )


def arrival_order(facts: Facts) -> Iterator[Risk]:
    """Do matches depend on how the stream is cut into batches?"""
    for node, config in facts.nodes("pattern"):
        if getattr(config, "ordering", "") == "arrival":
            yield Risk(
                code="DEPENDS_ON_ARRIVAL",
                weight="medium",
                node=node.id,
                message=f"`{node.id}` takes rows as they arrive: after a restart, or from another "
                "partition, the same rows may match otherwise.",
                fix=updating(node, ordering="event_time"),
            )


def ties(facts: Facts) -> Iterator[Risk]:
    """Is it defined which of two rows of one instant comes first, where that matters?"""
    for node, config in facts.nodes("pattern"):
        if node.type in MATTERS_ORDER and not getattr(config, "order_by", True):
            yield Risk(
                code="TIES_UNDECIDED",
                weight="low",
                node=node.id,
                message=f"`{node.id}` depends on the order of rows, and two rows of the same "
                "instant have none that is stated.",
                hint="Name columns in `order_by`, such as a sequence number or offset.",
            )


def one_key_for_all(facts: Facts) -> Iterator[Risk]:
    """Is the work spread over keys?"""
    for node, config in facts.nodes("pattern"):
        if getattr(config, "key", True):
            continue
        yield Risk(
            code="ONE_KEY_FOR_ALL",
            weight="medium",
            node=node.id,
            message=f"`{node.id}` has no key: all rows meet in one task, which bounds the speed "
            "however large the cluster is.",
            hint='Name a key, if rows belong together by one; review_pipeline(mode="suggest") '
            "with sample rows proposes some.",
        )


def skew(facts: Facts) -> Iterator[Risk]:
    """Does one key have most rows of the sample?"""
    for node, config in facts.nodes("pattern"):
        keys = list(getattr(config, "key", ()) or ())
        for source in facts.upstream(node.id):
            rows = facts.samples.get(source, ())
            value, share = key_share(rows, keys)
            if len(rows) >= SKEW_ROWS_LEAST and share > SKEWED_SHARE:
                yield Risk(
                    code="SKEWED_KEY",
                    weight="medium",
                    node=node.id,
                    message=f"{share:.0%} of the sample rows of `{source}` have the key "
                    f"{', '.join(map(str, value))[:60]}: one task does most of the work.",
                    hint="Add a column to `key`, or filter that key out if it is a default.",
                )


def kept_for_ever(facts: Facts) -> Iterator[Risk]:
    """Does the state of a key that never comes again go away?"""
    for node, config in facts.nodes("pattern"):
        kind: Any = facts.kind(node)
        bound = kind.state_bound(config) if hasattr(kind, "state_bound") else None
        if bound is None or bound.kept_for is not None:
            continue
        can_forget = "forget_after" in type(config).model_fields
        fix = updating(node, forget_after=_forget_after(config)) if can_forget else None
        yield Risk(
            code="STATE_KEPT_FOR_EVER",
            weight="high",
            node=node.id,
            message=f"`{node.id}` keeps {bound.formula} of every key it ever saw: state grows with "
            "the number of keys.",
            hint=None if fix else "Give the pattern a time after which a key is forgotten.",
            fix=fix,
        )


def _forget_after(config: Any) -> str:
    """A week, or ten times the pattern's own time where that is more."""
    named = ("within", "window", "gap", "timeout", "baseline_window")
    times = [duration_us(t) for t in (getattr(config, n, None) for n in named) if t]
    days = max([7, *(-(-10 * t // 86_400_000_000) for t in times)])
    return f"{min(days, 3650)} days"


def nobody_told(facts: Facts) -> Iterator[Risk]:
    """Does somebody learn of matches?"""
    for node, _ in facts.nodes("pattern"):
        reached = set(facts.downstream(node.id))
        sinks = {sink.type for sink, _ in facts.nodes("sink") if sink.id in reached}
        if sinks and not sinks & ALERTS:
            yield Risk(
                code="NOBODY_TOLD",
                weight="low",
                node=node.id,
                message=f"Matches of `{node.id}` are kept, and nobody is told of them.",
                hint="If somebody should act on them, add a `slack-teams-pagerduty`, `email-sink` "
                "or `rest-webhook-sink`.",
            )


def unbounded_batches(facts: Facts) -> Iterator[Risk]:
    """Is a first run, or one after a stop, cut into batches?"""
    for node, config in facts.nodes("source"):
        for field, cap in BATCH_CAPS.items():
            if field in type(config).model_fields and getattr(config, field) is None:
                yield Risk(
                    code="UNBOUNDED_BATCH",
                    weight="low",
                    node=node.id,
                    message=f"`{node.id}` takes all that is there into one batch: after a stop "
                    "that may be more than the cluster's memory, and its cost comes at once.",
                    fix=updating(node, **{field: cap}),
                )


def lost_records(facts: Facts) -> Iterator[Risk]:
    """Would it be noticed that records were deleted before they were read?"""
    for node, config in facts.nodes("source"):
        if getattr(config, "fail_on_data_loss", None) is False:
            yield Risk(
                code="LOSS_UNNOTICED",
                weight="medium",
                node=node.id,
                message=f"`{node.id}` goes on when records were deleted before it read them: "
                "matches are missed without a word.",
                fix=updating(node, fail_on_data_loss=True),
            )


def open_transport(facts: Facts) -> Iterator[Risk]:
    """Do rows travel in the clear?"""
    for node in facts.document.nodes:
        config = facts.validation.configs.get(node.id)
        servers = str(getattr(config, "bootstrap_servers", None) or "")
        plain = getattr(config, "security_protocol", "") in ("PLAINTEXT", "SASL_PLAINTEXT")
        address = str(getattr(config, "url", None) or "")
        clear = address.startswith("http://") or (servers and plain)
        if clear and not any(name in f"{servers}{address}" for name in LOCAL):
            yield Risk(
                code="OPEN_TRANSPORT",
                weight="medium",
                node=node.id,
                message=f"`{node.id}` sends rows, and what it logs in with, in the clear.",
                hint="Use `SASL_SSL` or `SSL` for Kafka, `https://` for HTTP.",
            )


def untested(facts: Facts) -> Iterator[Risk]:
    """Would a deployment find it tested?"""
    if not facts.tested:
        yield Risk(
            code="NOT_TESTED",
            weight="medium",
            message="Nothing shows that it works: no test run of these very nodes in which each "
            "pattern matched.",
            hint='test_pattern(events={"examples": "all"}) makes events for a pattern; rows of '
            "yours say more.",
        )


CHECKS: tuple[Check, ...] = (
    late_rows,
    arrival_order,
    ties,
    one_key_for_all,
    skew,
    kept_for_ever,
    dead_letters,
    nobody_told,
    unbounded_batches,
    lost_records,
    open_transport,
    untested,
    unstarted,
    endless_on_serverless,
    small_state_files,
)
