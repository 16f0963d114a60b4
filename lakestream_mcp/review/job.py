"""What a review looks for in the settings: how the job that is made of a pipeline runs."""

from __future__ import annotations

from collections.abc import Iterator

from ..codegen.deploying import UNSTARTED, Deploying
from ..codegen.settings import AVAILABLE_NOW
from ..errors import InvalidArgument, InvalidPipeline
from ..graph.duration import duration_us
from ..graph.model import ChangeData
from .facts import Facts, Risk


def unstarted(facts: Facts) -> Iterator[Risk]:
    """Does its job run without somebody who starts it?"""
    try:
        deploying = Deploying.of(facts.document)
    except InvalidPipeline:
        return
    if not deploying.runs_by_itself:
        given = deploying.model_dump(mode="json", exclude_unset=True)
        change: ChangeData = {
            "op": "set_pipeline",
            "settings": {"deploy": {**given, "continuous": True}},
        }
        yield Risk(
            code="NOBODY_STARTS_IT",
            weight="low",
            message=f"Once deployed, nobody starts its job: {UNSTARTED}.",
            fix=[change],
        )


def endless_on_serverless(facts: Facts) -> Iterator[Risk]:
    """Does compute that ends its streams get one that never ends?"""
    settings = facts.document.settings
    given = settings.get("deploy")
    deploying = dict(given) if isinstance(given, dict) else {}
    needs_notebook = any(
        "sdp" not in facts.kind(node).targets
        for category in ("source", "transform", "pattern", "sink")
        for node, _ in facts.nodes(category)
    )
    if settings.get("trigger", AVAILABLE_NOW) == AVAILABLE_NOW or not needs_notebook:
        return
    if deploying.get("cluster") is None:
        again = {} if deploying.get("schedule") else {"continuous": True}
        changed = {"trigger": AVAILABLE_NOW, "deploy": {**deploying, **again}}
        change: ChangeData = {"op": "set_pipeline", "settings": changed}
        yield Risk(
            code="ENDLESS_ON_SERVERLESS",
            weight="medium",
            message=f"With the trigger {settings['trigger']} the notebook never ends, and "
            "serverless compute does not run it: take runs that begin when one ends, or set "
            "`deploy.cluster`.",
            fix=[change],
        )


def small_state_files(facts: Facts) -> Iterator[Risk]:
    """Is a short trigger worth what it costs?"""
    trigger = facts.document.settings.get("trigger")
    try:
        short = trigger is not None and duration_us(str(trigger)) < 1_000_000
    except InvalidArgument:
        return
    if short:
        change: ChangeData = {"op": "set_pipeline", "settings": {"trigger": "10 seconds"}}
        yield Risk(
            code="COSTLY_TRIGGER",
            weight="low",
            message=f"A batch every {trigger} runs all the time and writes its state as often: "
            "matches wait for the watermark anyhow.",
            fix=[change],
        )
