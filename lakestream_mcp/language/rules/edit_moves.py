"""Edits of order: nodes that go elsewhere, and nodes put between two others."""

from __future__ import annotations

from .edit_replaced import Replacements
from .edit_wording import as_command, with_presence
from .phrase import Phrase

_MOVE = (
    r"(?:(?:please|also|and|then|can you|could you|we should|i want to|let us) )*"
    r"(?:put|move|place|shift|bring|run|do|have|apply|reorder|get)"
)
_PUT = r"(?:(?:also|and|then) )*(?:put|place|add|insert|create|have|we need)"
_WHERE = (
    r"(?:(?:to|come|comes|right|directly|run|up|back|down|so it is|it) )*"
    r"(?P<way>before|in front of|ahead of|upstream of|after|behind|downstream of|following)"
)
_SWITCH = (
    r"(?:please )?(?:swap|switch|exchange|reverse)(?: the)?(?: (?:order|places|positions) of)?"
)
_AROUND = r"around|round|over|about"
_THEN = r"(?:(?:should|must|has to) )?(?:come |comes |be )?first(?: ,| and)* (?:then|and)"
_LISTED = (
    r"(?:the |an? )?order .*?(?:is|be|:|to|as)(?: (?:then|now|be|first|as follows|:))*|"
    r"first(?: the)?"
)
_EDGE = (
    r"(?:(?:to|at|be|come|as|go)(?: (?:the|very))*(?: (?:very|right))? )?"
    r"(?P<edge>front|start|beginning|end|first|last|top)"
)
_PLACE = (
    r"(?:(?:,|placed|checked|applied|done|evaluated|and|put|it|that|right|directly|just|immediately|"
    r"somewhere) )*"
    r"(?P<way>before|after|in front of|behind|ahead of|upstream of|downstream of|following)"
    r"(?: (?:(?:filter|check|dedup|dedupl?icat|count|summ?|aggregat|group|alert)ing|"
    r"(?:we|it) [a-z]+)(?: (?:on|for|by|out))?(?= \w))?"
)
_INTO = (
    r"(?:(?:should|shall|must|may|can|are to|is to|to|get|go|come|be) )*"
    r"(?:written |sent |stored |put |land |mailed )?(?:into|to|in|reach|go to)"
)
_ONLY_GETS = (
    r"(?:(?:should|must|shall|may|is to|to|only) )*"
    r"(?:hear|gets?|receives?|be told|takes?|stores?)(?: (?:about|of|only))* only|"
    r"(?:should|must|shall|may) only (?:hear|get|receive|be told|take|store)(?: (?:about|of))*"
)
_THAT = r"(?:that|which|to) (?:only )?(?:drops?|keeps?|filters?|removes?|lets?|ignores?|passes)"
_TIMED = r"(?:, )?(?:(?:for|within|over|in) )?#dur$"
_START = (
    r"(?:as|at|in|for)(?: (?:the|very|right))* (?:first (?:step|thing|node)|beginning|start|outset|"
    r"front(?! of))|first of all|up ?front|(?:right )?at the source|"
    r"(?:right|directly|straight) away|"
    r"before (?:everything|anything)(?: else)?"
)
_END = (
    r"(?:as|at|in|for)(?: (?:the|very|right))* (?:last (?:step|thing|node)|end)|"
    r"before (?:(?:it is|they are|anything is|rows are|results are|the results are) )?"
    r"(?:written|stored|sent|writing|storing|saved|saving)|"
    r"(?:right )?before (?:the )?(?:sinks?|outputs?)"
)
_LABEL = r"(?:[a-z]+ ){0,4}(?:check|rule|alert|alarm|pattern|detection|detector|watchdog|filter) :"
_FIRST = r"(?:(?:should|must|has to|needs to|is to) )*(?:come|comes|run|runs|go|goes|be|is)"
_READS = ("filter", "window-aggregate", "deduplicate", "lookup-enrichment", "rename-cast")
_BEFORE = ("before", "in", "ahead", "upstream")


