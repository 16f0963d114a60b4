"""Where the extra with Databricks' SDK is not installed: what needs it says so, all else works."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lakestream_mcp.surfaces.cli import main

from .site import ID, Site

LOAD = {"events_per_second": 100, "keys": 10}


@pytest.fixture
def bare(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A server whose environment has no such package."""
    loaded = [name for name in sys.modules if name.split(".")[0] == "databricks"]
    for name in {"databricks", "databricks.sdk", *loaded}:
        monkeypatch.setitem(sys.modules, name, None)
    return site


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("deploy", {"pipeline_id": ID, "force_reason": "a test"}),
        ("deploy", {"pipeline_id": ID, "force_reason": "a test", "target": "bundle"}),
        ("generate_code", {"pipeline_id": ID, "target": "bundle"}),
        ("discover_schema", {}),
    ],
)
def test_what_needs_it_says_how_to_install_it(
    bare: Site, operation: str, arguments: dict[str, object]
) -> None:
    bare.make_plain()
    error = bare.call(operation, **arguments)["error"]
    assert error["code"] == "DATABRICKS_SDK_MISSING"
    assert "lakestream-mcp[databricks]" in error["hint"]


def test_all_else_works(bare: Site) -> None:
    bare.make()
    assert bare.test()["matches"]
    made = bare.call("generate_code", pipeline_id=ID, target="sss")
    assert made["generated"], made
    estimate = bare.call("estimate_cost", pipeline_id=ID, load=LOAD)
    assert estimate["estimate"]["money_per_month"]["base"] > 0
    assert not any("SDK" in warning for warning in estimate["warnings"])
    assert bare.call("get_deployment", pipeline_id=ID)["history"] == []


def test_the_app_is_not_written_by_half(bare: Site, tmp_path: Path) -> None:
    folder = tmp_path / "app"
    arguments = ["export", "--app", str(folder), "--lakebase", "lake"]
    refused = CliRunner().invoke(main, arguments)
    assert (refused.exit_code, "DATABRICKS_SDK_MISSING" in refused.output) == (1, True)
    assert not folder.exists()
