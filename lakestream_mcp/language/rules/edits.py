"""Changes of a pipeline that is there: values, keys, nodes in and out, connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..proposal import Draft
from .edit_aggregations import AggregationEdits
from .edit_assign import Assignments
from .edit_choices import Choices
from .edit_conditions import ConditionEdits
from .edit_lists import Lists
from .edit_open import OpenEdits
from .edit_said import mentions, removes_node
from .edit_sequence import StepEdits
from .edit_targets import Targets
from .edit_trials import Trials, reasons_joined
from .edit_words import WordEdits
from .language import EXAMPLE
from .phrase import Phrase
from .scene import Made
from .sinks import finished, take_sink

UNDO = (
    "That is a step back in the history, not a change of the graph: call `restore_revision` with "
    'mode="undo" (or "redo", or "restore" and a revision).'
)


_SETS = r"(?:please )?(?:change|set|make|increase|decrease|raise|lower|swap|replace)"


_SAME = (
    r"(?:and |but )*(?:(?:keep|leave) )?"
    r"(?:the rest|everything else|all else|all the rest|the others?|nothing else)"
    r"(?: (?:stays?|remains?|should|is|are|as|it|can|may|same|the|unchanged|changes?|alone|fine|"
    r"to|be|stay|remain|before|was|like|that))*$"
)
_ENOUGH = (
    r"(?:is|are|will be)(?: (?:good|well|already|perfectly|quite|just))*"
    r" (?:enough|sufficient|fine|ok|okay|good)|"
    r"(?:will|would) (?:do|suffice)|suffices?|does"
)
_ASKS = (
    r"(?:pls|plz|please|kindly|ok|okay|hey|hi|hello|well|(?:can|could|would|will) you|"
    r"(?:i|we) (?:want|would like|need)(?: you)? to|let us)(?: ,)?"
)
_POLITE = rf"{_ASKS}(?: {_ASKS})*"
_BARE = (
    r"(?:(?:please|can you|could you|just) )*(?:change|edit|modify|adjust|update|alter|tweak|fix)"
    r"(?: (?:it|this|that|them|something|things|the|a|pipeline|bit|please))+$"
)
_OUGHT = r"only|should|must|shall|has to|needs? to|ought to|gets?|receives?|takes?"
_PASSES = r"passes|pass|leaves|leave|(?:passes|goes) through|comes out of|comes from"
_GO = r"(?:[a-z]+ )?(?:(?:should|must|shall|also|too) )*(?:go|goes|be|are|is)"
_STORES = r"(?:store|write|save|put|send|log|copy|dump|persist|archive)(?: (?:the|all|also|every))*"
_KINDS = (OpenEdits, Lists, StepEdits, AggregationEdits, ConditionEdits, Assignments, WordEdits)


class Editor(Targets):
    """Reads clauses as edits of a document."""

    def draft(self, found: Sequence[Phrase]) -> Draft:
        """The changes that the clauses ask for."""
        from .drafts import concluded

        trials = Trials(self.values, self._changing(), (self._sinks, self._added))
        for phrase in reasons_joined(found):
            if not self._bare(phrase):
                polite = phrase.at(_POLITE)
                phrase.use(0, polite.end if polite else 0)
                trials.clause(phrase.part(polite.end) if polite else phrase)
        if self.undo:
            return Draft(refusal=UNDO)
        if not self.flow.changes and not self.talk.questions:
            return Draft(
                refusal=f"I did not understand which change of the pipeline is meant. {_HINT}"
            )
        return concluded(self.flow, list(found), self.talk)

    def _changing(self) -> tuple[Callable[[Phrase], bool], ...]:
        """Changes of what is there, likeliest first."""
        return (
            self._history,
            self._same,
            self._late,
            self._titled,
            *Choices(self.values).readers(),
            self._moved,
            self._between,
            self._only_into,
            self._swapped,
            self._removed,
            self._connected,
            *self._of_values(),
            self._placed,
            self._retargeted,
        )

    def _of_values(self) -> Iterator[Callable[[Phrase], bool]]:
        """What changes a configuration, likeliest first."""
        yield from self.values.first()
        for kind in _KINDS:
            yield from kind(self.values).readers()
        yield from self.values.readers()

    def _same(self, phrase: Phrase) -> bool:
        """`the rest stays as it is`: nothing to do."""
        kept = phrase.at(r"(?:but |and )?(?:keep|leave)")
        fine, stop = ([], 0) if kept else self.references.named(phrase)
        if fine and (enough := phrase.at(_ENOUGH, stop)) and enough.end == len(phrase):
            phrase.use()
            return True
        node, end = self.references.named(phrase, kept.end) if kept else ([], 0)
        if phrase.at(_SAME) is None and not (node and end == len(phrase)):
            return False
        phrase.use()
        return True

    def _bare(self, phrase: Phrase) -> bool:
        """`change it`: what is to be changed is not said."""
        if phrase.at(_BARE) is None:
            return False
        phrase.use()
        self.talk.ask("What is to be changed, and how? Name a node, or say the new value.")
        return True

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

    def _sinks(self, phrase: Phrase) -> bool:
        """`send it to Slack too`."""
        if phrase.at(_SETS) and not phrase.has(r"(?:to|into) (?:slack|teams|pagerduty|email|#\w+)"):
            return False
        at = None if self._of_old_sink(phrase) else self._end(phrase)
        if at is None:
            return False
        made = False
        rest = self._without_beside(self._without_whose(phrase))
        scene = self._reader(at).scene
        while (sink := take_sink(scene, rest, True)) is not None:
            target = self.flow.target_of(at, self.request.columns.get(at, {}))
            self.references.last = self.flow.add(finished(sink[0], target), at)
            shorter, rest, made = len(sink[1]) < len(rest), sink[1], True
            if not shorter:
                break
        if made and rest.content():
            self._condition_of_sink(rest)
        return made

    def _of_old_sink(self, phrase: Phrase) -> bool:
        """`no table`, `only Slack`, `the table should get all`: of a sink that is there."""
        if phrase.has(r"#name|#path|#host|#url|#mail|#str"):
            return False
        sinks = [
            m
            for m in mentions(phrase, self.references)
            if all(self.flow.category(n) == "sink" for n in m.nodes)
        ]
        return any(
            phrase.part(max(0, m.start - 2), m.start).has("no|without|only|just")
            or phrase.part(max(0, m.start - 5), m.start).has("not|never|no longer|stop")
            or (not m.start and phrase.at(_OUGHT, m.end))
            for m in sinks
        )

    def _of_old_node(self, phrase: Phrase) -> bool:
        """`exclude declined from Large payments`: of what a node that is there does already."""
        found = mentions(phrase, self.references)
        return removes_node(phrase, found, self.flow) or any(
            phrase.tokens[m.start].text[:1].isupper() and self._transforms(m.nodes) for m in found
        )

    def _transforms(self, nodes: list[str]) -> bool:
        return all(self.flow.category(n) in ("transform", "pattern") for n in nodes)

    def _without_whose(self, phrase: Phrase) -> Phrase:
        """`save what passes Warm to a table` without the rows that are meant."""
        found = phrase.find(rf"(?:what|everything|all|rows|those)(?: that| which)? (?:{_PASSES})")
        node, end = self.references.named(phrase, found.end) if found else ([], 0)
        if found is None or len(node) != 1:
            return phrase
        phrase.use(found.start, end)
        return phrase.outside(found.start, end)

    def _without_beside(self, phrase: Phrase) -> Phrase:
        """A phrase without what the new is to be beside: `in addition to the table`."""
        found = phrase.find(r"in addition to|next to|besides?|alongside|as well as|on top of")
        node, end = self.references.named(phrase, found.end) if found else ([], 0)
        if found is None or not node:
            return phrase
        phrase.use(found.start, end)
        return phrase.outside(found.start, end)

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
        for word in ("from", "of", "after", _PASSES, _STORES):
            found = phrase.find(word)
            node = self.references.named(phrase, found.end)[0] if found else []
            if len(node) == 1 and self.flow.category(node[0]) != "sink":
                return node[0]
        node, end = self.references.named(phrase)
        if len(node) == 1 and phrase.at(_GO, end) and self.flow.category(node[0]) != "sink":
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
        if phrase.at(_SETS) or phrase.has("rather than|instead of") or self._of_old_sink(phrase):
            return False
        if self._of_old_node(phrase):
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
        from .drafts import default_sink

        node = self.references.last = self.flow.add(made, feeding)
        for sink in sinks or [default_sink(self.talk)]:
            self.flow.add(finished(sink, self.flow.target_of(node, {})), node)


_HINT = "Say for example `make the window an hour` or `send it to Slack too`. " + EXAMPLE
