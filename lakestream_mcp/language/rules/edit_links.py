"""Edits of connections: which node's rows another takes."""

from __future__ import annotations

from .edit_titles import Titles
from .phrase import Found, Phrase
from .reader import Reader
from .sinks import finished, take_sink

_LINK = r"connect|feed|link|wire|hook(?: up)?|attach|plug"
_UNLINK = r"disconnect|unlink|detach|unhook|unplug|cut off"
_MODAL = r"(?:(?:should|shall|must|may|can|has to|needs to|is to|now|rather|to|directly|then) )*"
_TAKES = (
    rf"{_MODAL}"
    r"(?:be fed|take|takes|get|gets|receive|receives|read|reads|have|be connected|come|use|uses|"
    r"store|stores)"
    r"(?: (?:its|the|their|all|only|now))*(?: (?:rows?|inputs?|events?|data|matches|records))?"
    r"(?: (?:directly|straight|right|now|only))* (?:from|by|off|to)"
)
_READS = rf"{_MODAL}(?:read|reads|takes?|uses?|gets?|consumes?|stores?|receives?)(?: what)?"
_GIVES = r"(?:send|give|feed|hand|pass|route|let have)"
_ROWS_OF = (
    r"(?:(?:the|all|only|just|directly|straight|now|its|their) )*(?:rows?|outputs?|results?|"
    r"events?|data|everything|what)(?: (?:of|from|out of|that comes from|that leaves))?|"
    r"(?:directly |straight )?from"
)
_TO = r"(?:(?:up|directly|straight|right|back) )*(?:to|from|with|and|into)"
_A_NEW = r"an?|another|(?:a |one )?new"
_STRAIGHT = r"straight|directly|direct|bypass\w*|instead|only"
_NO_LONGER = r"(?:(?:,|and) )*(?:instead of|rather than|not|no longer)(?: from)?"
_TAIL = (
    r"(?:(?:now|then|instead|directly|straight|please|gives?|outputs?|has|lets through|any ?more)"
    r" ?)+$"
)


