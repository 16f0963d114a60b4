"""Changes of a pipeline that is there: values, keys, nodes in and out, connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..proposal import Draft
from .edit_additions import Additions
from .edit_aggregations import AggregationEdits
from .edit_asked import asked_otherwise
from .edit_assign import Assignments
from .edit_choices import Choices
from .edit_columns import SourceColumns
from .edit_conditions import ConditionEdits
from .edit_limits import Limits
from .edit_lists import Lists
from .edit_memory import MemoryEdits
from .edit_open import OpenEdits
from .edit_prepared import prepared
from .edit_reasons import reasons_joined
from .edit_renames import renames_followed
from .edit_said import RELATIVE, mentions
from .edit_sequence import StepEdits
from .edit_step_gaps import StepGaps
from .edit_step_order import StepOrder
from .edit_step_relations import StepRelations
from .edit_tables import TableEdits
from .edit_there import absent, absent_column, there_is
from .edit_trials import Trials
from .edit_unset import Unset
from .edit_wholes import Wholes
from .edit_words import WordEdits
from .language import EXAMPLE
from .phrase import Phrase

UNDO = (
    "That is a step back in the history, not a change of the graph: call `restore_revision` with "
    'mode="undo" (or "redo", or "restore" and a revision).'
)


_SAME = (
    r"(?:and |but )*(?:(?:keep|leave) )?"
    r"(?:the rest|everything else|all else|all the rest|the others?|nothing else)"
    r"(?: (?:stays?|remains?|should|is|are|as|it|can|may|same|the|unchanged|changes?|alone|fine|"
    r"to|be|stay|remain|before|was|like|that))*$"
)
_ENOUGH = (
    r"(?:(?:alone|only|itself|by itself) )?"
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
_NO_ALERTS = (
    r"(?:please )?(?:no|do not send|do not want)(?: (?:any|more))? "
    r"(?:alerts?|alarms?|messages?|notifications?|mails?)(?: (?:for|when|on|if|about|anything))*"
    r" (?:under|below|over|above|less than|more than|at least|at most) #num"
    r"(?: (?:please|any ?more))*$"
)
_TO_KAFKA = (
    r"(?:send|write|post|publish|push|move|switch|go|goes|put|forward|stream)(?: \S+){0,3}? "
    r"(?:to|into|on|via) (?:the |a |our )?kafka(?! (?:topics?|on|at|[a-z]+ (?:on|at)) )"
)
_KINDS = (
    SourceColumns,
    OpenEdits,
    Unset,
    TableEdits,
    Lists,
    StepGaps,
    StepRelations,
    StepOrder,
    StepEdits,
    AggregationEdits,
    ConditionEdits,
    Assignments,
    WordEdits,
)


class Editor(Additions):
    """Reads clauses as edits of a document."""

    def draft(self, found: Sequence[Phrase]) -> Draft:
        """The changes that the clauses ask for."""
        from .drafts import concluded

        if (otherwise := asked_otherwise(found, self.request.text)) is not None:
            return otherwise
        opening = [kind(self.values).open for kind in (Limits, StepRelations, Choices, MemoryEdits)]
        trials = Trials(self.values, self._changing(), (self._ways, self._sinks, self._added))
        for phrase in reasons_joined(prepared(found, trials.columns)):
            if not (self._bare(phrase) or any(is_open(phrase) for is_open in opening)):
                polite = phrase.at(_POLITE)
                phrase.use(0, polite.end if polite else 0)
                trials.clause(phrase.part(polite.end) if polite else phrase)
        self._untold(found)
        if self.undo:
            return Draft(refusal=UNDO, instead='restore_revision(mode="undo")')
        if not self.flow.changes and not self.talk.questions:
            return Draft(
                refusal="I did not understand which change of the pipeline is meant. "
                f"{there_is(self.flow, found)} {_HINT}"
            )
        trials.ask_for_unread()
        renames_followed(self.values)
        return concluded(self.flow, list(found), self.talk)

    def _untold(self, found: Sequence[Phrase]) -> None:
        """Ask for a topic that was not named, which no edit invents."""
        question = "To which Kafka topic are rows written, and at which servers?"
        if not self.flow.changes and any(p.has(_TO_KAFKA) for p in found):
            self.talk.ask(question)
        told = [said for said in self.talk.assumptions if said.startswith("No topic was named")]
        for said in told:
            del self.talk.assumptions[said]
            self.talk.ask(question)

    def _changing(self) -> tuple[Callable[[Phrase], bool], ...]:
        """Changes of what is there, likeliest first."""
        return (
            self._history,
            self._same,
            self._absent,
            self._late,
            self._titled,
            *Limits(self.values).readers(),
            *Wholes(self.values).readers(),
            *Choices(self.values).readers(),
            self._moved,
            self._between,
            self._only_into,
            self._in_place_of,
            self._swapped,
            self._removed,
            self._all_counted,
            self._connected,
            self._addressed,
            self._becomes,
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
        noun = phrase.at("message|messages|alert|alerts|mail|table|sink", stop) if fine else None
        stop = noun.end if noun else stop
        if fine and (enough := phrase.at(_ENOUGH, stop)) and enough.end == len(phrase):
            phrase.use()
            return True
        node, end = self.references.named(phrase, kept.end) if kept else ([], 0)
        if phrase.at(_SAME) is None and not (node and end == len(phrase)):
            return False
        phrase.use()
        return True

    def _absent(self, phrase: Phrase) -> bool:
        """`remove the join`, where there is none: what there is is told."""
        question = None if mentions(phrase, self.references) else absent(self.flow, phrase)
        if question is not None:
            self.talk.ask(question, list(self.flow.types))
        keyed = [n for n in self.flow.types if self.values.config(n).keys() & {"key", "group_by"}]
        columns = self.values.columns_into(keyed[0]) if keyed else None
        if columns and (word := absent_column(phrase, columns)) and not self._is_node(word):
            self.talk.ask(f"There is no column `{word}`. Which is meant?", columns.types)
        return False

    def _is_node(self, word: str) -> bool:
        return word in {n.lower() for n in self.flow.types}

    def _bare(self, phrase: Phrase) -> bool:
        """`change it`, `no alerts under 200`: what is to be changed is not said."""
        if phrase.at(_NO_ALERTS):
            phrase.use()
            self.talk.ask("Of which value is that said? Name a column, or a node.", self.flow.types)
            return True
        if phrase.at(_BARE) is None:
            return False
        phrase.use()
        self.talk.ask("What is to be changed, and how? Name a node, or say the new value.")
        return True

    def _late(self, phrase: Phrase) -> bool:
        """`allow events to be 30 minutes late`, where the source says how late they may be."""
        from .measure_words import duration_of
        from .transforms import late

        lateness = phrase.has("late|lateness|watermark|delay|delayed|behind")
        if not lateness or (phrase.has(RELATIVE) and not phrase.has("late by")):
            return False
        delays = [
            n for n in self.flow.types if {"watermark_delay", "delay"} & set(self.values.config(n))
        ]
        time, _ = late(phrase)
        times = [t for t in phrase.tokens if t.norm.startswith("#")]
        time = time or (times[0] if [t.norm for t in times] == ["#dur"] else None)
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


_HINT = "Say for example `make the window an hour` or `send it to Slack too`. " + EXAMPLE
