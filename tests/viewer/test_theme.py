"""Light or dark: as the system has it, or as the reader chose, on this browser and every other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .server import Server

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
LIGHT, DARK = "rgb(246, 247, 249)", "rgb(14, 17, 22)"


def shows(page: Page, colour: str) -> None:
    """Wait until the page has a background."""
    expect(page.locator("body")).to_have_css("background-color", colour)


def test_a_theme_is_chosen_and_kept(server: Server, open_page: OpenPage, orders: str) -> None:
    page = open_page(f"/p/{orders}", color_scheme="light")
    choice = page.get_by_label("Theme")
    expect(choice).to_have_value("system")
    shows(page, LIGHT)
    page.emulate_media(color_scheme="dark")
    shows(page, DARK)
    page.emulate_media(color_scheme="light")
    with page.expect_response(lambda r: r.request.method == "PATCH") as kept:
        choice.select_option("dark")
    assert kept.value.ok
    shows(page, DARK)
    expect(page.locator(".react-flow")).to_have_class("react-flow dark")
    assert server.get("/api/preferences")["theme"] == "dark"
    page.reload()
    shows(page, DARK)
    other = open_page("/", color_scheme="light")
    shows(other, DARK)
    expect(other.get_by_label("Theme")).to_have_value("dark")
    with other.expect_response(lambda r: r.request.method == "PATCH"):
        other.get_by_label("Theme").select_option("system")
    shows(other, LIGHT)