class Moves(Replacements):
    """Reads clauses that say which node comes before which."""

    def _moved(self, phrase: Phrase) -> bool:
        """`put the Humid filter in front of Warm`; `swap the filter and the dedup`."""
        if self._ordered(phrase) or self._turned(phrase):
            return True
        switch = phrase.at(_SWITCH)
        verb = phrase.at(_MOVE)
        node, end = self.references.named(phrase, (verb or switch).end if verb or switch else 0)  # type: ignore[union-attr]
        if len(node) != 1:
            return False
        if switch is not None:
            joined = phrase.at("and|with", end)
            other = self.references.named(phrase, joined.end)[0] if joined else []
            return len(other) == 1 and self._switched(phrase, node[0], other[0])
        if verb is None:
            verb = phrase.at(_FIRST, end)
            end = verb.end if verb else end
        edge = phrase.at(_EDGE, end) if verb else None
        if edge is not None and not phrase.part(edge.end).content():
            return self._to_edge(phrase, node[0], edge.groups["edge"][0].norm)
        where = phrase.at(_WHERE, end)
        others, stop = self.references.named(phrase, where.end) if where else ([], 0)
        tail = phrase.part(stop)
        tail = tail.without(
            tail.at(r"(?:, )?(?:and )?(?:not|instead of|rather than) (?:before|after)")
        )
        if where is None or len(others) != 1 or others == node or tail.content():
            return False
        phrase.use()
        return self._put(node[0], others[0], where.groups["way"][0].norm in _BEFORE)

    def _turned(self, phrase: Phrase) -> bool:
        """`swap the two filters around`."""
        switch = phrase.at(rf"{_SWITCH}(?: (?:both|the|two|#num))*")
        pair, end = self.references.named(phrase, switch.end) if switch else ([], 0)
        around = phrase.at(_AROUND, end)
        if len(pair) != 2 or (around.end if around else end) != len(phrase):
            return False
        return self._switched(phrase, pair[0], pair[1])

    def _ordered(self, phrase: Phrase) -> bool:
        """`Humid first, then Warm`; `the order should be Humid, Warm`."""
        listed = phrase.at(_LISTED)
        first, end = self.references.named(phrase, listed.end if listed else 0)
        cue = r"(?:,|and|then|before|and then|, then|->)(?: (?:then|the))*" if listed else _THEN
        then = phrase.at(cue, end) if first else None
        second, stop = self.references.named(phrase, then.end) if then else ([], 0)
        if len(first) != 1 or len(second) != 1 or stop != len(phrase):
            return False
        phrase.use()
        return self._put(first[0], second[0], True)

    def _to_edge(self, phrase: Phrase, node: str, edge: str) -> bool:
        """`move Paid to the front`: right after the source, or last before the sinks."""
        sources = self.flow.of("source")
        ends = [n for n in self.flow.tails() if n != node]
        first = edge in ("front", "start", "beginning", "top", "first")
        others = [t for _, t, *_ in self.flow.outputs(sources[0])] if first and sources else ends
        others = [n for n in others if n != node]
        if len(others) != 1:
            return False
        phrase.use()
        return self._put(node, others[0], first)

    def _switched(self, phrase: Phrase, first: str, second: str) -> bool:
        """Two transforms that follow one another, the other way round."""
        if {self.flow.category(first), self.flow.category(second)} & {"source", "sink"}:
            return False
        if self.flow.joins_anew(first, second):
            phrase.use()
            return True
        pair = [e[:2] for e in self.flow.edges]
        if (second, first) in pair:
            first, second = second, first
        elif (first, second) not in pair:
            return False
        phrase.use()
        return self._put(second, first, True)

    def _put(self, node: str, other: str, before: bool) -> bool:
        """Take a node out of the flow, and put it in again before or after another."""
        if {self.flow.category(node)} & {"source", "sink"}:
            return False
        if self._loses_rows(*((node, other) if before else (other, node))):
            return False
        inputs, outputs = self.flow.inputs(node), self.flow.outputs(node)
        for source, target, *_ in (*inputs, *outputs):
            self.flow.disconnect(source, target)
        self.flow.bridge(inputs, outputs)
        around = self.flow.inputs(other) if before else self.flow.outputs(other)
        for source, target, port, target_port in around:
            self.flow.disconnect(source, target)
            if before:
                self.flow.connect(source, node, port)
            else:
                self.flow.connect(node, target, target_port=target_port)
        self.flow.connect(*((node, other) if before else (other, node)))
        self.references.last = node
        return True

    def _loses_rows(self, first: str, second: str) -> bool:
        """Ask, where the second of two nodes would get matches and not the rows that it reads."""
        node_type = self.flow.catalog.get(self.flow.types[first])
        gives = node_type.category == "pattern" and not node_type.passes_through
        if not gives or self.flow.types[second] not in _READS:
            return False
        self.talk.ask(
            f"`{first}` gives matches, not the rows that `{second}` reads. What is `{second}` to "
            "look at after it?"
        )
        return True

    def _placed(self, phrase: Phrase) -> bool:
        """`put a filter for amount > 10 before the pattern`; `after Paid, drop the column x`."""
        for cue in (_START, _END):
            found = phrase.find(cue)
            if found is not None and self._at_edge(phrase, found.start, found.end, cue == _START):
                return True
        for found in list(phrase.all(_PLACE)):
            way = found.groups["way"][0].norm
            node, end = self.references.one(phrase, found.end)
            if node is None:
                continue
            before = way in _BEFORE
            leads = not phrase.part(0, found.start).content()
            rest = phrase.at(rf"{_TIMED}|{_THAT}", end)
            if leads or rest or not phrase.part(end).content():
                return self._read_beside(phrase, found.start, end, node, before)
        return False

    def _at_edge(self, phrase: Phrase, start: int, end: int, first: bool) -> bool:
        """A new node right after the source, or before the sinks."""
        nodes = self.flow.of("source") if first else self.flow.tails()
        return len(nodes) == 1 and self._read_beside(phrase, start, end, nodes[0], False)

    def _read_beside(self, phrase: Phrase, start: int, end: int, node: str, before: bool) -> bool:
        """What a phrase says outside of a place, as new nodes before or after a node."""
        rest = phrase.outside(start, end)
        if rest.tokens and rest.tokens[0].norm in (",", ":", "-"):
            rest = rest.part(1)
        inputs = self.flow.inputs(node)
        reader = self._reader(inputs[0][0] if before and inputs else node)
        reader.read(self._without_node_word(as_command(rest)))
        if not reader.found.steps or reader.found.sources or reader.found.sinks:
            return False
        phrase.use(start, end)
        for made in reader.found.steps:
            new = self.flow.before(made, node) if before else self.flow.after(made, node)
            node = node if before else new
            self.references.last = new
        return True

    def _between(self, phrase: Phrase) -> bool:
        """`add a filter country = 'DE' between Payments and Large payments`."""
        found = phrase.find("(?:in |right )*between")
        first, end = self.references.named(phrase, found.end) if found else ([], 0)
        joined = phrase.at("and", end) if first else None
        second, stop = self.references.named(phrase, joined.end) if joined else ([], 0)
        if found is None or len(first) != 1 or len(second) != 1:
            return False
        put = phrase.at(_PUT)
        leads = found.start == (put.end if put else 0) or not phrase.part(0, found.start).content()
        if phrase.part(stop).content() and not leads:
            return False
        pair = [e[:2] for e in self.flow.edges]
        if (second[0], first[0]) in pair:
            first, second = second, first
        if (first[0], second[0]) not in pair:
            self.talk.ask(f"`{first[0]}` does not feed `{second[0]}`. Between which is it to go?")
            return False
        reader = self._reader(first[0])
        rest = phrase.part(stop) if leads else phrase.part(0, found.start)
        rest = rest.part(1) if rest and rest.tokens[0].norm == "," else rest
        phrase.use(0, found.start if leads else 0)
        reader.read(self._without_node_word(as_command(rest)))
        if not reader.found.steps:
            return False
        phrase.use(found.start, stop)
        for made in reader.found.steps:
            self.references.last = self.flow.between(made, first[0], second[0])
        return True

    def _only_into(self, phrase: Phrase) -> bool:
        """`only sums above 1000 into the table`: a filter before a sink that is there."""
        lead, way = phrase.at(r"only|just|nothing but|no"), phrase.find(_INTO)
        sink, end = self.references.named(phrase, way.end) if lead and way else ([], 0)
        if way is None or len(sink) != 1 or end != len(phrase):
            return self._only_gets(phrase)
        said = phrase.part(0, way.start)
        no = said.tokens[0]
        drop = no._replace(text="drop", norm="drop") if no.norm == "no" else no
        if not self._filtered(Phrase((drop, *said.tokens[1:]), phrase.used), sink[0]):
            return False
        phrase.use(way.start, end)
        return True

    def _only_gets(self, phrase: Phrase) -> bool:
        """`Ops should only hear about temperatures above 40`."""
        sink, end = self.references.named(phrase)
        gets = phrase.at(_ONLY_GETS, end) if len(sink) == 1 else None
        if gets is None or not self._filtered(phrase.part(gets.end - 1), sink[0]):
            return False
        phrase.use(0, gets.end)
        return True

    def _filtered(self, said: Phrase, sink: str) -> bool:
        """A filter for what is said before a sink that is there."""
        feeding = self.flow.inputs(sink)
        if self.flow.category(sink) != "sink" or len(feeding) != 1:
            return False
        reader = self._reader(feeding[0][0])
        reader.read(said)
        if len(reader.found.steps) != 1 or reader.found.sinks:
            return False
        self.references.last = self.flow.between(reader.found.steps[0], feeding[0][0], sink)
        return True

    def _without_node_word(self, phrase: Phrase) -> Phrase:
        """`add a filter for …` as `filter for …`."""
        columns = self.request.columns.values()
        phrase = with_presence(phrase, {name.lower() for names in columns for name in names})
        lead = phrase.at(
            r"(?:(?:please|also|and|then|put|add|insert|place|a|an|another|"
            r"new|we|need|node|in) )*(?:add|insert|put|place|need|another|"
            r"new)(?: (?:an?|another|new|the|node|in))*"
        )
        if lead is None or phrase.at(r"columns?|field|[a-z]\w* = [a-z]\w* [*/+-]", lead.end):
            return phrase
        label = phrase.at(_LABEL, lead.end)
        start = label.end if label else lead.end
        phrase.use(0, start)
        return phrase.part(start) if phrase.part(start).content() else phrase
