"""Signing in as a person does: a deep link, the token, the page that was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, expect

from lakestream_mcp.operations import call, find
from lakestream_mcp.security import Security
from lakestream_mcp.surfaces.cli import main

from ..surfaces.personas import app_host
from ..surfaces.served import served

pytestmark = pytest.mark.browser


def test_a_person_signs_in_and_gets_the_page_asked_for(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    line = ["make-token", "ann", "--role", "viewer", "--file", str(file)]
    token = CliRunner().invoke(main, line).stdout.strip()
    with (
        app_host(tmp_path / "store", Security(("tokens",), tokens=file)) as host,
        served(host) as url,
        browser.new_context() as context,
    ):
        root = host.workspace
        call(find("create_pipeline"), root, {"name": "Behind a door", "id": "door"})
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.goto(f"{url}/p/door")
        page.get_by_label("Your token").fill("wrong")
        page.get_by_role("button").click()
        expect(page.get_by_role("alert")).to_contain_text("not known")
        page.get_by_label("Your token").fill(token)
        page.keyboard.press("Enter")
        expect(page.get_by_text("Behind a door").first).to_be_visible()
        assert page.url == f"{url}/p/door"
        assert page.evaluate("document.cookie") == ""
        with page.expect_response(lambda r: r.request.method == "PATCH") as kept:
            page.get_by_label("Theme").select_option("dark")
        assert kept.value.ok
        with root.reading() as store:
            assert store.preferences("ann")["theme"] == "dark"
