"""The files of which generated code carries what it uses."""

from __future__ import annotations

from lakestream_mcp.codegen.inline import MARK, PLATFORM_FILES, top_level_names


def test_no_two_files_define_one_name() -> None:
    """A notebook carries functions of several of them."""
    seen: dict[str, str] = {}
    for path in PLATFORM_FILES:
        for name in top_level_names(path.read_text("utf-8").partition(MARK)[2]):
            assert seen.setdefault(name, path.name) == path.name, name
