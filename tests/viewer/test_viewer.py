"""What a reader sees in a real browser while an agent works on the real server."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from .orders import EVENTS, SILENT
from .server import Server

pytestmark = pytest.mark.browser
CONTRASTS = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
OpenPage = Callable[..., Page]
COUNT = {
    "id": "many",
    "type": "count-threshold",
    "name": "Many orders",
    "config": {"key": ["customer"], "where": "kind = 'order'", "threshold": 3, "window": "1 hour"},
}
ADD = {"op": "add_node", "node": COUNT, "after": "large"}


def card(page: Page, node: str) -> Locator:
    """A node on the canvas."""
    return page.locator(f".card[data-node={node}]")


def edit(server: Server, pipeline: str, reason: str, *changes: Mapping[str, Any]) -> None:
    """An edit through MCP."""
    server.call("edit_pipeline", pipeline_id=pipeline, changes=list(changes), reason=reason)


def test_list_leads_to_the_pipeline(server: Server, open_page: OpenPage, orders: str) -> None:
    page = open_page("/")
    page.locator(f"a[href='/p/{orders}']").click()
    expect(card(page, "unshipped")).to_be_visible()
    expect(page).to_have_url(f"{server.url}/p/{orders}")
    expect(page).to_have_title("Orders · LakeStream")


def test_card_says_what_the_node_does(server: Server, open_page: OpenPage, orders: str) -> None:
    page = open_page(f"/p/{orders}")
    node = next(
        n for n in server.get(f"/api/pipelines/{orders}/view")["nodes"] if n["id"] == "unshipped"
    )
    expect(card(page, "unshipped")).to_contain_text("Not shipped")
    expect(card(page, "unshipped")).to_contain_text(node["sentence"])
    expect(card(page, "unshipped").locator(".status")).to_have_text(node["status"]["label"])


def test_added_node_appears(server: Server, open_page: OpenPage, orders: str) -> None:
    page = open_page(f"/p/{orders}")
    expect(page.locator(".live")).to_have_text("live")
    edit(server, orders, "Watch busy customers", ADD)
    expect(card(page, "many")).to_have_attribute("data-mark", "added")
    caption = page.get_by_role("status").filter(has_text="Watch busy customers")
    expect(caption).to_contain_text("edit_pipeline")
    expect(caption).to_contain_text("Many orders")
    expect(caption).to_have_attribute("aria-live", "polite")


def test_changed_node_is_lit_and_its_key_marked(
    server: Server, open_page: OpenPage, orders: str
) -> None:
    page = open_page(f"/p/{orders}?node=unshipped&panel=config")
    expect(page.locator("[data-field=within]")).to_contain_text("10 minutes")
    change = {"op": "update_node", "id": "unshipped", "config": {"within": "20 minutes"}}
    edit(server, orders, "Ten were too few", change)
    expect(card(page, "unshipped")).to_have_attribute("data-mark", "changed")
    expect(page.locator("[data-field=within]")).to_have_class(re.compile("is-changed"))
    expect(page.locator("[data-field=within] .was")).to_contain_text("10 minutes")
    expect(page.locator("[data-field=key]")).not_to_have_class(re.compile("is-changed"))
    assert card(page, "large").get_attribute("data-mark") is None


def test_removed_node_stays_as_a_ghost_and_fades(
    server: Server, open_page: OpenPage, orders: str
) -> None:
    page = open_page(f"/p/{orders}")
    expect(card(page, "late")).to_be_visible()
    edit(server, orders, "No table is wanted", {"op": "remove_node", "id": "late"})
    expect(card(page, "late")).to_have_attribute("data-mark", "removed")
    expect(page.get_by_role("navigation", name="Nodes")).not_to_contain_text("Late table")
    expect(card(page, "late")).to_have_count(0)


def test_nodes_keep_their_place(server: Server, open_page: OpenPage, orders: str) -> None:
    page = open_page(f"/p/{orders}")
    expect(card(page, "large")).to_be_visible()
    places = "ns => ns.map(n => [n.dataset.id, n.style.transform])"
    before = dict(page.locator(".react-flow__node").evaluate_all(places))
    edit(server, orders, "One more", ADD)
    expect(card(page, "many")).to_be_visible()
    after = dict(page.locator(".react-flow__node").evaluate_all(places))
    assert {node: after[node] for node in before} == before


def test_older_revision_stays_and_shows_its_changes(
    server: Server, open_page: OpenPage, orders: str
) -> None:
    edit(server, orders, "Third", {"op": "rename_node", "id": "large", "name": "Big orders"})
    page = open_page(f"/p/{orders}@2")
    expect(card(page, "large")).to_have_attribute("data-mark", "added")
    edit(server, orders, "Fourth", {"op": "rename_node", "id": "large", "name": "Huge orders"})
    expect(page.locator(".banner")).to_contain_text("Revision 2 of 4")
    expect(card(page, "large")).to_contain_text("Large orders")
    page.keyboard.press("]")
    expect(page).to_have_url(f"{server.url}/p/{orders}@3")
    expect(card(page, "large")).to_have_attribute("data-mark", "changed")
    page.keyboard.press("[")
    expect(page.locator("[data-revision='2']")).to_be_visible()
    page.get_by_role("button", name="Go to the newest").click()
    expect(card(page, "large")).to_contain_text("Huge orders")
    expect(page.locator(".live")).to_have_text("live")


def test_link_to_the_newest_revision_follows(
    server: Server, open_page: OpenPage, orders: str
) -> None:
    page = open_page(f"/p/{orders}@2")
    expect(page.locator(".live")).to_have_text("live")
    edit(server, orders, "Onwards", {"op": "rename_node", "id": "large", "name": "Big orders"})
    expect(card(page, "large")).to_contain_text("Big orders")
    expect(page).to_have_url(f"{server.url}/p/{orders}@3")


def test_findings_in_the_words_of_the_tools(
    server: Server, open_page: OpenPage, orders: str
) -> None:
    change = {"op": "update_node", "id": "large", "config": {"condition": "amout > 10"}}
    edit(server, orders, "A slip", change)
    finding = server.call("validate_pipeline", pipeline_id=orders)["findings"][0]
    page = open_page(f"/p/{orders}?panel=findings")
    expect(page.locator(".finding-message").first).to_have_text(finding["message"])
    expect(page.locator(".finding").first).to_contain_text(finding["code"])
    expect(page.locator(".finding").first).to_contain_text("amount")
    page.locator("button.finding-text").first.click()
    expect(page).to_have_url(re.compile("node=large"))
    expect(card(page, "large")).to_have_class(re.compile("is-selected"))
    expect(card(page, "large").locator(".status")).to_have_text("Error")


def test_code_of_the_selected_node(server: Server, open_page: OpenPage, orders: str) -> None:
    code = server.get(f"/api/pipelines/{orders}/code")
    name, text = next((n, t) for n, t in code["files"].items() if "large" in code["line_map"][n])
    (first, last), *_ = code["line_map"][name]["large"]
    page = open_page(f"/p/{orders}?node=large&panel=code")
    page.get_by_role("button", name=name).click()
    lit = page.locator(".line.is-here code")
    expect(lit).to_have_count(sum(b - a + 1 for a, b in code["line_map"][name]["large"]))
    assert lit.first.text_content() == text.splitlines()[first - 1] + "\n"
    assert page.locator(".line code").all_text_contents() == [
        f"{line}\n" for line in text.rstrip("\n").split("\n")
    ]
    assert last >= first


def test_timeline_and_evidence(server: Server, open_page: OpenPage, orders: str) -> None:
    page = open_page(f"/p/{orders}?panel=test")
    expect(page.get_by_text("has not been tested")).to_be_visible()
    run = server.call("test_pattern", pipeline_id=orders, events=EVENTS)["run_id"]
    matches = server.get(f"/api/runs/{run}")["report"]["matches"]
    assert [m["key"]["customer"] for m in matches] == list(SILENT)
    expect(page.locator(".span")).to_have_count(len(SILENT))
    expect(card(page, "unshipped").locator(".status")).to_have_text("Tested")
    page.locator(f"[data-match='{matches[1]['match_id']}']").click()
    evidence = page.get_by_role("region", name="Evidence")
    expect(evidence).to_contain_text("Match 2 of 2")
    expect(evidence.locator("tbody tr")).to_have_count(len(matches[1]["events"]))
    expect(evidence).to_contain_text("2026-01-05 10:30:00")
    expect(page).to_have_url(re.compile(matches[1]["match_id"]))
    page.locator(".dot-matched").first.click()
    expect(evidence).to_contain_text("2026-01-05 10:02:00")


def test_link_to_a_match_and_its_explanation(
    server: Server, open_page: OpenPage, orders: str
) -> None:
    run = server.call("test_pattern", pipeline_id=orders, events=EVENTS)["run_id"]
    match = server.get(f"/api/runs/{run}")["report"]["matches"][1]["match_id"]
    told = server.call("explain_match", run_id=run, match_id=match)
    page = open_page(f"/p/{orders}?panel=explain&run={run}&match={match}")
    expect(page.get_by_role("region", name="Evidence")).to_contain_text("cleo")
    for sentence in told["sentences"]:
        expect(page.locator(".explanation")).to_contain_text(sentence.replace("`", ""))


def test_history_leads_to_a_revision(server: Server, open_page: OpenPage, orders: str) -> None:
    page = open_page(f"/p/{orders}?panel=history")
    expect(page.locator(".history li")).to_have_count(2)
    page.get_by_role("button", name="Orders are to be shipped").click()
    expect(page).to_have_url(f"{server.url}/p/{orders}@1?panel=history")
    expect(page.get_by_text("This pipeline has no nodes yet.")).to_be_visible()


def test_lost_connection_keeps_the_graph(
    restarted: Server, open_page: OpenPage, orders: str
) -> None:
    page = open_page(f"/p/{orders}")
    expect(page.locator(".live")).to_have_text("live")
    restarted.stop()
    expect(page.get_by_role("alert")).to_contain_text("Connection lost")
    expect(card(page, "unshipped")).to_be_visible()
    restarted.start()
    edit(restarted, orders, "Meanwhile", ADD)
    expect(card(page, "many")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_search_finds_configuration_values(open_page: OpenPage, orders: str) -> None:
    page = open_page(f"/p/{orders}")
    outline = page.get_by_role("navigation", name="Nodes")
    expect(outline.get_by_role("listitem")).to_have_count(4)
    page.keyboard.press("/")
    page.keyboard.type("main.shop.late")
    expect(outline.get_by_role("listitem")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(card(page, "late")).to_have_class(re.compile("is-selected"))
    expect(card(page, "late")).to_be_in_viewport()


def test_keyboard_reaches_nodes_that_cannot_be_edited(open_page: OpenPage, orders: str) -> None:
    page = open_page(f"/p/{orders}")
    node = page.locator(".react-flow__node[data-id=large]")
    node.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("node=large"))
    page.keyboard.press("Delete")
    page.keyboard.press("Backspace")
    expect(card(page, "large")).to_be_visible()
    hints = page.locator("[id^=react-flow__node-desc]").all_text_contents()
    assert all("read-only" in hint for hint in hints)
    assert "Large orders, Filter" in (node.get_attribute("aria-label") or "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable(
    server: Server, open_page: OpenPage, scheme: str, request: pytest.FixtureRequest
) -> None:
    orders = request.getfixturevalue("orders")
    server.call("test_pattern", pipeline_id=orders, events=EVENTS)
    for panel in ("config&node=unshipped", "findings", "test", "history", "code&node=large"):
        page = open_page(f"/p/{orders}@2?panel={panel}", color_scheme=scheme)
        expect(page.locator(".dock")).to_be_visible()
        page.wait_for_timeout(400)
        assert page.evaluate(CONTRASTS) == []


def test_unknown_pipeline_says_so(server: Server, open_page: OpenPage) -> None:
    page = open_page("/p/nowhere")
    expect(page.get_by_role("alert")).to_contain_text("NOT_FOUND")
    expect(page.get_by_role("link", name="All pipelines")).to_be_visible()


def test_nothing_moves_where_motion_is_unwanted(
    server: Server, open_page: OpenPage, orders: str
) -> None:
    page = open_page(f"/p/{orders}", reduced_motion="reduce")
    expect(page.locator(".live")).to_have_text("live")
    edit(server, orders, "Quietly", {"op": "rename_node", "id": "large", "name": "Big orders"})
    expect(card(page, "large")).to_have_attribute("data-mark", "changed")
    assert page.evaluate("document.getAnimations().length") == 0
