"""Edits that add: a sink for the rows that are meant, a transform, one more pattern."""

from __future__ import annotations

from .drafts import NOWHERE
from .edit_beside import WITH_OTHERS, Patterns
from .edit_explained import is_talk
from .edit_said import ALSO, DETECTS, mentions, removes_node
from .edit_wording import invents, with_presence
from .phrase import Phrase
from .scene import Made
from .sinks import finished, take_sink

_OUGHT = r"only|should|must|shall|has to|needs? to|ought to|gets?|receives?|takes?"
_SETS = r"(?:please )?(?:change|set|make|increase|decrease|raise|lower|swap|replace)"


_MOVES = r"(?:please )?(?:move|redirect|reroute|relocate|divert)"
_GONE = r"(?:please )?(?:remove|delete|drop|ignore|exclude|skip|discard|get rid of)"
_NEW = r"detect|find|flag|spot|alert|warn|watch|look|new|second|add|insert|write|tell|notify|page"
_IN_ORDER = (
    r"then|followed|after|before|->|next|later|subsequent\w*|sequence|until|first|again|in a row"
)
_BUT = r"(?:any|all|every)(?:thing|one)?(?: \w+)? (?:but|except)|except|other than"
_TAKEN_FOR = r"as (?:an? |the )?(?:expected|trigger\w*|answer|purchase|reply|success|failure|hit)"
_THE_TABLE = r"(?:the|our|that|this|existing)(?: (?:delta|output|result|results|same))* table"
_ONLY_TO = (
    r"(?:(?:goes?|go|sent|written|mailed|posted) )?only (?:to|into) #(?:mail|name|channel|url|path)"
)
_WAY = r"directly|straight|right away|instead"
_WAYS = r"rest|others|otherwise|everything else|remaining|other ones"


