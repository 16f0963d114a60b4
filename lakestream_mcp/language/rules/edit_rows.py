"""Whose rows a new sink takes: those of a node that is named, all that come in, or the rest."""

from __future__ import annotations

from typing import NamedTuple

from .edit_joined import negated
from .edit_said import Mention, mentions
from .edit_targets import Targets
from .names import parts_of, singular
from .phrase import Found, Phrase
from .scene import Made, text

_PASSES = r"passes|pass|leaves|leave|(?:passes|goes) through|comes out of|comes from"
_GO = r"(?:[a-z]+ )?(?:(?:should|must|shall|also|too) )*(?:go|goes|be|are|is)"
_STORES = (
    r"(?:store|write|save|put|send|log|copy|dump|persist|archive|connect|split|route|divide)"
    r"(?: (?:the|all|also|every|:))*"
)
_WHOSE = r"(?:what|whatever|everything|all|rows|those)(?: that| which)?"
_FED = r"(?:fed|filled)(?: (?:directly|straight|only))* (?:by|from|with)"
_RAW = r"(?:raw|unfiltered|incoming|original|unprocessed|untouched)"
_EVERY = r"(?:all|every|each(?= incoming)|everything)(?: (?:the|of|our|raw|incoming|original))*"
_REST = (
    r"(?:(?:all|and|the) )*(?:bad|invalid|failing|failed|rejected|dropped|discarded|filtered(?: "
    r"out)?|broken|wrong) (?:rows?|records?|events?|ones|data)|"
    r"(?:(?:all|and|the) )*(?:rest|other \w+|others|everything else|remaining(?: \w+)?)|"
    rf"(?:\w+|{_WHOSE})(?: that| which)? (?:do|does|did|are|is) not "
    r"(?:pass(?: through)?|accepted by|let through by)"
)
_REST_TALK = r"(?:, )?(?:i e|that is|namely)"
_ROWS = "data|events?|rows?|records?"
_BOUNDS = r"over|under|above|below|with|where|from|without"
_COMPARED = r"#num|#str|#times|=|!=|is|are|null|missing"
_WHICH = (
    r"over|under|above|below|with|without|where|whose|that|which|from|of|in|between|at|more|less|"
    r"#\w+"
)


class Start(NamedTuple):
    """Where the rows of a new sink come from, and what of a phrase does not say so."""

    node: str
    phrase: Phrase
    only: Made | None = None
    """A filter for those that are meant, before the sink."""


