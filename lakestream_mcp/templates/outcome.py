"""What a test's matches say of a template's stories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .model import Template

Match = Mapping[str, Any]


def told(
    template: Template, matches: Sequence[dict[str, Any]], patterns: Iterable[str]
) -> list[dict[str, Any]]:
    """Each story, and whether the matches found are those it tells of; then matches of no story.

    patterns: those that were looked at; what a story says of others does not count.
    """
    left, looked_at = list(matches), set(patterns)
    listed = []
    for story in template.stories:
        ids, missing = [], 0
        for pattern, expected in story.matches.items():
            for one in expected if pattern in looked_at else ():
                match = _taken(left, pattern, one)
                missing += match is None
                ids += [match["match_id"][:12]] if match else []
        listed.append(
            {
                "story": story.title,
                "kind": story.kind,
                "why": story.why,
                "as_told": not missing,
                "matches": ids,
            }
        )
    if left:
        ids = [match["match_id"][:12] for match in left]
        listed.append({"story": "Matches of no story", "as_told": False, "matches": ids})
    return listed


def _taken(left: list[dict[str, Any]], pattern: str, expected: Any) -> dict[str, Any] | None:
    for place, match in enumerate(left):
        if match["pattern"] == pattern and expected.is_told_by(match):
            return left.pop(place)
    return None
