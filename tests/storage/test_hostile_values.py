"""Whatever text and numbers come, both databases keep them exactly or refuse them alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from lakestream_mcp.errors import InvalidArgument, LakestreamError, LimitExceeded
from lakestream_mcp.graph.model import PipelineDocument
from lakestream_mcp.storage import encoding
from lakestream_mcp.storage.store import Store, Transaction

from .documents import configured, create, document, edit, head

HOSTILE = {
    "single quote": "it's'; DROP TABLE pipelines; --",
    "double quote": 'a "name"',
    "backslashes": "\\u0000 is not a NUL, \\\\u0000 neither, \\n no newline",
    "newlines": "two\nlines\r\n\u2028\u2029\x85",
    "percent and underscore": "%_%s%(x)s :x $1 ?",
    "control characters": "\x01\x1b[31m\x7f",
    "right to left": "\u202egnp.exe",
    "emoji": "👩‍👩‍👧‍👦",
    "byte order mark": "\ufeffx",
    "not a character": "\uffff\ufffe",
    "spaces": "  \t ",
    "braces": "{{ x }} ${x} {0}",
}
REFUSED: dict[str, tuple[Any, str]] = {
    "NUL": ("a\0b", "NUL"),
    "NUL after a backslash": ("a\\\0", "NUL"),
    "half a surrogate pair": ("\ud800", "surrogate"),
    "NaN": (float("nan"), "nan"),
    "infinity": (float("-inf"), "-inf"),
    "thousands of digits": (10**5000, "digits"),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_survives_everywhere(store: Store, text: str) -> None:
    given = configured({text: [text, {text: text}]}, name=text)
    given.description, given.tags = text, [text]
    with store.transaction(write=True) as tx:
        tx.create_pipeline(text, given, actor=text, operation=text, reason=text)
        tx.append_revision(
            text,
            given,
            actor=text,
            operation=text,
            reason=text,
            changes=[{"op": "set_pipeline", "name": text}],
            changed={"added": [text]},
        )
        run = tx.add_run(
            text,
            2,
            "test",
            node=text,
            actor=text,
            result="matched",
            counts={text: 1},
            report={"events": [{text: text}]},
        )
        tx.set_preference(text, text, text)
        tx.append_audit(
            actor=text,
            role="author",
            operation=text,
            arguments_sha256="0" * 64,
            outcome="ok",
            duration_ms=1,
            pipeline_id=text,
        )
    with store.transaction() as tx:
        assert tx.load(text).document == given
        assert tx.revisions(text, limit=1)[0].changes == [{"op": "set_pipeline", "name": text}]
        assert [row.name for row in tx.list_pipelines(tag=text, text=text)] == [text]
        assert tx.get_run(run.id).report == {"events": [{text: text}]}
        assert [row.id for row in tx.list_runs(pipeline_id=text, node=text)] == [run.id]
        assert tx.preferences(text) == {text: text}
        assert tx.list_audit(pipeline_id=text, actor=text)[0].operation == text


@pytest.mark.parametrize(("value", "word"), REFUSED.values(), ids=REFUSED)
def test_values_that_cannot_be_stored_are_refused_with_their_place(
    store: Store, value: Any, word: str
) -> None:
    create(store)
    with pytest.raises(InvalidArgument) as caught:
        edit(store, configured([{"a": 1}, {"b": value}]))
    assert caught.value.code == "INVALID_VALUE"
    assert caught.value.where == {"field": "document.nodes[0].config.value[1].b"}
    assert word in caught.value.got
    json.dumps(caught.value.to_json()).encode()
    assert head(store) == document()
    assert store.latest_change_seq() == 1


@pytest.mark.parametrize("text", ["a\0b", "\ud800"], ids=["NUL", "half a surrogate pair"])
def test_text_that_cannot_be_stored_is_refused_in_every_argument(store: Store, text: str) -> None:
    create(store)
    attempts: dict[str, Callable[[Transaction], object]] = {
        "pipeline": lambda tx: tx.load(text),
        "actor": lambda tx: tx.create_pipeline("x", document(), actor=text),
        "reason": lambda tx: tx.create_pipeline("x", document(), actor="ann", reason=text),
        "tag": lambda tx: tx.list_pipelines(tag=text),
        "text": lambda tx: tx.list_pipelines(text=text),
        "key": lambda tx: tx.set_preference("ann", text, 1),
        "run": lambda tx: tx.get_run(text),
        "node": lambda tx: tx.list_runs(node=text),
    }
    for field, attempt in attempts.items():
        with pytest.raises(InvalidArgument) as caught, store.transaction(write=True) as tx:
            attempt(tx)
        assert (caught.value.code, caught.value.where) == ("INVALID_TEXT", {"field": field})
        json.dumps(caught.value.to_json()).encode()
    assert head(store) == document()


def test_an_id_too_long_for_an_index_is_refused(store: Store) -> None:
    with pytest.raises(InvalidArgument) as caught:
        create(store, "x" * 201)
    assert caught.value.code == "TEXT_TOO_LONG"
    create(store, "ü" * 200)
    assert head(store, "ü" * 200) == document()


def test_numbers_keep_every_digit(store: Store) -> None:
    numbers: list[JsonValue] = [0.1, 1e308, 5e-324, 2**63, -(10**400), 1.0, 1, True, None, -0.0]
    create(store, stored=configured(numbers))
    loaded = head(store).nodes[0].config["value"]
    assert repr(loaded) == repr(numbers)


def test_the_order_of_keys_is_kept(store: Store) -> None:
    given: dict[str, JsonValue] = {"z": 1, "a": 2, "m": {"b": 1, "a": 2}}
    create(store, stored=configured(given))
    assert json.dumps(head(store).nodes[0].config["value"]) == json.dumps(given)


def test_depth_is_kept_or_refused(store: Store) -> None:
    def nested(depth: int) -> JsonValue:
        value: JsonValue = "x"
        for _ in range(depth):
            value = [value]
        return value

    create(store, stored=configured(nested(150)))
    assert head(store) == configured(nested(150))
    with pytest.raises(InvalidArgument) as caught:
        edit(store, configured(nested(230)))
    assert caught.value.got == "nesting too deep"
    with pytest.raises(InvalidArgument), store.transaction(write=True) as tx:
        tx.set_preference("ann", "deep", nested(100_000))
    assert head(store) == configured(nested(150))


def test_huge_documents(store: Store) -> None:
    given = document(nodes=2_000)
    given.nodes[7].config["condition"] = "x" * 5_000_000
    create(store, stored=given)
    assert head(store) == given


def test_documents_without_limit_are_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    create(store)
    monkeypatch.setattr(encoding, "MAX_JSON_CHARS", 10_000)
    with pytest.raises(LimitExceeded) as caught:
        edit(store, configured("x" * 10_000))
    assert caught.value.where == {"field": "document"}
    assert head(store) == document()


def test_the_audit_log_takes_any_text(store: Store) -> None:
    with store.transaction(write=True) as tx:
        tx.append_audit(
            actor="a\0b\ud800",
            role="author",
            operation="x" * 500,
            arguments_sha256="0" * 64,
            outcome="INVALID_ARGUMENT",
            duration_ms=1,
            pipeline_id="\0" * 300,
        )
        entry = tx.list_audit()[0]
    assert entry.actor == "a\\0b\\ud800"
    assert entry.operation == "x" * 199 + "…"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=json_values)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_stored_and_loaded_or_refused(store: Store, value: JsonValue) -> None:
    pipeline_id = f"p{store.latest_change_seq()}"
    given = configured(value)
    try:
        create(store, pipeline_id, given)
    except LakestreamError as error:
        assert error.code == "INVALID_VALUE"
        return
    loaded: PipelineDocument = head(store, pipeline_id)
    assert repr(loaded) == repr(given)
