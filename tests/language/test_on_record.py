"""Each call of nl_generate is on record, whoever answered it and however it ended."""

from __future__ import annotations

from typing import Any

import pytest

from lakestream_mcp.language.prompt import sha256_of

from ..surfaces.callers import McpCaller
from .conftest import COLUMNS, Opener

pytestmark = pytest.mark.usefixtures("no_models")
TEXT = "more than 5 orders in 2 minutes per customer"
FILLED = {"op": "set_pipeline", "description": "Orders that come in bursts"}
CALLS: dict[str, tuple[dict[str, Any], tuple[str, str], str]] = {
    "rules": ({"text": TEXT}, ("rules", "proposed"), "ok"),
    "off topic": ({"text": "write me a poem"}, ("rules", "refused"), "REQUEST_REFUSED"),
    "empty": ({"text": " "}, ("rules", "refused"), "REQUEST_REFUSED"),
    "a form": ({"text": TEXT, "backend": "agent"}, ("agent", "form"), "ok"),
    "filled": ({"text": TEXT, "filled": [FILLED]}, ("agent", "proposed"), "ok"),
    "applied": ({"text": TEXT, "apply": True}, ("rules", "applied"), "ok"),
    "no model": (
        {"text": TEXT, "backend": "anthropic"},
        ("anthropic", "MODEL_NOT_SET_UP"),
        "MODEL_NOT_SET_UP",
    ),
    "nothing kept": ({"accept": "prop_1"}, ("accept", "PROPOSAL_NOT_FOUND"), "PROPOSAL_NOT_FOUND"),
}


@pytest.mark.parametrize(("given", "line", "audited"), CALLS.values(), ids=CALLS)
def test_each_call_leaves_a_line_and_its_outcome(
    given: dict[str, Any], line: tuple[str, str], audited: str, opened: Opener
) -> None:
    host = opened()
    McpCaller(host).call("nl_generate", {"backend": "rules", "schema": COLUMNS} | given)
    with host.workspace.store.transaction() as store:
        (call,) = store.list_language_calls()
        (row,) = store.list_audit(operation="nl_generate")
    assert (call.backend, call.outcome) == line
    assert (call.tokens_in, call.tokens_out) == (0, 0)
    assert call.prompt_sha256 == sha256_of(given.get("text") or given["accept"])
    assert call.actor == row.actor
    assert row.outcome == audited


def test_an_accepted_proposal_is_on_record_with_its_pipeline(opened: Opener) -> None:
    host = opened()
    caller = McpCaller(host)
    said = caller.call("nl_generate", {"text": TEXT, "schema": COLUMNS, "backend": "rules"})
    done = caller.call("nl_generate", {"accept": said["proposal"]})
    with host.workspace.store.transaction() as store:
        last, first = store.list_language_calls()
    assert (first.outcome, last.outcome) == ("proposed", "applied")
    assert (last.backend, last.pipeline_id) == ("rules", done["pipeline_id"])
