"""The docs say what is there."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lakestream_mcp.surfaces.cli import main

from .sources import PACKAGE, ROOT, product, texts

DOCS = tuple(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "AGENTS.md"))
AGENTS_LINES_MAX = 120
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
VARIABLE = re.compile(r"\bLAKESTREAM_[A-Z_]+\b")
NODE_FOLDERS = tuple(sorted(p.parent for p in PACKAGE.rglob("node.py")))


def commands() -> Iterator[str]:
    """Every line of every shell block in the docs, continued lines joined, comments cut."""
    for document in DOCS:
        for language, block in BLOCK.findall(document.read_text(encoding="utf-8")):
            if language in {"sh", "bash"}:
                for line in block.replace("\\\n", " ").splitlines():
                    if text := line.split(" #")[0].strip():
                        yield text


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_a_command_in_the_docs_exists(command: str) -> None:
    words = [w for w in shlex.split(command) if not re.fullmatch(r"[A-Z_]+=.*", w)]
    program = Path(words[0]).name if words else ""
    if program == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in words[1:])
    elif program == "lakestream":
        _check_lakestream(words[1:])
    elif program in {"python", "python3"} and words[1] != "-m":
        assert (ROOT / words[1]).is_file()
    elif program in {"python", "python3"} and words[2] == "lakestream_mcp":
        _check_lakestream(words[3:])


def _check_lakestream(words: list[str]) -> None:
    command = main.get_command(None, words[0])  # type: ignore[arg-type]
    assert command is not None, f"`lakestream {words[0]}` does not exist"
    known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
    used = {w.split("=")[0] for w in words if w.startswith("--")}
    assert used <= known


@pytest.mark.parametrize("document", DOCS, ids=lambda p: p.name)
def test_json_in_the_docs_is_json(document: Path) -> None:
    for language, block in BLOCK.findall(document.read_text(encoding="utf-8")):
        if language == "json":
            json.loads(block)


@pytest.mark.parametrize("document", DOCS, ids=lambda p: p.name)
def test_files_named_in_the_docs_exist(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_derived_parts_are_as_derived() -> None:
    result = subprocess.run(
        [sys.executable, "scripts/docs.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def read_variables() -> set[str]:
    """Every variable that the product reads: a text of its own in the code."""
    constants = (n for m in product() for n in ast.walk(m.tree) if isinstance(n, ast.Constant))
    return {str(n.value) for n in constants if VARIABLE.fullmatch(str(n.value))}


def test_every_variable_is_documented_and_read() -> None:
    told = set(VARIABLE.findall((ROOT / "README.md").read_text(encoding="utf-8")))
    assert told == read_variables()


def test_every_variable_used_anywhere_is_read_by_the_product() -> None:
    configured = [text for path, text in texts() if path.suffix == ".yaml"]
    used = {name for text in configured for name in VARIABLE.findall(text)}
    assert used <= read_variables()


def test_agents_are_told_in_short() -> None:
    lines = (ROOT / "AGENTS.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= AGENTS_LINES_MAX


def test_the_map_of_the_house_is_complete() -> None:
    said = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    folders = [p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name[0] not in "_."]
    assert not [name for name in folders if f"`{name}/`" not in said and f"{name}/" not in said]


@pytest.mark.parametrize("folder", NODE_FOLDERS, ids=lambda p: p.name)
def test_every_node_type_is_documented_with_an_example(folder: Path) -> None:
    readme = folder / "README.md"
    assert readme.is_file()
    blocks = BLOCK.findall(readme.read_text(encoding="utf-8"))
    assert blocks, "an example that the tests execute"


def test_the_app_is_started_by_a_command_that_exists() -> None:
    app = yaml.safe_load((ROOT / "app.yaml").read_text(encoding="utf-8"))
    program, flag, module, *words = app["command"]
    assert (program, flag, module) == ("python", "-m", "lakestream_mcp")
    _check_lakestream(words)
    assert "-r requirements/server.txt" in (ROOT / "requirements.txt").read_text(encoding="utf-8")
