"""Clauses read in order into the nodes of a new pipeline, or into more nodes of an old one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .detect import attempt, pattern, vague
from .flow import Flow, columns_after
from .measure_words import duration_of
from .modifiers import take_key
from .names import Columns, parts_of, singular
from .phrase import Phrase
from .routes import Routed, quarantined, routed
from .scene import UNSURE, Made, Scene
from .sinks import finished, take_sink
from .sources import take_source
from .subjects import names_one, subject_key
from .talk import Talk
from .transforms import READERS, filtered, is_filter, late, watermark
from .windows import windowed

if TYPE_CHECKING:
    from ..proposal import Request

MAX_PLACES = 8
_PLACES_WORDS = r"enter\w*|exit\w*|leav\w+|stay\w*"
_LASTING = (
    r"(?:lasting|lasts?|lasted|takes?|took|taking|longer|slower|shorter|faster)(?: \w+){0,2} #dur"
)


class Found:
    """What the clauses say: sources, what is done in order, and where it goes."""

    def __init__(self) -> None:
        self.sources: list[Made] = []
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
            self._step(phrase)
        return len(phrase.used) > before

    def _late(self, phrase: Phrase) -> Phrase:
        if phrase.has("late|lateness|watermark|delay|delayed|order|behind"):
            time, rest = late(phrase)
            if time is not None and not self.request.document.nodes:
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
                self.found.sources.append(source[0])
                self.scene.columns.about |= {singular(part) for part in parts_of(source[0].name)}
                self.has_source, phrase = True, source[1]
                continue
            sink = take_sink(self.scene, phrase, self.has_source)
            if sink is None:
                break
            self.found.sinks.append(sink[0])
            phrase = sink[1]
        return phrase

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
            r"(?:union|merge|combine|unite|put together)(?: (?:the|both|two|"
            r"three|all|these|of|streams?|sources?|topics?|them|into|one|"
            r"together|feeds?|tables?|inputs?|rows|events))*"
        )
        if found is None or not phrase.part(found.start, found.end).has(
            "both|two|three|all|streams|sources|topics|them|together|feeds|tables|inputs"
        ):
            return False
        rest = phrase.part(found.end)
        if phrase.part(0, found.start).content() or rest.has("sessions?|windows?|#name|#dur"):
            return False
        phrase.use(found.start, found.end)
        self._add(Made("union-merge", {}, "Union"))
        return True

    def _explained(self, phrase: Phrase) -> Phrase:
        """`find users who give up: a start without an end` is what comes after the colon."""
        colon = None if phrase.has(_PLACES_WORDS) else phrase.find(":")
        if (
            colon is None
            or not phrase.part(colon.end).content()
            or phrase.part(0, colon.start).has("#\\w+")
        ):
            return phrase
        after, before = phrase.part(colon.end), phrase.part(0, colon.start)
        if before.has("quality|expectations?|checks?"):
            return phrase
        numbers = self.scene.columns.numeric()
        if names_one(self.scene.columns, before, numbers) and not names_one(
            self.scene.columns, after, numbers
        ):
            return phrase.without(colon)
        if take_key(Phrase(before.tokens), self.scene.columns, Talk())[0].names:
            return phrase.without(colon)
        who = subject_key(before, self.scene.columns)
        if not who.names or after.has("per|for each|by|same|each|grouped"):
            return after
        per = before.tokens[0]._replace(kind="word", norm="per", text="per")
        name = per._replace(norm=who.names[0].lower(), text=who.names[0])
        return Phrase((*after.tokens, per, name), phrase.used)

    def _step(self, phrase: Phrase) -> None:
        """A transform, a pattern, or a filter."""
        phrase = self._explained(phrase)
        asked = len(self.talk.questions)
        question = None if phrase.has("#num|#dur|#times|#pct|#dist|#factor") else vague(phrase)
        if question is None and not phrase.has("#num|#times|#pct|#dist|#factor|#str"):
            excess = phrase.find(r"too (?:high|low|hot|much|cold|fast|slow|often)")
            question = vague(phrase.part(excess.start, excess.end)) if excess else None
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
        for reader in READERS:
            yield from _some(attempt(scene, phrase, reader))
        if is_filter(phrase):
            yield from _some(attempt(scene, phrase, filtered))
        yield from _some(self._aggregated(phrase))
        yield from _some(pattern(scene, phrase))
        if not phrase.has("#dur|then|followed by") or phrase.has(_LASTING):
            yield from _some(attempt(scene, phrase, filtered))

    def _aggregated(self, phrase: Phrase) -> Made | None:
        """A window; with a comparison of its value, a filter after it."""
        cut = phrase.find(
            r"(?:(?:is|are|goes|gets|that|which|rises|falls|drops|was|"
            r"stays) )*(?:above|over|exceeds?|exceeding|more than|greater "
            r"than|higher than|below|under|less than|lower than|at least|at "
            r"most) (?P<n>#num|#pct)(?! (?:events|times|failed|rows))"
        )
        average = phrase.has(
            r"average|avg|mean|maximum|minimum|max|min|highest|lowest|distinct count"
        )
        if phrase.has(r"sessions?|sessioni\w+") and not phrase.has("session windows?"):
            return None
        if cut is None or not average:
            return attempt(self.scene, phrase, windowed)
        made = attempt(self.scene, phrase.without(cut), windowed)
        if made is None or made is UNSURE:
            return made
        phrase.use(cut.start, cut.end)
        self._add(made)
        names = [a["name"] for a in made.config["aggregations"]]
        condition = self._compared(names[0], phrase.part(cut.start, cut.end))
        return Made("filter", {"condition": condition}, "Filter")

    def _compared(self, name: str, comparison: Phrase) -> str:
        from .conditions import Conditions
        from .scene import text
        from .tokens import Token

        token = Token("word", name, name.lower(), place=comparison.tokens[0].place)
        reader = Conditions(Columns({name: "double"}), self.talk)
        clauses = reader.clauses(Phrase((token, *comparison.tokens), comparison.used))
        return text(clauses[0].tree) if clauses else "TRUE"

    def _add(self, made: Made) -> None:
        self.found.steps.append(made)
        columns = self.scene.columns
        if columns.open and self.request.catalog.get(made.type).category != "pattern":
            return
        after = columns_after(made, columns.types, self.request.catalog)
        if after != columns.types:
            later = Columns(after, True, columns.values)
            self.scene = Scene(later, self.talk, self.request.catalog)


def _some(made: Made | None) -> Any:
    return () if made is None else (made,)


def _says_more(phrase: Phrase) -> bool:
    return any(t.norm not in ("late", "event", "time", "event_time") for t in phrase.content())


def build(flow: Flow, found: Found, columns: Columns, talk: Talk, start: str | None = None) -> None:
    """What was found as changes: sources, then each step after the one before, then sinks."""
    ids = [flow.add(made) for made in found.sources]
    at = start if start is not None else ids[-1] if ids else None
    types: Mapping[str, str] = columns.types
    ports: dict[str, str] = {}
    for made in found.steps:
        node = flow.catalog.get(made.type)
        waiting = [n for n in ids if not flow.outputs(n)]
        if made.type == "union-merge" or len(node.input_ports) > 1:
            at = _joined(flow, made, waiting or ([at] if at else []), talk)
        else:
            at = flow.add(made, at)
        types = columns_after(made, types, flow.catalog)
        if made.type == "split-router" or made.config.get("quarantine"):
            ports[at] = at
    router = next(iter(ports), None)
    for port, made in found.routes:
        if router is not None:
            flow.add(finished(made, flow.target_of(router, types)), router, port)
    for made in found.sinks:
        if at is not None:
            flow.add(finished(made, flow.target_of(at, types)), at)


def _joined(flow: Flow, made: Made, inputs: list[str], talk: Talk) -> str:
    """A node with several inputs, each fed by a source of its own."""
    node = flow.catalog.get(made.type)
    at = flow.add(made)
    if len(inputs) < 2:
        if made.type == "union-merge":
            talk.ask("Which streams are to be merged? Name at least two.")
        inputs = inputs * 2 if len(node.input_ports) > 1 else inputs
    for place, source in enumerate(inputs[: max(len(node.input_ports), node.max_inputs)]):
        port = (
            node.input_ports[place]
            if len(node.input_ports) > 1 and place < len(node.input_ports)
            else None
        )
        flow.connect(source, at, None, port)
    return at
