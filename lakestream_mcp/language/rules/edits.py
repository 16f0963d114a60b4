"""Changes of a pipeline that is there: values, keys, nodes in and out, connections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..proposal import Draft
from .language import EXAMPLE
from .phrase import Phrase
from .scene import Made
from .sinks import finished, take_sink

if TYPE_CHECKING:
    pass
from .edit_targets import Targets

UNDO = (
    "That is a step back in the history, not a change of the graph: call `restore_revision` with "
    'mode="undo" (or "redo", or "restore" and a revision).'
)


_PLACE = (
    r"(?P<way>before|after|in front of|behind|ahead of|right before|right after|"
    r"upstream of|downstream of)"
)


_SETS = r"(?:please )?(?:change|set|make|increase|decrease|raise|lower|swap|replace)"


class Editor(Targets):
    """Reads clauses as edits of a document."""

    def draft(self, found: Sequence[Phrase]) -> Draft:
        """The changes that the clauses ask for."""
        from .backend import concluded
        from .clauses import is_instruction

        for phrase in found:
            for part in () if is_instruction(phrase) else _both(phrase):
                self._clause(part)
        if self.undo:
            return Draft(refusal=UNDO)
        if not self.flow.changes and not self.talk.questions:
            return Draft(
                refusal=f"I did not understand which change of the pipeline is meant. {_HINT}"
            )
        return concluded(self.flow, list(found), self.talk)

    def _clause(self, phrase: Phrase) -> None:
        """The first kind of edit that a clause can be read as."""
        asked = len(self.talk.questions)
        readers: tuple[Callable[[Phrase], bool], ...] = (
            self._history,
            self._late,
            self._titled,
            self._moved,
            self._between,
            self._swapped,
            self._removed,
            self._connected,
            self.values.read,
            self._placed,
            self._retargeted,
            self._sinks,
            self._added,
        )
        for reader in readers:
            if reader(phrase):
                phrase.use(0, 1)
                return
            if len(self.talk.questions) > asked:
                return

    def _late(self, phrase: Phrase) -> bool:
        """`allow events to be 30 minutes late`, where the source says how late they may be."""
        from .measure_words import duration_of
        from .transforms import late

        if not phrase.has("late|lateness|watermark|delay|delayed|behind"):
            return False
        delays = [
            n for n in self.flow.types if {"watermark_delay", "delay"} & set(self.values.config(n))
        ]
        time, _ = late(phrase)
        if time is None or not delays:
            return False
        said = [n for n in self.values.mentioned(phrase) if n in delays]
        if len(said or delays) > 1:
            self.talk.ask("Which node's events may be so late?", said or delays)
            return False
        node = (said or delays)[0]
        phrase.use()
        field = "watermark_delay" if "watermark_delay" in self.values.config(node) else "delay"
        return self.values.update(node, {field: duration_of(time)})

    def _placed(self, phrase: Phrase) -> bool:
        """`put a filter for amount > 10 before the pattern`."""
        for found in list(phrase.all(_PLACE)):
            node, end = self.references.one(phrase, found.end)
            if node is None or phrase.part(end).content():
                continue
            before = (
                found.groups["way"][0].norm in ("before", "in", "ahead", "upstream")
                or "before" in phrase.part(found.start, found.end).text
            )
            inputs = self.flow.inputs(node)
            at = inputs[0][0] if before and inputs else node
            reader = self._reader(at)
            rest = self._without_node_word(phrase.part(0, found.start))
            reader.read(rest)
            if not reader.found.steps:
                return False
            phrase.use(found.start, end)
            for made in reader.found.steps:
                new = self.flow.before(made, node) if before else self.flow.after(made, node)
                node = node if before else new
                self.references.last = new
            return True
        return False

    def _sinks(self, phrase: Phrase) -> bool:
        """`send it to Slack too`."""
        if phrase.at(_SETS) and not phrase.has(r"(?:to|into) (?:slack|teams|pagerduty|email|#\w+)"):
            return False
        at = self._end(phrase)
        if at is None:
            return False
        made = False
        rest = phrase
        scene = self._reader(at).scene
        while (sink := take_sink(scene, rest, True)) is not None:
            target = self.flow.target_of(at, self.request.columns.get(at, {}))
            self.references.last = self.flow.add(finished(sink[0], target), at)
            rest, made = sink[1], True
        if made and rest.content():
            self._condition_of_sink(rest)
        return made

    def _condition_of_sink(self, rest: Phrase) -> None:
        """`alert Slack when amount > 10`: a filter before the sink that was just added."""
        sink = self.references.last
        feeding = self.flow.inputs(sink)[0][0] if sink and self.flow.inputs(sink) else None
        if sink is None or feeding is None:
            return
        reader = self._reader(feeding)
        reader.read(rest)
        for made in reader.found.steps[:1]:
            self.flow.before(made, sink)

    def _end(self, phrase: Phrase) -> str | None:
        """The node whose rows a new sink takes: the pattern, else the end of the pipeline."""
        for word in ("from", "of", "after"):
            found = phrase.find(word)
            node = self.references.named(phrase, found.end)[0] if found else []
            if len(node) == 1 and self.flow.category(node[0]) != "sink":
                return node[0]
        tails = self.flow.tails()
        if len(tails) > 1:
            last = self.references.last
            if last in tails:
                return last
            if phrase.has(
                r"slack|teams|pagerduty|email|#mail|table|topic|kafka|webhook|#url|#path"
            ):
                self.talk.ask("Whose rows are meant? Several nodes end the pipeline.", tails)
            return None
        return tails[0] if tails else None

    def _added(self, phrase: Phrase) -> bool:
        """A transform before the pattern, or one more pattern beside it."""
        if phrase.at(_SETS) or phrase.has("rather than|instead of"):
            return False
        patterns = self.flow.of("pattern")
        feeding = (
            self.flow.inputs(patterns[0])[0][0]
            if patterns and self.flow.inputs(patterns[0])
            else None
        )
        tails = self.flow.tails()
        at = feeding or (tails[-1] if tails else None)
        if at is None:
            return False
        reader = self._reader(at)
        reader.read(self._without_node_word(phrase))
        for made in reader.found.steps:
            if self.flow.catalog.get(made.type).category == "pattern" and feeding:
                self._beside(made, feeding, reader.found.sinks)
            elif feeding:
                self.talk.assume(f"I put it before `{patterns[0]}`.")
                self.references.last = self.flow.before(made, patterns[0])
            else:
                self.references.last = self.flow.after(made, at)
                at = self.references.last
        return bool(reader.found.steps)

    def _beside(self, made: Made, feeding: str, sinks: list[Made]) -> None:
        """One more pattern over the same rows, with a sink of its own."""
        from .backend import default_sink

        node = self.references.last = self.flow.add(made, feeding)
        for sink in sinks or [default_sink(self.talk)]:
            self.flow.add(finished(sink, self.flow.target_of(node, {})), node)


def _both(phrase: Phrase) -> list[Phrase]:
    """`set the threshold to 4 and the window to an hour` asks for two things."""
    verb = phrase.at(_SETS)
    cut = (
        phrase.find(r"(?:,|and|, and)(?: the)?(?= [a-z]+(?: [a-z]+)? (?:to|=) #\w+)")
        if verb
        else None
    )
    if verb is None or cut is None or not phrase.part(0, cut.start).has(r"(?:to|=) #\w+"):
        return [phrase]
    phrase.use(cut.start, cut.end)
    second = Phrase((*phrase.tokens[: verb.end], *phrase.tokens[cut.end :]), phrase.used)
    return [phrase.part(0, cut.start), second]


_HINT = "Say for example `make the window an hour` or `send it to Slack too`. " + EXAMPLE
