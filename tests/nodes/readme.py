"""The executed parts of a node type's README."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

BLOCK = re.compile(r"^(## [^\n]*)$|^```json (\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Example(NamedTuple):
    """One configuration and what goes with it, by the kind of the block."""

    title: str
    blocks: dict[str, list[Any]]

    def one(self, kind: str) -> Any:
        """The only block of a kind."""
        (block,) = self.blocks[kind]
        return block


def examples(folder: Path) -> list[Example]:
    """The examples of a README, in order."""
    found: list[Example] = []
    for title, kind, text in BLOCK.findall((folder / "README.md").read_text("utf-8")):
        if title:
            found.append(Example(title.removeprefix("## "), {}))
        else:
            found[-1].blocks.setdefault(kind, []).append(json.loads(text))
    return [example for example in found if example.blocks]
