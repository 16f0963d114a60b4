"""Edits of order: nodes that go elsewhere, and nodes put between two others."""

from __future__ import annotations

from .edit_nodes import NodeEdits
from .phrase import Phrase

_MOVE = (
    r"(?:(?:please|also|and|then|can you|could you|we should|i want to|let us) )*"
    r"(?:put|move|place|shift|bring|run|do|have|apply|reorder|get)"
)
_WHERE = (
    r"(?:(?:to|come|comes|right|directly|run|up|back|down|so it is|it) )*"
    r"(?P<way>before|in front of|ahead of|upstream of|after|behind|downstream of|following)"
)
_SWITCH = (
    r"(?:please )?(?:swap|switch|exchange|reverse)(?: the)?(?: (?:order|places|positions) of)?"
)
_FIRST = r"(?:(?:should|must|has to|needs to|is to) )*(?:come|comes|run|runs|go|goes|be|is)"
_BEFORE = ("before", "in", "ahead", "upstream")


class Moves(NodeEdits):
    """Reads clauses that say which node comes before which."""

    def _moved(self, phrase: Phrase) -> bool:
        """`put the Humid filter in front of Warm`; `swap the filter and the dedup`."""
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
        where = phrase.at(_WHERE, end) if verb else None
        others, stop = self.references.named(phrase, where.end) if where else ([], 0)
        if where is None or len(others) != 1 or others == node or phrase.part(stop).content():
            return False
        phrase.use()
        return self._put(node[0], others[0], where.groups["way"][0].norm in _BEFORE)

    def _switched(self, phrase: Phrase, first: str, second: str) -> bool:
        """Two transforms that follow one another, the other way round."""
        if {self.flow.category(first), self.flow.category(second)} & {"source", "sink"}:
            return False
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
        inputs, outputs = self.flow.inputs(node), self.flow.outputs(node)
        for source, target, *_ in (*inputs, *outputs):
            self.flow.disconnect(source, target)
        for source, _, port, _ in inputs[:1]:
            for _, target, _, target_port in outputs:
                self.flow.connect(source, target, _port(port), _port(target_port))
        around = self.flow.inputs(other) if before else self.flow.outputs(other)
        for source, target, port, target_port in around:
            self.flow.disconnect(source, target)
            if before:
                self.flow.connect(source, node, _port(port))
            else:
                self.flow.connect(node, target, None, _port(target_port))
        self.flow.connect(*((node, other) if before else (other, node)))
        self.references.last = node
        return True

    def _between(self, phrase: Phrase) -> bool:
        """`add a filter country = 'DE' between Payments and Large payments`."""
        found = phrase.find("(?:in )?between")
        first, end = self.references.named(phrase, found.end) if found else ([], 0)
        joined = phrase.at("and", end) if first else None
        second, stop = self.references.named(phrase, joined.end) if joined else ([], 0)
        if found is None or len(first) != 1 or len(second) != 1 or phrase.part(stop).content():
            return False
        pair = [e[:2] for e in self.flow.edges]
        if (second[0], first[0]) in pair:
            first, second = second, first
        if (first[0], second[0]) not in pair:
            self.talk.ask(f"`{first[0]}` does not feed `{second[0]}`. Between which is it to go?")
            return False
        reader = self._reader(first[0])
        reader.read(self._without_node_word(phrase.part(0, found.start)))
        if not reader.found.steps:
            return False
        phrase.use(found.start, stop)
        for made in reader.found.steps:
            self.references.last = self.flow.between(made, first[0], second[0])
        return True

    def _without_node_word(self, phrase: Phrase) -> Phrase:
        """`add a filter for …` as `filter for …`."""
        lead = phrase.at(
            r"(?:(?:please|also|and|then|put|add|insert|place|a|an|another|"
            r"new|we|need|node|in) )*(?:add|insert|put|place|need|another|"
            r"new)(?: (?:an?|another|new|the|node|in))*"
        )
        if lead is None or phrase.at(r"columns?|field", lead.end):
            return phrase
        phrase.use(0, lead.end)
        return phrase.part(lead.end) if phrase.part(lead.end).content() else phrase


def _port(name: str) -> str | None:
    return None if name in ("in", "out") else name
