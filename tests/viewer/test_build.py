"""The committed page is what the sources build to."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "lakestream_mcp" / "surfaces" / "static" / "index.html"
SIZE_MAX = 600_000
LINES_MAX = 1_750
pytestmark = pytest.mark.browser


def test_the_committed_page_is_built_from_the_sources(built: Path) -> None:
    spec = importlib.util.spec_from_file_location(
        "build_viewer", ROOT / "scripts" / "build_viewer.py"
    )
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    again = script.build(built)
    same = again.read_bytes() == PAGE.read_bytes()
    assert same, "run `python3 scripts/build_viewer.py` and commit the page"


def test_the_page_is_one_small_file() -> None:
    assert [file.name for file in PAGE.parent.iterdir()] == ["index.html"]
    assert PAGE.stat().st_size < SIZE_MAX


def test_the_sources_stay_small() -> None:
    sources = (ROOT / "viewer" / "src").rglob("*.ts*")
    texts = [file.read_text(encoding="utf-8") for file in sources]
    assert sum(len(_code(text)) for text in texts) <= LINES_MAX


def _code(text: str) -> list[str]:
    """Lines that are neither blank, nor a comment, nor an import."""
    text = re.sub(r"^import [^;]+;$", "", text, flags=re.MULTILINE)
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith(("//", "/**", "*"))]
