"""Prompts say what they need, and name tools and arguments that exist."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from fastmcp import Client

from lakestream_mcp.catalog import Catalog
from lakestream_mcp.graph.changes import OPS
from lakestream_mcp.graph.model import Finding
from lakestream_mcp.operations import operations
from lakestream_mcp.surfaces.host import texts
from lakestream_mcp.surfaces.mcp import server
from lakestream_mcp.surfaces.prompts import prompts

from .conftest import Opener

FILES = sorted(texts("prompts").rglob("*.md"))
SERVED = sorted(texts("prompts").glob("*.md"))
PLACE = re.compile(r"\{\{(\w+)\}\}")
CALL = re.compile(r"\b([a-z]+_[a-z_]+|connect)\(([^`]*?)\)`")
ARGUMENT = re.compile(r"(?:^|, )([a-z_]+)=")


def head_and_text(path: Path) -> tuple[dict[str, str], str]:
    _, head, text = path.read_text("utf-8").split("---\n", 2)
    return dict(line.split(": ", 1) for line in head.splitlines() if line), text


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_front_matter_names_the_prompt_and_its_inputs(path: Path) -> None:
    head, text = head_and_text(path)
    assert head["name"] == path.stem
    assert int(head["version"]) >= 1
    assert head["description"]
    said = {key.split(" ", 1)[1] for key in head if key.startswith(("argument ", "optional "))}
    said |= {name.strip() for name in head.get("inputs", "").split(",") if name}
    assert set(PLACE.findall(text)) == said


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_calls_in_prompts_exist_with_their_arguments(path: Path) -> None:
    known = {op.name: set(op.arguments.model_fields) for op in operations() if op.mcp}
    _, text = head_and_text(path)
    for name, arguments in CALL.findall(text):
        assert name in known, name
        assert set(ARGUMENT.findall(arguments)) <= known[name], (name, arguments)


WORD = re.compile(r"`([a-z]+(?:_[a-z]+)*)`")
VERDICTS = {"ready", "not ready", "ready with risks"}
PROMPT_TOKENS_MAX = 700


def names(schema: object) -> set[str]:
    """All properties of a schema, at any depth."""
    if isinstance(schema, list):
        return {name for part in schema for name in names(part)}
    if not isinstance(schema, dict):
        return set()
    own = schema.get("properties")
    found = set(own) if isinstance(own, dict) else set()
    return found | {name for part in schema.values() for name in names(part)}


def known_words() -> set[str]:
    """What prompts may name: tools, arguments, what answers and changes hold, fields of types."""
    tools = [op for op in operations() if op.mcp]
    models = [m for op in tools for m in (op.arguments, op.answer)] + [Finding]
    found = {op.name for op in tools} | set(OPS)
    found |= {name for model in models for name in names(model.model_json_schema())}
    return found | {name for kind in Catalog.load() for name in kind.Config.model_fields}


@pytest.mark.parametrize("path", SERVED, ids=lambda p: p.stem)
def test_what_a_prompt_names_exists_and_it_is_short(path: Path) -> None:
    _, text = head_and_text(path)
    assert set(WORD.findall(text)) - VERDICTS <= known_words()
    assert len(text) / 4 <= PROMPT_TOKENS_MAX


def test_a_client_can_render_every_prompt(opened: Opener) -> None:
    async def render() -> dict[str, str]:
        async with Client(server(opened())) as client:
            found = {}
            for prompt in await client.list_prompts():
                given = {a.name: f"<{a.name}>" for a in prompt.arguments or []}
                made = await client.get_prompt(prompt.name, given)
                found[prompt.name] = made.messages[0].content.text
                assert all(value in found[prompt.name] for value in given.values())
        return found

    rendered = asyncio.run(render())
    assert set(rendered) == {p.name for p in prompts()}
    assert not any("{{" in text for text in rendered.values())