class Links(Titles):
    """Reads clauses about who feeds whom."""

    def _connected(self, phrase: Phrase) -> bool:
        """`connect a to b`, `disconnect a from b`."""
        found = phrase.at(rf"(?P<do>{_LINK}|{_UNLINK})")
        if found is None:
            return self._fed(phrase) or self._given(phrase)
        first, end = self.references.one(phrase, found.end)
        links = phrase.part(0, found.end).has(_LINK)
        if first is not None and not links and end == len(phrase):
            return self._cut_off(phrase, first)
        to = phrase.at(_TO, end)
        second, stop = self.references.one(phrase, to.end) if to else (None, 0)
        there = second is not None and not (to and phrase.at(_A_NEW, to.end))
        new = first is not None and to is not None and links and not there
        if new and first and to and self._to_new(phrase, first, to):
            return True
        if first is None or second is None or phrase.at(r"(?:,|and|but) \w+", stop):
            return False
        phrase.use()
        self.references.last = first
        if links:
            turned = self.flow.category(first) == "sink" or (to and to.start and _from(phrase, to))
            self._link(phrase, *((second, first) if turned else (first, second)))
        else:
            linked = any(e[:2] == (first, second) for e in self.flow.edges)
            self.flow.disconnect(*((first, second) if linked else (second, first)))
        return True

    def _link(self, phrase: Phrase, source: str, target: str) -> None:
        """One more edge; in the place of those that are told, or that a way round leaves out."""
        over = phrase.find("instead of|rather than|not")
        old = self.references.named(phrase, over.end)[0] if over else []
        inputs = [e[0] for e in self.flow.inputs(target)]
        if not old and (phrase.has(_STRAIGHT) or phrase.at("feed .* from")):
            old = inputs if len(inputs) == 1 else []
        for other in old:
            if other in inputs:
                self.flow.disconnect(other, target)
        self.flow.connect(source, target)

    def _cut_off(self, phrase: Phrase, node: str) -> bool:
        """`disconnect Ops`: from the one node that feeds it."""
        inputs, outputs = self.flow.inputs(node), self.flow.outputs(node)
        if len(inputs) != 1 or outputs:
            return False
        phrase.use()
        self.talk.ask(
            f"`{node}` takes rows of `{inputs[0][0]}` alone. Is it to go, or to take other rows?",
            [f"remove {node}", *(f"{node} takes rows from {n}" for n in self._others(node))],
        )
        return False

    def _others(self, node: str) -> list[str]:
        """The nodes that could feed one."""
        fed = {e[0] for e in self.flow.inputs(node)}
        return [n for n in self.flow.types if self.flow.category(n) != "sink" and n not in fed]

    def _to_new(self, phrase: Phrase, node: str, to: Found) -> bool:
        """`connect Humid to a new table main.x.y`."""
        if self.flow.category(node) == "sink" or not phrase.part(to.end).has(r"#\w+|slack|teams"):
            return False
        lead = phrase.tokens[to.start]._replace(kind="word", norm="to", text="to")
        said = Phrase((lead, *phrase.tokens[to.end :]), phrase.used)
        sink = take_sink(self._reader(node).scene, said, True)
        if sink is None or sink[1].content():
            return False
        phrase.use()
        target = self.flow.target_of(node, self.request.columns.get(node, {}))
        self.references.last = self.flow.add(finished(sink[0], target), node)
        return True

    def _fed(self, phrase: Phrase) -> bool:
        """`let Kept take its rows from Humid instead of Rising`: other rows for a node."""
        lead = phrase.at("let|make|have")
        fed, end = self.references.named(phrase, lead.end if lead else 0)
        takes = phrase.at(_TAKES, end) or phrase.at(_READS, end) if len(fed) == 1 else None
        feeding, stop = self.references.named(phrase, takes.end) if takes else ([], 0)
        return self._refed(phrase, fed, feeding, stop)

    def _given(self, phrase: Phrase) -> bool:
        """`send Kept the rows of Humid`, `read Burst from Payments`."""
        lead = phrase.at(rf"(?:{_GIVES}|read|take)")
        fed, end = self.references.named(phrase, lead.end) if lead else ([], 0)
        rows = phrase.at(_ROWS_OF, end) if len(fed) == 1 else None
        feeding, stop = self.references.named(phrase, rows.end) if rows else ([], 0)
        return self._refed(phrase, fed, feeding, stop)

    def _refed(self, phrase: Phrase, fed: list[str], feeding: list[str], stop: int) -> bool:
        """Other rows for a node, in the place of those that it takes now."""
        if len(fed) != 1 or len(feeding) != 1 or feeding == fed:
            return False
        if self.flow.category(feeding[0]) == "sink" or self.flow.category(fed[0]) == "source":
            return False
        over = phrase.at(_NO_LONGER, stop)
        old, stop = self.references.named(phrase, over.end) if over else ([], stop)
        tail = phrase.at(_TAIL, stop)
        inputs = [e[0] for e in self.flow.inputs(fed[0])]
        gone = [n for n in inputs if n in old or (not old and len(inputs) == 1)]
        if not gone or phrase.part(tail.end if tail else stop).content():
            return False
        phrase.use()
        self.references.last = fed[0]
        if gone == feeding:
            return True
        for node in gone:
            self.flow.disconnect(node, fed[0])
        self.flow.connect(feeding[0], fed[0])
        return True

    def _reader(self, node: str) -> Reader:
        """A reader of clauses about the rows of a node."""
        return Reader(self.request, self.values.columns_of(node), self.talk, True)


def _from(phrase: Phrase, joined: Found) -> bool:
    """Whether the second node that is named is the one that rows come from."""
    return phrase.part(joined.start, joined.end).has("from")
