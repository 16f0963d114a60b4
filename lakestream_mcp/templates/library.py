"""The templates that come with the product, and how templates are found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from .model import Template

FOLDER = Path(__file__).parent
WEIGHTS = {"id": 4, "title": 4, "tags": 3, "industry": 3, "use_case": 3, "types": 2, "text": 1}


@cache
def built_in() -> Mapping[str, Template]:
    """The product's own templates by id; read once."""
    files = sorted(FOLDER.glob("*.json"))
    return {f.stem: Template.model_validate_json(f.read_text(encoding="utf-8")) for f in files}


def found(
    templates: Iterable[Template], query: str, industry: str, use_case: str, level: str
) -> list[Template]:
    """The templates that fit: every filter, and every word of the query somewhere; best first."""
    words = _words(query)
    fitting = [
        (sum(ranks), template)
        for template in templates
        if _has(template.industry, industry)
        and _has(template.use_case, use_case)
        and level in ("", template.level)
        and all(ranks := [_rank(template, word) for word in words])
    ]
    return [template for _, template in sorted(fitting, key=lambda pair: (-pair[0], pair[1].id))]


def _has(text: str, wanted: str) -> bool:
    return wanted.strip().casefold() in text.casefold()


def _rank(template: Template, word: str) -> int:
    """How much a word says about a template; 0 where it does not occur."""
    parts = {
        "id": template.id,
        "title": template.title,
        "tags": " ".join(template.tags),
        "industry": template.industry,
        "use_case": template.use_case,
        "types": " ".join(template.node_types),
        "text": template.text,
    }
    return sum(WEIGHTS[part] for part, text in parts.items() if _beginning(word, text))


def _beginning(word: str, text: str) -> bool:
    return any(other.startswith(word) for other in _words(text))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())
