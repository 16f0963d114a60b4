"""`lakestream export --app`: the folder holds what the SDK knows, and its command serves."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml  # type: ignore[import-untyped]
from click.testing import CliRunner, Result
from databricks.sdk.service.apps import App
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport

from lakestream_mcp.surfaces.cli import main
from tests.project.sources import PACKAGE, ROOT, files
from tests.storage.cluster import cluster
from tests.storage.credentials import ENDPOINT, INSTANCE, minting
from tests.surfaces.test_server_kill import free_port

ADDRESS = "mcp-lakestream-7474.aws.databricksapps.com"
BY_PROXY = {
    "Host": ADDRESS,
    "X-Forwarded-Email": "ann@example.com",
    "X-Forwarded-Access-Token": "a-token-of-ann",
}


def export(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["export", "--app", str(folder), *arguments])


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text("utf-8"))


@pytest.mark.parametrize("lakebase", [INSTANCE, ENDPOINT])
def test_the_bundle_is_what_the_sdk_takes(tmp_path: Path, lakebase: str) -> None:
    assert export(tmp_path / "app", "--lakebase", lakebase).exit_code == 0
    (described,) = read(tmp_path / "app" / "databricks.yml")["resources"]["apps"].values()
    app = App.from_dict(described)
    assert app.as_dict() == described, "nothing the SDK does not know"
    assert app.name.startswith("mcp-")
    (database,) = app.resources or []
    assert (database.postgres is not None) == lakebase.startswith("projects/")
    assert app.user_api_scopes


def test_the_platform_is_told_no_more_than_it_knows(tmp_path: Path) -> None:
    address = f"https://{ADDRESS}"
    export(tmp_path / "app", "--lakebase", INSTANCE, "--address", address, "--scope", "sql")
    content = read(tmp_path / "app" / "app.yaml")
    assert set(content) == {"command", "env"}
    assert all(set(entry) == {"name", "value"} for entry in content["env"])
    assert all(isinstance(entry["value"], str) for entry in content["env"])
    env = {entry["name"]: entry["value"] for entry in content["env"]}
    assert (env["LAKESTREAM_HOSTS"], env["LAKESTREAM_VIEWER_URL"]) == (ADDRESS, address)
    (app,) = read(tmp_path / "app" / "databricks.yml")["resources"]["apps"].values()
    assert app["user_api_scopes"] == ["sql"]
    assert "asks for `sql`." in (tmp_path / "app" / "README.md").read_text("utf-8")


def test_who_gives_roles_is_who_was_named(tmp_path: Path) -> None:
    named = ["--admin", "ann@example.com", "--admin", "bob@example.com"]
    for folder, given, admins in (("a", named, "ann@example.com,bob@example.com"), ("b", [], None)):
        assert export(tmp_path / folder, "--lakebase", INSTANCE, *given).exit_code == 0
        env = {e["name"]: e["value"] for e in read(tmp_path / folder / "app.yaml")["env"]}
        assert env.get("LAKESTREAM_ADMINS") == admins
        told = (tmp_path / folder / "README.md").read_text("utf-8")
        assert ("ann@example.com, bob@example.com may" in told) == (admins is not None)
        assert ("nobody may as yet" in told) == (admins is None)


def test_sources_and_packages_are_those_of_this_version(tmp_path: Path) -> None:
    export(tmp_path / "app", "--lakebase", INSTANCE)
    ours = [path for path in files() if path.is_relative_to(PACKAGE)]
    for path in ours:
        copied = tmp_path / "app" / path.relative_to(ROOT)
        assert copied.read_bytes() == path.read_bytes()
    assert not list((tmp_path / "app").rglob("__pycache__"))
    lock = (ROOT / "requirements" / "server.txt").read_bytes()
    copied = tmp_path / "app" / "requirements.txt"
    assert hashlib.sha256(copied.read_bytes()).digest() == hashlib.sha256(lock).digest()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--lakebase", "lake", "--name", "lakestream"],
        ["--lakebase", "lake", "--name", "mcp-" + "x" * 40],
        ["--lakebase", "lake", "--name", "mcp-UPPER"],
        ["--lakebase", "a: b\n- c"],
        ["--lakebase", "lake", "--database", "x'; --"],
        ["--lakebase", "lake", "--address", "http://plain.example"],
        ["--lakebase", "lake", "--address", "https://x.example/path"],
        ["--lakebase", "lake", "--scope", "everything please"],
        ["--lakebase", "lake", "--admin", "*"],
        ["--lakebase", "lake", "--admin", "ann@example.com,*"],
    ],
)
def test_what_databricks_would_refuse_is_refused(tmp_path: Path, arguments: list[str]) -> None:
    refused = export(tmp_path / "app", *arguments)
    assert (refused.exit_code, "INVALID_ARGUMENT" in refused.output) == (1, True)
    assert not (tmp_path / "app").exists()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    refused = export(tmp_path, "--lakebase", INSTANCE)
    assert (refused.exit_code, "FILE_EXISTS" in refused.output) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@contextmanager
def started(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The app's command as the platform starts it: no shell, one variable replaced."""
    content, port = read(folder / "app.yaml"), str(free_port())
    command = [part.replace("$DATABRICKS_APP_PORT", port) for part in content["command"]]
    assert command[0] == "python"
    env = {entry["name"]: entry["value"] for entry in content["env"]} | environment
    # Nothing of this shell: the sources in the folder have to do.
    app = subprocess.Popen(
        [sys.executable, *command[1:]],
        cwd=folder,
        env={"HOME": str(folder), "DATABRICKS_APP_PORT": port, **env},
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        app.kill()
        app.wait()


async def ready(url: str) -> None:
    async with httpx2.AsyncClient(headers=BY_PROXY) as client:
        for _ in range(600):
            with suppress(httpx2.HTTPError):
                if (await client.get(f"{url}/health")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise AssertionError("the app does not answer")


async def used(url: str) -> set[str]:
    """Its tools, as a client behind the proxy sees them."""
    await ready(url)
    transport = StreamableHttpTransport(f"{url}/mcp", headers=BY_PROXY)
    async with Client(transport) as client:
        return {tool.name for tool in await client.list_tools()}


@pytest.mark.postgres
def test_the_app_serves_from_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "app"
    assert export(folder, "--lakebase", ENDPOINT).exit_code == 0
    with cluster() as database, minting(database) as workspace:
        platform = workspace.environment | {
            "DATABRICKS_APP_NAME": "mcp-lakestream",
            "PGSSLMODE": "require",
        }
        with started(folder, platform) as url:
            assert {"list_pipelines", "get_pipeline"} <= asyncio.run(used(url))
            elsewhere = httpx2.get(f"{url}/api/pipelines", headers={"Host": "evil.example"})
            assert elsewhere.status_code >= 400
        assert workspace.minted
