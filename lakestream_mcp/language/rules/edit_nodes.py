"""Edits of nodes as wholes: titles, swaps, removals, connections."""

from __future__ import annotations

from fractions import Fraction

from .edit_links import Links
from .edit_said import mentions
from .known_values import numbers_of
from .names import singular
from .phrase import Phrase
from .scene import Made
from .sinks import finished, take_sink

_REMOVE = (
    r"(?:please |also )*(?:remove|delete|drop|get rid of|take out|throw out|"
    r"take away|kill|forget(?: about)?|no longer use|stop using|"
    r"(?:we |i |there is )?(?:do not|no longer) (?:need|want)|"
    r"we (?:no longer|do not|stop)|"
    r"(?:there is |we have |i have |we see )?no (?:more )?(?:need|use) (?:for|of)|cut out|"
    r"(?:do not|never|no longer) (?:write|send|post|mail|store|alert)(?: (?:to|it|by|in|into))*|"
    r"kick out|turn off|switch off|disable|"
    r"stop (?:filtering|sending|checking|writing|looking|doing|with)(?: (?:on|for|to|by|out|it))*|"
    r"scrap|eliminate|lose|ditch|throw away|bin|do away with|do without|axe|strip out|purge|"
    r"undo|revert|"
    r"we can (?:do|live) without|skip|omit|leave out|bypass|no more|no)"
    r"(?: to)?(?: filter(?:ing)?(?: for| on| by)?)?"
)
_LABEL = (
    r"(?:an? )?(?:[a-z]+ ){1,3}(?:check|rule|alert|alarm|pattern|detection|detector|test)(?: :|"
    r" (?:for|of|on|that finds|that looks for|when|if))"
)
_GONE = (
    r"(?:is|are|was|can|should|must|may|has to|have to|needs to)"
    r"(?: (?:no longer|not|be|now|any|to))* "
    r"(?:needed|necessary|required|used|useful|wanted|removed|deleted|go|dropped|obsolete|away|out|"
    r"superfluous|redundant|unnecessary|unneeded|disappear|leave|be gone|gone|out)|goes|go"
)
SERVERS = ("bootstrap_servers", "broker_url")
ADDRESSES = ("table", "topic", "topics", "path", "url", "streams", "to", "topic_filters")
_POLITE = r"(?:(?:please|also|and|can you|we should|i want to) )*"
_ANYMORE = (
    r"any ?more|any longer|now|please|completely|altogether|again|entirely|for good|"
    r"(?:out of|from) (?:the|this|our) (?:whole )?pipeline"
)
_SO_GO = r"(?:(?:,|so|and|please) )+(?:remove|delete|drop|take out) (?:it|them)$"


_SWAP = r"(?:please )?(?:swap|replace|change|switch|exchange|substitute|turn|convert)(?: out)?"
_BACK = (
    r"(?:(?:please|set|put|bring|change|turn|get|switch|go|make|restore|it|that|this|everything|"
    r"all|things|the|pipeline|back) )*(?:back )?(?:to )?(?:how|what|the way|as) (?:it|that|things|"
    r"everything) (?:was|were)(?: (?:before|again|originally|first|at|the|beginning))*$|"
    r"(?:(?:please|go|back|return|switch|change|it|set) )*to the (?:previous|last|old|earlier|"
    r"original) (?:version|revision|state)"
)
_NOT_TO = r"instead of|rather than|(?:(?:,|and|but) )*(?:not|no longer) (?:to|into|in|by|on)"
_ALL_COUNT = (
    r"(?:(?:so|because|since|now|from now on) )*(?:every|all|any)(?: \w+){0,2}? "
    r"(?:(?:should|must|shall|can|may|will|is to|are to|be) )*"
    r"(?:counts?|counted|matters?|pass|passes|considered|go through|included)(?: (?:now|again))*"
    r"(?: (?:,|and|not|just|only|those|the|ones))*(?P<kept>(?: \S+){0,6})"
)
"""Whatever there is counts: no filter keeps some of it."""


