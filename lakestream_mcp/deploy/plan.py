"""A plan: what a call would change, why it may, and a hash that stands for plan and world."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from .changes import Change
from .cost.told import brief_line
from .desired import Desired
from .state_fit import StateFit
from .tested import Evidence

Action = Literal["deploy", "stop", "start", "rollback", "destroy"]
HASH_CHARACTERS = 16
"""A plan is looked up by its hash, of one caller and for minutes: these tell plans apart."""
DIFF_LINES_MAX = 40
DIFF_CHARACTERS_MAX = 2_500
CHANGES_SHOWN_MAX = 25


class Plan(BaseModel):
    """What a call would do. `hash` confirms it while nothing of this has changed.

    continues: a deployment that did not end, whose rest this one takes over.
    """

    pipeline_id: str
    revision: int
    action: Action
    target: str
    place: str
    changes: list[Change]
    code_sha256: str | None = None
    code_diff: str = ""
    tests: Evidence | None = None
    force_reason: str = ""
    state: StateFit | None = None
    new_checkpoints: bool = False
    needs: list[str] = Field(default_factory=list)
    cost: dict[str, Any] | None = None
    warnings: list[str] = Field(default_factory=list)
    continues: str | None = None
    replaces: str | None = None
    hash: str = ""

    @property
    def writes(self) -> list[Change]:
        """What would be done, in order."""
        return [change for change in self.changes if change.writes]

    def sealed(self, actor: str, world: Any, desired: Desired | None) -> Plan:
        """The same with its hash, over what it says, what it saw and who asked."""
        # A further test or a new price makes no other plan of it.
        content = {
            "plan": self.model_dump(mode="json", exclude={"hash", "cost", "tests"}),
            "actor": actor,
            "world": world,
            "desired": desired.model_dump(mode="json") if desired else None,
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
        return self.model_copy(
            update={"hash": hashlib.sha256(text.encode()).hexdigest()[:HASH_CHARACTERS]}
        )

    def lines(self) -> list[str]:
        """As a model or a person reads it."""
        what = f"{self.action} {self.pipeline_id}@{self.revision} → {self.target} {self.place}"
        left = sum(not change.writes for change in self.changes)
        said = [change.text() for change in self.writes]
        # What is at stake comes first: where a question is cut, a person still reads that.
        lines = [what, *self._about_tests(), *self._about_state()]
        lines += [f"continues {self.continues}, which did not end"] if self.continues else []
        lines += [f"warning: {warning[:300]}" for warning in self.warnings[:10]]
        lines += said[:CHANGES_SHOWN_MAX]
        if hidden := len(said) - CHANGES_SHOWN_MAX:
            lines += [f"… {hidden} more changes"] if hidden > 0 else []
        lines += [f"left as they are: {left}"] if left else []
        lines += [f"needs: {'; '.join(self.needs)}"] if self.needs else []
        lines += [brief_line(self.cost)] if self.cost else []
        return lines + ([f"code:\n{self.code_diff}"] if self.code_diff else [])

    def _about_tests(self) -> list[str]:
        if self.tests is None:
            return []
        if self.tests.ok:
            return [f"tested: {', '.join(f'{n} in {r}' for n, r in self.tests.runs.items())}"]
        return [f"NOT TESTED: {', '.join(self.tests.missing)}; forced: {self.force_reason}"]

    def _about_state(self) -> list[str]:
        if self.state is None:
            return []
        if self.new_checkpoints:
            return ["state: new checkpoints. Lost: " + "; ".join(self.state.lost or ["nothing"])]
        return ["state: the checkpoints are kept", *(f"state: {n}" for n in self.state.notes)]


def code_diff(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """A short unified diff of all files."""
    lines: list[str] = []
    for name in sorted({*old, *new}):
        before, after = old.get(name, "").splitlines(), new.get(name, "").splitlines()
        lines += difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", "", "", 1, "")
    shown = lines[:DIFF_LINES_MAX]
    text = "\n".join(line[:160] for line in shown)[:DIFF_CHARACTERS_MAX]
    hidden = len(lines) - len(shown)
    return f"{text}\n… {hidden} more lines" if hidden > 0 else text
