"""Edits of nodes as wholes: titles, swaps, removals, connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...graph.changes import RemoveNode, RenameNode, SetPipeline
from .edit_values import Values
from .flow import Flow
from .phrase import Phrase
from .reader import Reader
from .references import References
from .scene import Made
from .sinks import finished, take_sink
from .talk import Talk

if TYPE_CHECKING:
    from ..proposal import Request

_REMOVE = (
    r"(?:please |also )*(?:remove|delete|drop|get rid of|take out|throw out|"
    r"take away|no longer use|stop using|(?:we |i |there is )?(?:do not|no longer) (?:need|want)|"
    r"(?:there is |we have |i have |we see )?no (?:more )?(?:need|use) (?:for|of)|cut out|"
    r"kick out|turn off|switch off|disable|"
    r"stop (?:filtering|sending|checking|writing|looking|doing|with)(?: (?:on|for|to|by|out|it))*|"
    r"scrap|eliminate|lose|ditch)"
)
_GONE = (
    r"(?:is|are|was|can|should|must|may|has to|have to|needs to)(?: (?:no longer|not|be|now|any))* "
    r"(?:needed|necessary|required|used|useful|wanted|removed|deleted|go|dropped|obsolete|away|out)"
)
ADDRESSES = ("table", "topic", "topics", "path", "url", "streams", "to", "topic_filters")
_ANYMORE = r"any ?more|any longer|now|please|completely|altogether|again|entirely|for good"


_SWAP = r"(?:please )?(?:swap|replace|change|switch|exchange|substitute)(?: out)?"


class NodeEdits:
    """Reads clauses about nodes that are there."""

    def __init__(self, request: Request, talk: Talk) -> None:
        self.request = request
        self.talk = talk
        self.flow = Flow(request.document, request.catalog)
        self.references = References(self.flow, talk)
        self.values = Values(request, self.flow, self.references, talk)
        self.undo = False

    def _history(self, phrase: Phrase) -> bool:
        if (
            phrase.at(
                r"(?:please )?(?:undo|redo|revert|roll ?back|go back|take (?:that|it) back|restore)"
            )
            is None
        ):
            return False
        self.undo = True
        return True

    def _titled(self, phrase: Phrase) -> bool:
        """`rename the filter to Big orders`, `call the pipeline Fraud`."""
        found = phrase.at(r"(?:please )?(?:rename|call|name|title|retitle)")
        if found is None:
            return False
        whole = phrase.at(r"(?:the |this )?pipeline", found.end)
        node, end = (None, whole.end) if whole else self.references.one(phrase, found.end)
        to = (
            phrase.at(r"(?:to|as|into)?", end)
            if phrase.at(r"(?:to|as|into)", end) is None
            else phrase.at(r"(?:to|as|into)", end)
        )
        start = to.end if to else end
        if (node is None and not whole) or start >= len(phrase):
            return False
        title = " ".join(
            str(t.value) if t.kind == "str" else t.text for t in phrase.tokens[start:]
        )[:120]
        phrase.use()
        if whole:
            self.flow.changes.append(SetPipeline(op="set_pipeline", name=title))
        elif node is not None:
            self.flow.changes.append(RenameNode(op="rename_node", id=node, name=title))
        return True

    def _swapped(self, phrase: Phrase) -> bool:
        """`swap the sink for Kafka topic alerts`: another node in the same place."""
        if self._preferred(phrase):
            return True
        found = phrase.at(_SWAP)
        node, end = self.references.one(phrase, found.end) if found else (None, 0)
        by = phrase.at(r"(?:for|with|by|to|into)(?: (?:an?|the))?", end) if node else None
        if node is None or by is None:
            return False
        new = phrase.part(by.end)
        lead = new.tokens[0]._replace(kind="word", norm="to", text="to") if new else None
        made: Made | None = None
        if self.flow.category(node) == "sink" and lead is not None:
            sink = take_sink(
                self._reader(node).scene, Phrase((lead, *new.tokens), phrase.used), True
            )
            made = sink[0] if sink else None
        elif self.flow.category(node) == "source" and new:
            from .sources import take_source

            source = take_source(self._reader(node).scene, new, False)
            made = self._same_columns(source[0], node) if source else None
        if made is None:
            return False
        phrase.use(0, by.end)
        said = {k: v for k, v in made.config.items() if k in ADDRESSES}
        if made.type == self.flow.types[node] and said:
            return self.values.update(node, said)
        self._replace(node, made)
        return True

    def _preferred(self, phrase: Phrase) -> bool:
        """`send the alerts to PagerDuty instead of the table`."""
        found = phrase.find("instead of|rather than")
        node = self.references.named(phrase, found.end)[0] if found else []
        if found is None or len(node) != 1 or self.flow.category(node[0]) != "sink":
            return False
        sink = take_sink(self._reader(node[0]).scene, phrase.part(0, found.start), True)
        if sink is None:
            return False
        phrase.use()
        self._replace(node[0], sink[0])
        return True

    def _same_columns(self, made: Made, node: str) -> Made:
        """A source in place of another gives the same columns."""
        old = self.request.document.node(node)
        kept = ("columns", "event_time", "watermark_delay")
        config = {k: v for k, v in (old.config if old else {}).items() if k in kept}
        return made._replace(config={**config, **made.config})

    def _replace(self, node: str, made: Made) -> None:
        inputs, outputs = self.flow.inputs(node), self.flow.outputs(node)
        columns = self.request.columns.get(inputs[0][0], {}) if inputs else {}
        if inputs and self.flow.category(node) == "sink":
            made = finished(made, self.flow.target_of(inputs[0][0], columns))
        self._forget(node)
        added = self.flow.add(made)
        for source, _, port, _ in inputs:
            self.flow.connect(source, added, None if port == "out" else port)
        for _, target, _, port in outputs:
            self.flow.connect(added, target, None, None if port == "in" else port)
        self.references.last = added

    def _forget(self, node: str) -> None:
        self.flow.changes.append(RemoveNode(op="remove_node", id=node))
        self.flow.types.pop(node, None)
        self.flow.edges = [e for e in self.flow.edges if node not in e[:2]]

    def _removed(self, phrase: Phrase) -> bool:
        """`remove the filter`: what fed it feeds what it fed."""
        if self.values.step_removed(phrase):
            return True
        found = phrase.at(_REMOVE)
        gone, end = self.references.named(phrase) if found is None else ([], 0)
        if found is None and (len(gone) != 1 or not (found := phrase.at(_GONE, end))):
            return False
        node, end = (gone[0], found.end) if gone else self.references.one(phrase, found.end)
        if phrase.at(r"everything|all|it all|the (?:whole )?pipeline", found.end):
            self.talk.ask(
                "Which nodes are to go? A whole pipeline is deleted by `delete_pipeline`.",
                list(self.flow.types),
            )
            return False
        more = phrase.part(end).without(phrase.part(end).find(_ANYMORE))
        if node is None or more.content() or phrase.at("it|them", found.end):
            return False
        phrase.use()
        inputs, outputs = self.flow.inputs(node), self.flow.outputs(node)
        self._forget(node)
        for source, _, port, _ in inputs[:1]:
            for _, target, _, target_port in outputs:
                self.flow.connect(
                    source,
                    target,
                    None if port == "out" else port,
                    None if target_port == "in" else target_port,
                )
        return True

    def _connected(self, phrase: Phrase) -> bool:
        """`connect a to b`, `disconnect a from b`."""
        found = phrase.at(r"(?:please )?(?P<do>connect|link|wire|disconnect|unlink|detach)")
        if found is None:
            return False
        first, end = self.references.one(phrase, found.end)
        to = phrase.at(r"(?:to|from|with|and|into)", end)
        second, _ = self.references.one(phrase, to.end) if to else (None, 0)
        if first is None or second is None:
            return False
        phrase.use()
        if found.groups["do"][0].norm in ("connect", "link", "wire"):
            self.flow.connect(first, second)
        else:
            linked = any(e[:2] == (first, second) for e in self.flow.edges)
            self.flow.disconnect(*((first, second) if linked else (second, first)))
        return True

    def _reader(self, node: str) -> Reader:
        """A reader of clauses about the rows of a node."""
        return Reader(self.request, self.values.columns_of(node), self.talk, True)
