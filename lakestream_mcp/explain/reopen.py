"""A stored run, run again: the same events through the same revision give the same answer.

A run keeps what it was asked (rows, or a file's name and hash, or a count to simulate), so whatever
an explanation needs to see can be looked at again, instead of being stored for every run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ..cep.host import GraphRun, Host, Options
from ..cep.testing import TestRequest, read_sources
from ..errors import InvalidEvents, Unsupported
from ..graph.validate import Validation, refuse_errors


class Reopened(NamedTuple):
    """A host with the run it made again, and whether its code is still what the run named."""

    host: Host
    run: GraphRun
    sources: dict[str, Any]
    options: Options
    same_code: bool


def kept_request(request: TestRequest, find_file: Callable[[str], Path]) -> dict[str, Any]:
    """What a run stores of its request: files by name and hash, rows as they are."""
    return {"events": _kept(request.events, find_file), "options": request.options._asdict()}


def _kept(events: Any, find_file: Callable[[str], Path]) -> Any:
    if not isinstance(events, dict):
        return events
    if "file" in events and isinstance(events["file"], str):
        return {**events, "sha256": file_hash(find_file(events["file"]))}
    return {name: _kept(part, find_file) for name, part in events.items()}


def file_hash(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def reopen(
    report: dict[str, Any], host: Host, validation: Validation, find_file: Callable[[str], Path]
) -> Reopened:
    """Run a stored run again. Raises Unsupported or InvalidEvents where it cannot be."""
    request = report.get("request")
    if request is None:
        raise Unsupported(
            "This run did not keep its events, so it cannot be looked into.",
            code="RUN_NOT_REPEATABLE",
            hint="run test_pattern again",
        )
    refuse_errors(validation)
    events = _checked(request["events"], find_file)
    options = Options(**request["options"])
    sources, _ = read_sources(host, events, find_file)
    run = host.run(sources, options)
    hashes = {node: p.text.sha256 for node, p in run.patterns.items()}
    hashes |= {node: p.plan.sha256 for node, p in run.processors.items()}
    same = all(hashes.get(node) == sha for node, sha in report["code_hash"].items())
    return Reopened(host, run, sources, options, same)


def _checked(events: Any, find_file: Callable[[str], Path]) -> Any:
    if not isinstance(events, dict):
        return events
    if "sha256" in events and "file" in events:
        if file_hash(find_file(events["file"])) != events["sha256"]:
            raise InvalidEvents(
                f"{events['file']} has changed since this run, so it cannot be looked into.",
                code="FILE_CHANGED",
                got=events["file"],
                hint="run test_pattern again on the file as it is",
            )
        return {k: v for k, v in events.items() if k != "sha256"}
    return {name: _checked(part, find_file) for name, part in events.items()}
