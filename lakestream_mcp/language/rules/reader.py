"""Clauses read in order into the nodes of a new pipeline, or into more nodes of an old one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .aggregated import aggregated
from .attempts import attempt
from .column_transforms import both_kept, both_renamed
from .compared import compared
from .detect import pattern, vague
from .explained import explained
from .flow import columns_after
from .lookups import with_types
from .measure_words import duration_of
from .names import Columns, parts_of, singular
from .phrase import Phrase
from .previous import EARLIER, previous
from .quantities import measured
from .rates import multiplied
from .routes import Routed, quarantined, routed
from .scene import UNSURE, Made, Scene, columns_read
from .sinks import take_sink
from .sources import take_source
from .talk import Talk
from .tokens import clean, tokenise
from .transforms import READERS, filtered, is_filter, late, watermark
from .unsupported import unsupported

if TYPE_CHECKING:
    from ..proposal import Request

MAX_PLACES = 8
_LASTING = (
    r"(?:lasting|lasts?|lasted|takes?|took|taking|longer|slower|shorter|faster)(?: \w+){0,2} #dur"
)


class Found:
    """What the clauses say: sources, what is done in order, and where it goes."""

    def __init__(self) -> None:
        self.sources: list[Made] = []
        self.types: list[dict[str, str]] = []
        self.branches: list[tuple[list[Made], list[Made]]] = []
        self.steps: list[Made] = []
        self.sinks: list[Made] = []
        self.routes: list[tuple[str, Made]] = []
        self.delay: str | None = None
        self.misread: list[Phrase] = []

    @property
    def empty(self) -> bool:
        """Whether nothing was understood."""
        return not (self.sources or self.steps or self.sinks or self.routes or self.delay)


class Reader:
    """Reads the clauses of a request."""

    def __init__(self, request: Request, columns: Columns, talk: Talk, has_source: bool) -> None:
        self.request = request
        self.talk = talk
        self.scene = Scene(columns, talk, request.catalog)
        self.found = Found()
        self.has_source = has_source
        self.earlier: Scene | None = None
        """The rows that the last window sums up."""

    def read(self, phrase: Phrase) -> bool:
        """Take up one clause; whether anything was understood."""
        before = len(phrase.used)
        if self._routed(phrase) or self._merged(phrase):
            return True
        phrase = self._late(phrase)
        phrase = self._places(phrase)
        if self._merged(phrase):
            return True
        if phrase.content() or phrase.has(r"#\w+"):
            self.step(phrase)
        return len(phrase.used) > before

    def _late(self, phrase: Phrase) -> Phrase:
        if phrase.has("late|lateness|watermark|delay|delayed|order|behind"):
            time, rest = late(phrase)
            named = phrase.has("watermark node")
            if time is not None and not self.request.document.nodes and not named:
                self.found.delay = duration_of(time)
                rest.used.update(t.place for t in rest.tokens if t.norm in self.scene.columns.types)
                return rest.part(0, 0) if not _says_more(rest) else rest
            if time is not None:
                made = watermark(self.scene, phrase)
                if made:
                    self._add(made)
                    return phrase.part(0, 0)
        return phrase

    def _places(self, phrase: Phrase) -> Phrase:
        """The phrase without the sources and sinks that it names."""
        has_source = self.has_source
        for _ in range(MAX_PLACES):
            source = None
            if not self.request.document.nodes:
                source = take_source(self.scene, phrase, has_source)
            if source is not None:
                self._source(source[0])
                phrase = source[1]
                continue
            sink = take_sink(self.scene, phrase, self.has_source)
            if sink is None:
                break
            self.found.sinks += [sink[0]] if sink[0] not in self.found.sinks else []
            has_source, phrase = True, sink[1]
        return phrase

    def _source(self, made: Made) -> None:
        self.found.sources.append(made)
        self.scene.columns.about |= {singular(part) for part in parts_of(made.name)}
        self.has_source = True

    def _routed(self, phrase: Phrase) -> bool:
        """`send orders over $1000 to A and the rest to B`."""
        found = self._parted(phrase, quarantined) or self._parted(phrase, routed)
        if found is None:
            return False
        self._add(found.router)
        self.found.routes += found.routes
        return True

    def _parted(self, phrase: Phrase, read: Callable[..., Routed | None]) -> Routed | None:
        """What a reading of several ways gives; no trace of it where that is nothing."""
        used, talk = set(phrase.used), self.talk
        said = dict(talk.assumptions), dict(talk.questions)
        found = read(self.scene, phrase)
        if found is None:
            phrase.used.clear()
            phrase.used.update(used)
            talk.assumptions, talk.questions = said
        return found

    def _merged(self, phrase: Phrase) -> bool:
        """`merge the two streams`."""
        found = phrase.find(
            r"(?:union|merge|combine|unite|put together)(?: (?:the|both|#num|"
            r"all|these|of|streams?|sources?|topics?|them|into|one|"
            r"together|feeds?|tables?|inputs?|rows|events))*"
        )
        if found is None or not phrase.part(found.start, found.end).has(
            "both|#num|all|streams|sources|topics|them|together|feeds|tables|inputs"
        ):
            return False
        rest = phrase.part(found.end)
        if phrase.part(0, found.start).content() or rest.has("sessions?|windows?|#name|#dur"):
            return False
        phrase.use(found.start, found.end)
        while not self.request.document.nodes and (source := take_source(self.scene, rest, False)):
            self._source(source[0])
            rest = source[1]
        self._add(Made("union-merge", {}, "Union"))
        return True

    def step(self, phrase: Phrase) -> None:
        """A transform, a pattern, or a filter."""
        phrase = compared(explained(phrase, self.scene.columns), self.scene.columns)
        asked = len(self.talk.questions)
        question = None if phrase.has("#num|#dur|#times|#pct|#dist|#factor") else vague(phrase)
        if question is None and not phrase.has("#num|#times|#pct|#dist|#factor|#str"):
            excess = phrase.find(r"too (?:high|low|hot|much|cold|fast|slow|often)")
            question = vague(phrase.part(excess.start, excess.end)) if excess else None
        if question is None and (open_point := unsupported(phrase, self.scene.columns.written())):
            phrase.use()
            self.talk.ask(open_point)
            return
        if question is not None:
            phrase.use()
            self.talk.ask(f"{question[0].upper()}{question[1:]} Give a number.")
            return
        for made in self._readings(phrase):
            if made is not UNSURE:
                self._add(made)
            return
        if len(self.talk.questions) == asked:
            self.found.misread.append(phrase)
            if phrase.has("#num|#dur|#pct|when|whenever|if"):
                self.talk.ask(f"I did not understand `{phrase.said()[:200]}`. What is meant?")

    def _readings(self, phrase: Phrase) -> Any:
        """What a phrase may be, likeliest first, each tried when the ones before gave nothing."""
        scene = self.scene
        yield from _some(attempt(scene, phrase, multiplied))
        for reader in READERS:
            yield from _some(attempt(scene, phrase, reader))
        if is_filter(phrase):
            yield from _some(self._filtered(phrase))
        if phrase.has(EARLIER):
            yield from _some(attempt(scene, phrase, previous))
        yield from _some(self._aggregated(phrase))
        yield from _some(pattern(scene, phrase))
        if not phrase.has("#dur|then|followed by") or phrase.has(_LASTING):
            yield from _some(attempt(scene, phrase, filtered))

    def _aggregated(self, phrase: Phrase) -> Made | None:
        """A window, and what goes around it."""
        nodes = attempt(self.scene, phrase, aggregated)
        if not nodes:
            return None
        for made in nodes[:-1]:
            self._add(made)
        return nodes[-1]

    def _filtered(self, phrase: Phrase) -> Made | None:
        """A filter; of what a window sums up where its columns are meant, and not those after."""
        asked, used = dict(self.talk.questions), set(phrase.used)
        made = attempt(self.scene, phrase, filtered)
        if made is not None and made is not UNSURE and self._of_groups(made):
            self.found.steps.insert(len(self.found.steps) - 1, made)
            return UNSURE
        if self.earlier is None or (made is not None and made is not UNSURE):
            return made
        questions, self.talk.questions = self.talk.questions, asked
        phrase.used.clear()
        phrase.used.update(used)
        before = attempt(self.earlier, phrase, filtered)
        if before is None or before is UNSURE:
            self.talk.questions = questions
            return made
        self.found.steps.insert(len(self.found.steps) - 1, before)
        return UNSURE

    def _of_groups(self, made: Made) -> bool:
        """Whether a filter is of what the last window groups by: then rows are left out before."""
        last = self.found.steps[-1] if self.found.steps else None
        if last is None or last.type != "window-aggregate" or made.type != "filter":
            return False
        return columns_read(made.config["condition"]) <= {*last.config.get("group_by", ())}

    def _add(self, made: Made) -> None:
        if made.type in ("lookup-enrichment", "stream-static-join"):
            made = with_types(made, Phrase(measured(tokenise(clean(self.request.text)))))
        last = self.found.steps[-1] if self.found.steps else None
        if last is not None and last.type == made.type == "rename-cast":
            self.found.steps[-1] = made = both_renamed(last, made)
        elif last is not None and last.type == made.type == "filter":
            self.found.steps[-1] = made = both_kept(last, made)
        else:
            self.found.steps.append(made)
        columns = self.scene.columns
        if columns.open and self.request.catalog.get(made.type).category != "pattern":
            return
        after = columns_after(made, columns.types, self.request.catalog)
        if after != columns.types:
            windows = made.type == "window-aggregate" and len(self.found.steps) > 0
            self.earlier = self.scene if windows else None
            later = Columns(after, True, columns.values)
            self.scene = Scene(later, self.talk, self.request.catalog)


def _some(made: Made | None) -> Any:
    return () if made is None else (made,)


def _says_more(phrase: Phrase) -> bool:
    return any(t.norm not in ("late", "event", "time", "event_time") for t in phrase.content())
