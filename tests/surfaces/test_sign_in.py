"""Signing in with a browser: by a token, once, into a cookie that no other site can use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from lakestream_mcp.security import Security
from lakestream_mcp.surfaces.cli import main
from lakestream_mcp.surfaces.sign_in import TOKEN_MAX

from .personas import app_host
from .served import served

PAGE = {"Accept": "text/html,*/*"}
TOKEN = {"Content-Type": "application/jwt"}


@pytest.fixture
def token(tmp_path: Path) -> str:
    """A token of an author."""
    line = ["make-token", "ann", "--file", str(tmp_path / "tokens.json")]
    return CliRunner().invoke(main, line).stdout.strip()


@pytest.fixture
def browser(tmp_path: Path, token: str) -> Iterator[httpx2.Client]:
    """A client that keeps cookies, and follows nothing."""
    security = Security(("tokens",), tokens=tmp_path / "tokens.json", failures_per_minute=0)
    with (
        app_host(tmp_path / "store", security) as host,
        served(host) as url,
        httpx2.Client(base_url=url) as client,
    ):
        yield client


def sign_in(browser: httpx2.Client, token: str, headers: Any = TOKEN) -> httpx2.Response:
    """What the page sends."""
    return browser.post("/login", content=token, headers=headers)


def test_a_page_without_a_proof_leads_to_signing_in(browser: httpx2.Client) -> None:
    answer = browser.get("/p/quakes?node=a&panel=code", headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fp%2Fquakes%3Fnode%3Da%26panel%3Dcode"
    page = browser.get(answer.headers["location"])
    assert page.status_code == 200
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert browser.get("/api/pipelines").status_code == 401, "programs are not sent to a page"


def test_signing_in_and_out(browser: httpx2.Client, token: str) -> None:
    answer = sign_in(browser, token)
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert browser.get("/p/quakes", headers=PAGE).status_code in {200, 404}
    assert browser.get("/api/access").json()["you"]["name"] == "ann"
    made = browser.post("/api/pipelines", json={"name": "By a browser"})
    assert made.status_code == 200
    evil = {"Origin": "https://evil.example"}
    assert browser.post("/api/pipelines", json={"name": "By evil"}, headers=evil).status_code == 403
    assert browser.post("/logout").status_code == 204
    assert browser.get("/api/access").status_code == 401


def test_a_header_counts_before_the_cookie(browser: httpx2.Client, token: str) -> None:
    sign_in(browser, token)
    wrong = {"Authorization": "Bearer wrong"}
    assert browser.get("/api/access", headers=wrong).status_code == 401


@pytest.mark.parametrize(
    ("text", "headers", "status"),
    [
        ("wrong", TOKEN, 401),
        ("", TOKEN, 401),
        ("é", TOKEN, 400),
        ("x" * (TOKEN_MAX + 1), TOKEN, 400),
        ("token=a", {"Content-Type": "text/plain"}, 400),
        ("token=a", {"Content-Type": "application/x-www-form-urlencoded"}, 400),
        ("wrong", TOKEN | {"Origin": "https://evil.example"}, 403),
    ],
)
def test_what_is_no_token_signs_nobody_in(
    browser: httpx2.Client, text: str, headers: dict[str, str], status: int
) -> None:
    answer = sign_in(browser, text, headers)
    assert answer.status_code == status
    assert "set-cookie" not in answer.headers
