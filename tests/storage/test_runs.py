"""Runs and deployments: stored with everything, listed by what people look for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lakestream_mcp.errors import NotFound
from lakestream_mcp.storage.rows import Run
from lakestream_mcp.storage.store import Store

from .conftest import EPOCH, Clock
from .documents import create


def add(store: Store, pipeline_id: str = "orders", **given: object) -> Run:
    arguments = {
        "kind": "test",
        "actor": "ann",
        "result": "matched",
        "counts": {"events": 20, "matches": 1},
        "report": {"matches": []},
        **given,
    }
    with store.transaction(write=True) as tx:
        return tx.add_run(pipeline_id, 1, **arguments)  # type: ignore[arg-type]


def listed(store: Store, **filters: object) -> list[str]:
    with store.transaction() as tx:
        return [run.id for run in tx.list_runs(**filters)]  # type: ignore[arg-type]


def test_a_run_is_stored_with_its_report(store: Store) -> None:
    create(store)
    report = {"matches": [{"events": [{"amount": n, "note": "äöü"} for n in range(5000)]}]}
    run = add(store, node="big", report=report, duration_ms=12, code_sha256="f" * 64)
    with store.transaction() as tx:
        stored = tx.get_run(run.id)
    assert stored.report == report
    assert stored.run == run
    assert (run.counts, run.duration_ms, run.code_sha256) == (
        {"events": 20, "matches": 1},
        12,
        "f" * 64,
    )


def test_reports_take_little_room(store: Store) -> None:
    create(store)
    add(store, report=[{"time": n, "reason": "condition false"} for n in range(10_000)])
    with store.transaction() as tx:
        size = tx.connection.exec_driver_sql("SELECT length(report) FROM runs").scalar_one()
    assert size < 100_000


def test_runs_are_found_by_pipeline_node_kind_time_and_result(store: Store, clock: Clock) -> None:
    create(store, "a")
    create(store, "b")
    ids = [
        add(store, "a", node="x").id,
        add(store, "a", node="y", result="no_match").id,
        add(store, "b", node="x", kind="preview", result="no_match").id,
    ]
    clock.now = EPOCH + timedelta(days=1)
    ids.append(add(store, "a", node="x", result="failed").id)
    assert ids == sorted(ids)
    assert listed(store) == ids[::-1]
    assert listed(store, pipeline_id="a") == [ids[3], ids[1], ids[0]]
    assert listed(store, pipeline_id="a", node="x") == [ids[3], ids[0]]
    assert listed(store, result="no_match") == [ids[2], ids[1]]
    assert listed(store, kind="preview") == [ids[2]]
    assert listed(store, since=EPOCH + timedelta(days=1)) == [ids[3]]
    assert listed(store, until=EPOCH + timedelta(days=1), pipeline_id="b") == [ids[2]]
    assert listed(store, pipeline_id="nowhere") == []


def test_the_latest_runs_of_one_pipeline(store: Store) -> None:
    for name in ("a", "b"):
        create(store, name)
    ids = [add(store, name).id for name in ("a", "b", "a", "a")]
    failed = add(store, "a", result="failed").id
    with store.transaction() as tx:
        latest = tx.latest_runs("a", 3)
    assert list(latest.items()) == [
        (failed, "failed"),
        (ids[3], "matched"),
        (ids[2], "matched"),
    ]


def test_pages_of_runs(store: Store, clock: Clock) -> None:
    create(store)
    ids = []
    for _ in range(5):
        clock.now = EPOCH  # all at one time: their ids decide
        ids.append(add(store).id)
    first = listed(store, limit=2)
    second = listed(store, limit=2, before=first[-1])
    third = listed(store, limit=2, before=second[-1])
    assert [*first, *second, *third] == ids[::-1]


def test_unknown_runs_and_pipelines(store: Store) -> None:
    with store.transaction() as tx, pytest.raises(NotFound) as caught:
        tx.get_run("run_nowhere")
    assert caught.value.code == "RUN_NOT_FOUND"
    with pytest.raises(NotFound) as caught:
        add(store, "nowhere")
    assert caught.value.code == "PIPELINE_NOT_FOUND"


def test_runs_of_a_deleted_pipeline_stay(store: Store) -> None:
    create(store)
    run = add(store)
    with store.transaction(write=True) as tx:
        tx.delete_pipeline("orders", actor="ann")
    assert listed(store, pipeline_id="orders") == [run.id]


def test_a_deployment_and_what_becomes_of_it(store: Store) -> None:
    create(store)
    files = {"pipeline.py": "x = 1\n" * 1000, "job.yml": "ä"}
    with store.transaction(write=True) as tx:
        first = tx.add_deployment(
            "orders",
            1,
            target="local",
            status="starting",
            actor="ann",
            files=files,
            settings={"workers": 2},
            code_sha256="a" * 64,
        )
    with store.transaction(write=True) as tx:
        second = tx.add_deployment(
            "orders", 1, target="local", status="starting", actor="bob", files={}
        )
        running = tx.update_deployment(first.id, status="running", resources={"pid": 7})
        failed = tx.update_deployment(second.id, status="failed", error="no Java:\nsee log")
    assert running == first._replace(
        status="running", resources={"pid": 7}, updated_at=running.updated_at
    )
    assert running.updated_at > first.at
    with store.transaction() as tx:
        assert tx.get_deployment(second.id) == failed
        assert tx.deployed_files(first.id) == files
        assert tx.list_deployments(pipeline_id="orders") == [failed, running]
        assert tx.list_deployments(status="running") == [running]
        for missing in (tx.get_deployment, tx.deployed_files):
            with pytest.raises(NotFound) as caught:
                missing("dep_nowhere")
            assert caught.value.code == "DEPLOYMENT_NOT_FOUND"
    with pytest.raises(NotFound), store.transaction(write=True) as tx:
        tx.update_deployment("dep_nowhere", status="running")
