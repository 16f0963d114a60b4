"""Edits of what nodes, and the pipeline, are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...graph.changes import RenameNode, SetPipeline
from .edit_values import Values
from .flow import Flow
from .phrase import Phrase
from .references import References
from .talk import Talk

if TYPE_CHECKING:
    from ..proposal import Request

_IS_CALLED = (
    r"(?:(?:should|shall|must|is|be|to|has|now|from|on) )+(?:called|named|renamed|titled)(?: to)?"
)


class Titles:
    """Reads clauses that give a title."""

    def __init__(self, request: Request, talk: Talk) -> None:
        self.request = request
        self.talk = talk
        self.flow = Flow(request.document, request.catalog)
        self.references = References(self.flow, talk)
        self.values = Values(request, self.flow, self.references, talk)
        self.undo = False

    def _titled(self, phrase: Phrase) -> bool:
        """`rename the filter to Big orders and Kept to Archive`, `call the pipeline Fraud`."""
        found = phrase.at(r"(?:please )?(?:rename|call|name|title|retitle)")
        given = None if found else self._named_otherwise(phrase)
        if given is not None:
            return self._title(phrase, given[0], given[1])
        if found is None:
            return False
        at, renamed = found.end, False
        while at < len(phrase):
            whole = phrase.at(r"(?:the |this )?pipeline", at)
            node, end = (None, whole.end) if whole else self.references.one(phrase, at)
            to = phrase.at(r"(?:to|as|into|->|=)", end)
            start = to.end if to else end
            if (node is None and not whole) or start >= len(phrase):
                return False
            stop = self._end_of_title(phrase, start)
            if not self._title(phrase, node, phrase.part(start, stop)):
                return False
            renamed, at = True, stop + 1 if stop < len(phrase) else stop
        return renamed

    def _end_of_title(self, phrase: Phrase, start: int) -> int:
        """Where a title ends: at the end, or where another node gets one."""
        for joined in phrase.all(r"and|,"):
            node, end = self.references.named(phrase, joined.end)
            if joined.start > start and node and phrase.at("to|as|into|->|=", end):
                return joined.start
        return len(phrase)

    def _named_otherwise(self, phrase: Phrase) -> tuple[str, Phrase] | None:
        """`give the filter the name Hot`, `Warm should be called Hot`."""
        give = phrase.at(r"(?:please )?give")
        node, end = self.references.named(phrase, give.end if give else 0)
        cue = r"(?:the|a)(?: new)? (?:name|title)(?: of)?" if give else _IS_CALLED
        named = phrase.at(cue, end) if len(node) == 1 else None
        return (node[0], phrase.part(named.end)) if named else None

    def _title(self, phrase: Phrase, node: str | None, said: Phrase) -> bool:
        """Another title of a node, or of the pipeline."""
        more = said.has(
            r"(?:and|,|;)(?: \w+){1,2} (?:it|its|the|that)|#(?:name|mail|host|path|url)|"
            r"(?:and|,) (?:accept|only|keep|let|make|set|use|raise|lower|give|add|remove|write|"
            r"send)"
        )
        if not said or more:
            return False
        title = " ".join(str(t.value) if t.kind == "str" else t.text for t in said.tokens)[:120]
        phrase.use()
        if node is None:
            self.flow.changes.append(SetPipeline(op="set_pipeline", name=title))
        else:
            self.flow.changes.append(RenameNode(op="rename_node", id=node, name=title))
            self.references.last = node
        return True
