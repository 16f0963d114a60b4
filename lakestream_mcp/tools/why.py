"""What an explanation of a stored run says; the run is made again, and looked into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .discovery import load
from .hosts import host_of

if TYPE_CHECKING:
    from ..explain.reopen import Reopened
    from ..storage.rows import StoredRun
    from ..workspace import Workspace
    from .runs import Explanation


class Question(NamedTuple):
    """What is asked about a run without naming a match."""

    key: dict[str, Any]
    event: int | None
    expected: list[int] | None
    node: str
    limit: int

    @property
    def open(self) -> bool:
        """Whether nothing in particular is asked about."""
        return not (self.key or self.expected) and self.event is None


def answer_what_there_is(answer: Explanation, stored: StoredRun, asked: Question) -> None:
    """List the newest matches of a run, and say how to ask about them and about what is not."""
    found = [m for m in stored.report["matches"] if asked.node in ("", m["pattern"])]
    if not (found and asked.open):
        return
    shown = sorted(found, key=lambda m: str(m["detected_at"]), reverse=True)[: asked.limit]
    answer.matches = [
        {"match_id": m["match_id"][:12]} | {k: m[k] for k in ("pattern", "key", "detected_at")}
        for m in shown
    ]
    plural = "es" if len(found) > 1 else ""
    answer.sentences = [
        f"{answer.run_id} has {len(found)} match{plural}, the newest first:",
        *(_listed(match) for match in answer.matches),
        "And what came near to another match:",
    ]
    run = f'run_id="{answer.run_id}"'
    first = answer.matches[0]["match_id"]
    answer.next = (
        f'explain_match({run}, match_id="{first}") says why it matched; explain_match({run}, '
        "key={…}) or event=… why another key or row did not"
    )


def _listed(match: dict[str, Any]) -> str:
    parts = (f"`{match['pattern']}`", _pairs(match["key"]), match["detected_at"])
    return " ".join([match["match_id"], *filter(None, parts)])


def _pairs(key: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in key.items())


def answer_why(ws: Workspace, answer: Explanation, stored: StoredRun, match_id: str) -> None:
    """Fill in why a match of a run matched."""
    from ..explain.match import explain_match as explain
    from ..explain.match import find_match

    find_match(stored.report, match_id)
    told = explain(stored.report, match_id, _reopened(ws, stored))
    answer.sentences = told.pop("sentences")
    answer.match = told


def _reopened(ws: Workspace, stored: StoredRun) -> Reopened:
    from ..explain.reopen import reopen

    document = load(ws, stored.run.pipeline_id, stored.run.revision).document
    validation = ws.validate(document)
    return reopen(stored.report, host_of(ws, document, validation), validation, ws.find_file)


def answer_why_not(ws: Workspace, answer: Explanation, stored: StoredRun, asked: Question) -> None:
    """Fill in what came closest to a match, and what was missing."""
    from ..explain import why_not

    opened, report = _reopened(ws, stored), stored.report
    answer.misses = []
    if not opened.same_code:
        answer.sentences.append("The product's code has changed since this run.")
    for node in why_not.nodes_asked(opened, asked.node):
        if asked.expected:
            told = why_not.why_not_together(opened, node, asked.expected, asked.limit)
        elif asked.event is not None:
            told = why_not.why_not_event(opened, node, asked.event, asked.limit)
        else:
            told = why_not.why_no_match_of_key(opened, node, asked.key, asked.limit)
        answer.sentences += [f"`{node}`: {sentence}" for sentence in told[0]]
        answer.misses += told[1]
    waiting = [
        w
        for w in report["waiting"]
        if asked.node in ("", w["pattern"]) and asked.key.items() <= w["key"].items()
    ]
    if asked.event is None and not asked.expected and waiting:
        answer.waiting = waiting[: asked.limit]
        answer.sentences += [_waiting(w) for w in answer.waiting]


def _waiting(waiting: dict[str, Any]) -> str:
    deadline = f" until {waiting['deadline']}" if waiting.get("deadline") else ""
    key = _pairs(waiting["key"])
    steps = ", ".join(f"{e['step']} at {e['at']}" for e in waiting["events"]) or "nothing yet"
    return (
        f"`{waiting['pattern']}`{f' for {key}' if key else ''}: a partial match with {steps} waited"
        f"{deadline} when the last event had been handled."
    )