class NodeEdits(Links):
    """Reads clauses about nodes that are there."""

    def _history(self, phrase: Phrase) -> bool:
        undo = r"(?:please )?(?:undo|redo|revert|roll ?back|go back|take (?:that|it) back|restore)"
        undone = phrase.at(undo) and not mentions(phrase, self.references)
        if not (undone or phrase.at(_BACK)):
            return False
        self.undo = True
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

            lead = new.tokens[0]._replace(kind="word", norm="from", text="from")
            said = Phrase((lead, *new.tokens), phrase.used)
            source = take_source(self._reader(node).scene, said, False)
            made = self._same_columns(source[0], node) if source else None
        elif new:
            made = self._described(node, new)
            if made and made.type == self.flow.types[node]:
                phrase.use(0, by.end)
                return self.values.update(node, made.config)
        if made is None:
            return False
        phrase.use(0, by.end)
        fields = (*ADDRESSES, *(SERVERS if new.has("#host|#url") else ()))
        addresses = {k: v for k, v in made.config.items() if k in fields}
        if made.type == self.flow.types[node] and addresses:
            return self.values.update(node, addresses)
        self._replace(node, made)
        return True

    def _described(self, node: str, said: Phrase) -> Made | None:
        """The one node that a phrase describes, over the rows that another one reads."""
        inputs, talk = self.flow.inputs(node), self.talk
        reader = self._reader(inputs[0][0] if inputs else node)
        columns = reader.scene.columns
        columns.keyed = tuple(k for k in self._key(node) if k in columns.types)
        before = dict(talk.assumptions), dict(talk.questions)
        label = said.at(_LABEL)
        said.use(0, label.end if label else 0)
        reader.read(said.part(label.end) if label else said)
        found = reader.found
        if len(found.steps) == 1 and not found.sinks:
            return found.steps[0]
        talk.assumptions, talk.questions = before
        return None

    def _key(self, node: str) -> list[str]:
        config = self.values.config(node)
        return list(config.get("key") or config.get("group_by") or ())

    def _preferred(self, phrase: Phrase) -> bool:
        """`send the alerts to PagerDuty instead of the table`."""
        found = phrase.find(_NOT_TO)
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
        self.flow.forget(node)
        added = self.flow.add(made)
        for source, _, port, _ in inputs:
            self.flow.connect(source, added, port)
        for _, target, _, port in outputs:
            self.flow.connect(added, target, target_port=port)
        self.references.last = added

    def _removed(self, phrase: Phrase) -> bool:
        """`remove the filter`: what fed it feeds what it fed."""
        if self.values.step_removed(phrase):
            return True
        taken = self._taken_out(phrase)
        if taken is not None:
            phrase = taken
        found = phrase.at(_REMOVE)
        if found is None and not phrase.has(_GONE):
            return False
        gone, end = self._several(phrase, 0) if found is None else ([], 0)
        if found is None and (not gone or not (found := phrase.at(_GONE, end))):
            return False
        nodes, end = (gone, found.end) if gone else self._several(phrase, found.end)
        if not nodes and phrase.part(found.start, found.end).has(r"filter\w*"):
            nodes, end = self._filters(phrase.part(found.end)), len(phrase)
        if self._unclear(phrase.part(found.end), nodes):
            return False
        vague = phrase.at("it|them", found.end) and self.references.last not in self.flow.types
        more = phrase.part(end).without(phrase.part(end).find(_ANYMORE))
        more = more.without(more.find(_SO_GO))
        about = {w for n in self.flow.types for w in self.values.columns_into(n).about}
        more = Phrase([t for t in more.tokens if singular(t.norm) not in about], phrase.used)
        if not nodes or more.content() or vague:
            return False
        phrase.use()
        for node in nodes:
            self._take_out(node)
        return True

    def _all_counted(self, phrase: Phrase) -> bool:
        """`every payment should count, not just those over 100`: without the filter that keeps
        those."""
        found = phrase.at(_ALL_COUNT)
        if found is None or found.end != len(phrase):
            return False
        said = [Fraction(t.value) for t in found.groups.get("kept", ()) if t.norm == "#num"]
        filters = [n for n in self.flow.types if "condition" in self.flow.config(n)]
        if said:
            filters = [n for n in filters if {*said} <= numbers_of(self.flow.config(n))]
        removed = any(c.op == "remove_node" for c in self.flow.changes)
        if len(filters) != 1 and not (removed and not filters):
            return False
        phrase.use()
        for node in filters:
            self._take_out(node)
        return True

    def _take_out(self, node: str) -> None:
        """A node, and what would read its matches on the way to where other rows come in."""
        inputs, outputs = self.flow.inputs(node), self.flow.outputs(node)
        behind, joined = self._only_its_own(node)
        for gone in (node, *behind) if joined else (node,):
            self.flow.forget(gone)
        if not joined:
            self.flow.bridge(inputs, outputs)

    def _only_its_own(self, node: str) -> tuple[list[str], bool]:
        """The transforms that read a pattern's matches alone, and whether others join them."""
        node_type = self.flow.catalog.get(self.flow.types[node])
        behind: list[str] = []
        if node_type.category != "pattern" or node_type.passes_through:
            return behind, False
        while len(outputs := self.flow.outputs(behind[-1] if behind else node)) == 1:
            target = outputs[0][1]
            if len(self.flow.inputs(target)) > 1:
                return behind, True
            behind.append(target)
        return behind, False

    def _unclear(self, phrase: Phrase, nodes: list[str]) -> bool:
        """Ask, where everything is to go, or a node that is not there."""
        known = list(self.flow.types)
        if phrase.at(r"everything|all|it all|the (?:whole )?pipeline"):
            whole = "A whole pipeline is deleted by `delete_pipeline`."
            self.talk.ask(f"Which nodes are to go? {whole}", known)
            return True
        if nodes or not phrase.has(r"(?:filter|node|sink|pattern|window)s?$"):
            return False
        self.talk.ask("Which node is to go?", known)
        return True

    def _taken_out(self, phrase: Phrase) -> Phrase | None:
        """`take Warm out` as `remove Warm`."""
        verb = phrase.at(rf"{_POLITE}(?:take|throw|leave|kick|cut|switch|turn)")
        node, end = self.references.named(phrase, verb.end) if verb else ([], 0)
        out = phrase.at("out|away|off", end) if node else None
        if verb is None or out is None:
            return None
        phrase.use(0, verb.end)
        lead = phrase.tokens[0]._replace(norm="remove", text="remove")
        return Phrase(
            (lead, *phrase.tokens[verb.end : end], *phrase.tokens[out.end :]), phrase.used
        )

    def _filters(self, phrase: Phrase) -> list[str]:
        """The one filter whose condition speaks of what a phrase names."""
        rest = phrase.without(phrase.find(_ANYMORE))
        words = Phrase(rest.content(), phrase.used)
        filters = [n for n in self.flow.types if "condition" in self.flow.config(n)]
        told = [n for n in filters if self.references.tells(n, words)]
        return told if len(told) == 1 else []

    def _several(self, phrase: Phrase, at: int) -> tuple[list[str], int]:
        """The nodes to remove: one, `both filters`, `Warm and Humid`; none where it is unclear."""
        every = phrase.at(r"(?:both|all|the two)(?: of)?(?: the| our)?", at)
        if every is not None:
            nodes, end = self.references.named(phrase, every.end)
            if len(nodes) > 1:
                return nodes, end
            at = every.end
        node, end = self.references.one(phrase, at)
        nodes = [node] if node else []
        while node and (joined := phrase.at(r"(?:and|,|as well as|plus)(?: also)?", end)):
            node, stop = self.references.one(phrase, joined.end)
            nodes, end = ([*nodes, node], stop) if node else (nodes, end)
        return nodes, end