class Rows(Targets):
    """Finds the rows that a clause speaks of."""

    def _start(self, phrase: Phrase) -> Start | None:
        """The rows that a new sink takes: those that are told of, else those at the end."""
        rest = self._rest(phrase)
        if rest is not None:
            return rest
        raw = self._raw(phrase)
        if raw is not None:
            phrase.use(raw.start, raw.end)
            return Start(self._sources()[0], phrase.without(raw))
        if self._of_source(phrase):
            return Start(self._sources()[0], phrase.without(phrase.at("everything|anything")))
        phrase = self._without_whose(phrase) if (at := self._end(phrase)) else phrase
        return Start(self._having(phrase, at), phrase) if at else None

    def _titled_by(self, phrase: Phrase, mention: Mention) -> list[str]:
        """The node whose title of several words was said, and which gives rows."""
        said = [p for t in phrase.tokens[mention.start : mention.end] for p in parts_of(t.text)]
        return [
            n
            for n in mention.nodes
            if len(said) > 1
            and list(parts_of(self.flow.title(n))) == said
            and self.flow.category(n) != "sink"
        ]

    def _having(self, phrase: Phrase, at: str) -> str:
        """The node with the columns that are compared: what a pattern reads, where it is none of
        those that its matches have."""
        known = {c for types in self.request.columns.values() for c in types}
        said = {t.text for t in phrase.tokens} & known
        feeding = [e[0] for e in self.flow.inputs(at)]
        alone = self.flow.category(at) == "pattern" and len(feeding) == 1
        if not said or not alone or not phrase.has(_COMPARED):
            return at
        if said & set(self.values.columns_of(at).types):
            return at
        return feeding[0] if said <= set(self.values.columns_of(feeding[0]).types) else at

    def _raw(self, phrase: Phrase) -> Found | None:
        """`the raw orders`, `all readings`, `payments raw`: rows as they come in."""
        about = self._about()
        if not about:
            return None
        rows = f"(?:{about}|{_ROWS})"
        found = phrase.find(rf"{_RAW}(?: (?:the|and))*(?: {rows})?|{rows} {_RAW}")
        if found is None and self._sifted():
            found = phrase.find(rf"{_EVERY} (?:{about})(?! (?:{_WHICH}))")
        named = self.references.named(phrase, found.start)[0] if found else []
        return None if named and self.flow.category(named[0]) != "source" else found

    def _of_source(self, phrase: Phrase) -> bool:
        """`payments over 1000 to main.x.y`, where what leaves the pipeline are no payments."""
        about = self._about()
        rows = rf"(?:{about}) (?:{_WHICH})|(?:everything|anything) (?:{_BOUNDS})"
        found = phrase.find(rows) if about and self._sifted() else None
        lead = phrase.part(0, found.start if found else 0)
        return bool(found) and not lead.without(lead.at(_STORES)).content()

    def _about(self) -> str:
        """What the rows of the only source are called, as a cue."""
        sources = self._sources()
        words = self.values.columns_of(sources[0]).about if len(sources) == 1 else ()
        return "|".join(form for word in sorted(words) for form in _forms(word))

    def _sources(self) -> list[str]:
        """The sources, without those of what the pipeline itself wrote."""
        written = {self.values.config(n).get("table") for n in self.flow.of("sink")} - {None}
        sources = self.flow.of("source")
        outer = [n for n in sources if self.values.config(n).get("table") not in written]
        return outer or sources

    def _sifted(self) -> bool:
        """Whether less, or something else, leaves the pipeline than comes in."""
        kinds = ("transform", "pattern")
        between = [n for n in self.flow.types if self.flow.category(n) in kinds]
        return any(self.flow.types[n] != "deduplicate" for n in between)

    def _rest(self, phrase: Phrase) -> Start | None:
        """`the rest`, `unpaid orders`: the rows that a filter does not let through."""
        from ...relational.sql import parse_expression

        filters = [n for n in self.flow.types if self.flow.types[n] == "filter"]
        named = [n for m in mentions(phrase, self.references) for n in m.nodes if n in filters]
        filters = named[:1] or filters
        found = phrase.find(_REST) or next(
            (f for n in filters if (f := self._denied(phrase, n))), None
        )
        if found is None or len(filters) != 1 or not self.flow.inputs(filters[0]):
            return None
        node = filters[0]
        tree = parse_expression(self.values.config(node)["condition"], None, aggregates=True)
        said = self._denied(phrase, node)
        for part in (found, said):
            phrase.use(part.start, part.end) if part else None
        rest = phrase.without(found)
        rest = rest.without(self._denied(rest, node)).without(rest.find(_REST_TALK))
        only = Made("filter", {"condition": text(negated(tree))}, "Rest")
        return Start(self.flow.inputs(node)[0][0], rest, only)

    def _denied(self, phrase: Phrase, node: str) -> Found | None:
        """`unpaid orders`, where a filter is for what is paid."""
        words = {w for w in parts_of(self.flow.title(node)) if w.endswith(("ed", "id", "en"))}
        about = {f for w in self.values.columns_into(node).about for f in _forms(w)}
        cue = "|".join(f"un{w}|not {w}|non {w}" for w in words)
        return phrase.find(rf"(?:{cue})(?: (?:{'|'.join(about)}))?") if cue and about else None

    def _without_whose(self, phrase: Phrase) -> Phrase:
        """`save what passes Warm to a table` without the rows that are meant."""
        found = phrase.find(rf"{_WHOSE} (?:{_PASSES})")
        node, end = self.references.named(phrase, found.end) if found else ([], 0)
        if found is None or len(node) != 1:
            return phrase
        phrase.use(found.start, end)
        return phrase.outside(found.start, end)

    def _end(self, phrase: Phrase) -> str | None:
        """The node whose rows a new sink takes: one that is named, else the pipeline's end."""
        for word in ("from", "of", "after", "for", _FED, _PASSES, _STORES):
            found = phrase.find(word)
            node = self.references.named(phrase, found.end)[0] if found else []
            if len(node) == 1 and self.flow.category(node[0]) != "sink":
                return node[0]
        titled = [n for m in mentions(phrase, self.references) for n in self._titled_by(phrase, m)]
        if len(set(titled)) == 1:
            return titled[0]
        node, end = self.references.named(phrase)
        if len(node) == 1 and phrase.at(_GO, end) and self.flow.category(node[0]) != "sink":
            return node[0]
        tails = self.flow.tails()
        if len(tails) < 2:
            return tails[0] if tails else None
        said = {n for m in mentions(phrase, self.references) for n in m.nodes if n in tails}
        if len(said) == 1 or self.references.last in tails:
            return said.pop() if len(said) == 1 else self.references.last
        if phrase.has(r"slack|teams|pagerduty|email|#mail|table|topic|kafka|webhook|#url|#path"):
            self.talk.ask("Whose rows are meant? Several nodes end the pipeline.", tails)
        return None


def _forms(word: str) -> tuple[str, ...]:
    """A noun, in the singular and the plural."""
    return (word, f"{word}s", singular(word))