class Additions(Patterns):
    """Reads clauses that ask for more."""

    def _sinks(self, phrase: Phrase) -> bool:
        """`send it to Slack too`, `the raw orders into main.sales.bronze as well`."""
        if phrase.at(_SETS) and not phrase.has(r"(?:to|into) (?:slack|teams|pagerduty|email|#\w+)"):
            return False
        old = phrase.at(rf"{_GONE}|{_MOVES}") or self._of_old_sink(phrase)
        own = phrase.has(_ONLY_TO) and bool(mentions(phrase, self.references))
        start = None if old or own else self._start(phrase)
        if start is None:
            return False
        at, made, assumed = start.node, False, dict(self.talk.assumptions)
        found = [m for m in mentions(phrase, self.references) if m.nodes == [at]]
        names = {t.place for m in found for t in phrase.tokens[m.start : m.end]}
        rest = self._without_beside(start.phrase)
        if self._sink_gone() and (instead := rest.take("instead")):
            rest = rest.without(instead)
        while (sink := take_sink(self._reader(at).scene, rest, True)) is not None:
            if self._is_there(sink[0]) or self._misnamed(phrase, sink[0]):
                return False
            if (there := self._meant_table(phrase, sink[0])) is not None:
                self.talk.assumptions = assumed
                rest = self._without_names(sink[1], names)
                return not rest.without(rest.find(_WAY)).content() and self._led_to(
                    phrase, at, there
                )
            target = self.flow.target_of(at, self.request.columns.get(at, {}))
            self.references.last = self.flow.add(finished(sink[0], target), at)
            shorter, rest, made = len(sink[1]) < len(rest), sink[1], True
            if not shorter:
                break
        if made and start.only:
            self.flow.before(start.only, self.references.last or "")
        elif made and (rest := self._without_names(rest, names)).content():
            return self._condition_of_sink(rest, at)
        return made

    def _is_there(self, made: Made) -> bool:
        """Whether a sink of the pipeline writes to the same place already."""
        places = [(f, made.config[f]) for f in ("table", "topic", "path") if f in made.config]
        return bool(places) and any(
            self.flow.types[n] == made.type
            and all(self.values.config(n).get(f) == place for f, place in places)
            for n in self.flow.of("sink")
        )

    def _misnamed(self, phrase: Phrase, made: Made) -> bool:
        """`have the table overwritten`: what is said of a table taken for its name."""
        table = str(made.config.get("table", NOWHERE["table"]))
        default = NOWHERE["table"].rpartition(".")[0]
        named = table == NOWHERE["table"] or not table.startswith(f"{default}.")
        return not named and phrase.has(_THE_TABLE) and not phrase.has("#str|called|named")

    def _meant_table(self, phrase: Phrase, made: Made) -> str | None:
        """`to the table`, where there is one: no new one."""
        tables = [n for n in self.flow.of("sink") if self.flow.types[n] == made.type]
        unnamed = made.config.get("table") == NOWHERE["table"] and phrase.has(_THE_TABLE)
        return tables[0] if unnamed and len(tables) == 1 else None

    def _led_to(self, phrase: Phrase, at: str, sink: str) -> bool:
        """The rows of a node into a sink that is there, in the place of those that it takes."""
        feeding = [e[0] for e in self.flow.inputs(sink)]
        if phrase.has(ALSO) and feeding != [at]:
            return False
        for node in feeding if feeding != [at] else ():
            self.flow.disconnect(node, sink)
        if feeding != [at]:
            self.flow.connect(at, sink)
        phrase.use()
        self.references.last = sink
        return True

    def _fed_by(self, sink: str, router: str, port: str) -> None:
        """Rows of one way of a router for a sink that is there."""
        for source, *_ in self.flow.inputs(sink):
            self.flow.disconnect(source, sink)
        self.flow.connect(router, sink, port)

    def _ways(self, phrase: Phrase) -> bool:
        """`payments over 1000 to main.a.big, the rest to main.a.small`: a router and its sinks."""
        if not phrase.has(_WAYS):
            return False
        ends = self.flow.tails()[:1]
        nodes = [*self.flow.of("source")[:1], *ends] if self._of_source(phrase) else ends
        talk = self.talk
        for at in nodes:
            said = dict(talk.assumptions), dict(talk.questions)
            reader = self._reader(at)
            reader.read(phrase)
            if reader.found.routes and len(talk.questions) == len(said[1]):
                router = self.flow.add(reader.found.steps[-1], at)
                target = self.flow.target_of(at, self.request.columns.get(at, {}))
                for port, made in reader.found.routes:
                    if there := self._meant_table(phrase, made):
                        self._fed_by(there, router, port)
                    else:
                        self.flow.add(finished(made, target), router, port)
                self.references.last = router
                return True
            talk.assumptions, talk.questions = said
        return False

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

    def _without_beside(self, phrase: Phrase) -> Phrase:
        """A phrase without what the new is to be beside: `in addition to the table`."""
        found = phrase.find(r"in addition to|next to|besides?|alongside|as well as|on top of")
        node, end = self.references.named(phrase, found.end) if found else ([], 0)
        if found is None or not node:
            return phrase
        phrase.use(found.start, end)
        return phrase.outside(found.start, end)

    def _condition_of_sink(self, rest: Phrase, at: str) -> bool:
        """`alert Slack when amount > 10`: a filter before the sink that was just added.

        Not for one more pattern, which takes other rows.
        """
        sink = self.references.last
        if sink is None:
            return True
        reader, used = self._reader(at), set(rest.used)
        columns = {c.lower() for c in reader.scene.columns.types}
        reader.read(with_presence(rest, columns, lacks=True))
        if self.flow.category(at) == "pattern" and self._is_pattern(reader.found.steps[:1]):
            return False
        for made in reader.found.steps[:1]:
            self.flow.before(made, sink)
        if not reader.found.steps:
            rest.used.intersection_update(used)
        return True

    def _without_names(self, rest: Phrase, names: set[int]) -> Phrase:
        """A phrase without the node whose rows are meant: `when there is a burst`."""
        other = Phrase([t for t in rest.tokens if t.place not in names], rest.used)
        told = all(t.kind == "punct" or is_talk(t.norm) for t in other.tokens)
        if not names or not told or other.has("not|no|never|without"):
            return rest
        rest.use()
        return other.part(0, 0)

    def _added(self, phrase: Phrase) -> bool:
        """A transform before the pattern, or one more pattern beside it."""
        if phrase.at(_SETS) or phrase.has("rather than|instead of") or self._of_old_sink(phrase):
            return False
        if self._of_old_node(phrase):
            return False
        patterns = self.flow.of("pattern") or self._windows(phrase)
        feeding = (
            self.flow.inputs(patterns[0])[0][0]
            if patterns and self.flow.inputs(patterns[0])
            else None
        )
        tails = self.flow.tails()
        at = feeding or (tails[-1] if tails else None)
        if at is None:
            return False
        reader, others = self._reader(at), phrase.find(WITH_OTHERS)
        phrase.use(others.start if others else 0, others.end if others else 0)
        reader.read(self._without_node_word(phrase.without(others)))
        if any(self._unlikely(phrase, made) for made in reader.found.steps):
            return False
        alerts = phrase.at(DETECTS) is not None
        for made in reader.found.steps:
            if feeding and (alerts or self._is_pattern([made])):
                self._beside(made, feeding, patterns[0], None if others else reader.found.sinks)
            elif feeding:
                self.references.last = self._into(made, feeding, patterns[0])
            else:
                self.references.last = self.flow.after(made, at)
                at = self.references.last
        return bool(reader.found.steps)

    def _unlikely(self, phrase: Phrase, made: Made) -> bool:
        """Whether what was read of a clause says something of a node that is there."""
        if invents(phrase, made.config):
            return True
        if made.type == "filter":
            node = self.references.named(phrase)[0]
            subject = bool(node) and all(self.flow.category(n) == "pattern" for n in node)
            told = str(made.config["condition"])
            reversed_ = phrase.has(_BUT) and not ("NOT" in told or "<>" in told)
            return subject or reversed_ or phrase.has(_TAKEN_FOR)
        if made.type == "sequence" and "within" not in made.config and not phrase.has(_IN_ORDER):
            return True
        again = made.type in self.flow.types.values() and self._is_pattern([made])
        return again and not phrase.has(f"{ALSO}|{_NEW}")
