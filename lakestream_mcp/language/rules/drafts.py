"""What was read as a draft: its sources and sinks completed, and what is open asked."""

from __future__ import annotations

from ..proposal import Draft
from .event_time import timed_source
from .flow import Flow
from .left_out import left_out, unread
from .names import Columns
from .phrase import Phrase
from .reader import Found, Reader
from .scene import Made
from .sink_order import in_order
from .source_words import DEFAULT_BROKER
from .talk import Talk

NOWHERE = {"table": "main.default.results"}
"""Where rows go when a text does not say."""


BOTH_WAYS = 2
"""Ways out of a router that each have a place: rows that take none are not meant."""


def with_places(reader: Reader, columns: Columns, talk: Talk) -> None:
    """Every source with columns, event time and watermark; one to start from where none is."""
    found = reader.found
    streams = next((made.inputs for made in found.steps if made.inputs), ())
    if not found.sources and len(streams) > 1:
        for name in streams:
            talk.assume(f"I took the stream `{name}` to be the Delta table `main.default.{name}`.")
            found.sources.append(
                Made("delta-table-source", {"table": f"main.default.{name}"}, name.capitalize())
            )
    if not found.sources:
        talk.assume(
            "No source was named: I took the Delta table `main.default.events`. "
            "Say for example `read from the Kafka topic orders at broker:9092`."
        )
        found.sources.append(Made("delta-table-source", {"table": "main.default.events"}, "Events"))
    if (
        not found.sinks
        and not found.branches
        and not any(port == "other" for port, _ in found.routes)
        and len({port for port, _ in found.routes}) < BOTH_WAYS
    ):
        found.sinks.append(default_sink(talk))
    timed = any(
        reader.request.catalog.get(m.type).category == "pattern"
        or m.type in ("window-aggregate", "watermark", "stream-stream-join")
        for m in (*found.steps, *(step for steps, _ in found.branches for step in steps))
    )
    _share_broker(found, talk)
    own = [Columns(types, True) for types in found.types] or [columns] * len(found.sources)
    found.sources = [
        timed_source(made, types, talk, found.delay, timed)
        for made, types in zip(found.sources, own, strict=True)
    ]
    found.sinks = in_order(found.sinks, reader.request.text)


def _share_broker(found: Found, talk: Talk) -> None:
    """A broker that is named once is that of every topic without one."""
    made = [*found.sources, *found.sinks, *(sink for _, sink in found.routes)]
    topics = [m.config for m in made if "bootstrap_servers" in m.config]
    said = {c["bootstrap_servers"] for c in topics} - {DEFAULT_BROKER}
    for config in topics if len(said) == 1 else ():
        config["bootstrap_servers"] = next(iter(said))
    if all(config["bootstrap_servers"] != DEFAULT_BROKER for config in topics):
        talk.assumptions.pop(f"No broker was named: I took `{DEFAULT_BROKER}`.", None)


def default_sink(talk: Talk) -> Made:
    """Where rows go when nobody says where."""
    talk.assume(
        "No destination was named: I took the Delta table `main.default.results`. "
        "Say for example `write to main.default.alerts` or `alert on Slack`."
    )
    return Made("delta-table-sink", dict(NOWHERE), "Results")


def concluded(flow: Flow, found: list[Phrase], talk: Talk) -> Draft:
    """The draft, with what of the text was left out."""
    weighty = unread(found)
    if weighty and not talk.questions:
        talk.ask(f"I did not understand {', '.join(f'`{w}`' for w in weighty[:6])}. What is meant?")
    left = left_out(found)
    if left:
        talk.assume(f"I left out: {', '.join(f'`{said}`' for said in left[:12])}.")
    if not talk.questions:
        _check(flow, talk)
    if talk.questions:
        return Draft(assumptions=tuple(talk.assumptions), questions=talk.asked())
    return Draft(tuple(flow.changes), tuple(talk.assumptions))


def _check(flow: Flow, talk: Talk) -> None:
    """Changes that cannot be applied, or a configuration that its type refuses, are a question."""
    from pydantic import ValidationError

    from ...errors import LakestreamError
    from ...graph.apply import apply

    try:
        apply(flow.document, flow.changes, flow.catalog)
        for made in flow.made.values():
            flow.catalog.get(made.type).Config.model_validate(made.config)
    except LakestreamError as error:
        talk.ask(f"That cannot be done so: {error.message}. What is meant?")
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        talk.ask(f"`{field}` cannot be so: {first['msg']}. What is meant?")
