"""One more pattern, or transform, beside those that are there: which rows it takes and gives."""

from __future__ import annotations

from collections.abc import Sequence

from .edit_rows import Rows
from .phrase import Phrase
from .scene import Made
from .sinks import finished

WITH_OTHERS = (
    r"(?:(?:,|and|put|write|send|store|them|it|these|those|into|to|in|on) )*"
    r"(?:the )?same (?:(?:delta|alert|output) )?(?:tables?|sinks?|places?|channels?|outputs?|"
    r"destinations?|way|alerts?)|(?:like|with|as|where) the others?(?: (?:go|alerts?))?"
)
UNION = "union-merge"


class Patterns(Rows):
    """Adds nodes to the rows that patterns read."""

    def _beside(self, made: Made, feeding: str, pattern: str, sinks: Sequence[Made] | None) -> None:
        """One more pattern over the same rows, with sinks of its own or into those of another."""
        if sinks is None and self._target_of(pattern):
            node = self.flow.add(self._kept_alike(made, pattern), self._heard(made, feeding))
            self._join_with(node, pattern)
        else:
            node = self.flow.add(made, self._heard(made, feeding))
            self._into_own(node, sinks or ())
        self.references.last = node

    def _is_pattern(self, steps: list[Made]) -> bool:
        return any(self.flow.catalog.get(made.type).category == "pattern" for made in steps)

    def _heard(self, made: Made, feeding: str) -> str:
        """The node whose rows a pattern takes: silence is that of the source, not of a filter."""
        sources = self.flow.of("source")
        silence = made.type == "heartbeat" and len(sources) == 1
        return sources[0] if silence else feeding

    def _into(self, made: Made, feeding: str, pattern: str) -> str:
        """A transform before all that read the rows, or before the one pattern that does."""
        fed = [e[1] for e in self.flow.outputs(feeding)]
        if len(fed) > 1 and all(self.flow.category(n) != "sink" for n in fed):
            self.talk.assume(f"I put it behind `{feeding}`.")
            return self.flow.after(made, feeding)
        self.talk.assume(f"I put it before `{pattern}`.")
        return self.flow.before(made, pattern)

    def _target_of(self, pattern: str) -> str:
        """Where the matches of a pattern go: the one place, or the one table of several."""
        targets = [e[1] for e in self.flow.outputs(pattern)]
        tables = [n for n in targets if "table" in self.flow.types[n]]
        found = targets if len(targets) == 1 else tables
        return found[0] if len(found) == 1 else ""

    def _kept_alike(self, made: Made, pattern: str) -> Made:
        """A pattern whose events have the columns that those of another have."""
        keep = self.values.config(pattern).get("keep")
        fields = self.flow.catalog.get(made.type).Config.model_fields
        if not keep or "keep" not in fields:
            return made
        return made._replace(config={**made.config, "keep": keep})

    def _join_with(self, node: str, pattern: str) -> None:
        """The matches of a new pattern to where those of one that is there go."""
        target = self._target_of(pattern)
        if self.flow.types[target] != UNION:
            target = self.flow.between(Made(UNION, {"missing": "null"}), pattern, target)
        self.flow.connect(node, target)

    def _windows(self, phrase: Phrase) -> list[str]:
        """The windows before which rows are sorted out, where a clause is about rows."""
        about = self._about()
        windows = [n for n in self.flow.types if self.flow.types[n] == "window-aggregate"]
        sorts = about and phrase.has(about) and not phrase.has(r"dedup\w*|de|duplicates?")
        return windows if sorts else []

    def _into_own(self, node: str, sinks: Sequence[Made]) -> None:
        """A sink of its own for one more pattern."""
        from .drafts import default_sink

        for sink in sinks or [default_sink(self.talk)]:
            self.flow.add(finished(sink, self.flow.target_of(node, {})), node)
