"""Edits that name what is to change and not to what: questions."""

from __future__ import annotations

from collections.abc import Callable

from .edit_kind import EditKind
from .edit_said import is_plain, mentions, outside
from .fields import WORDS
from .names import singular
from .phrase import Phrase

_OTHER = (
    r"another|different|other|new|change|changed|adjust|update|modify|more|less|higher|lower|longer|"
    r"shorter|bigger|smaller|larger|wider|narrower|stricter|looser|raise|lower|increase|decrease|"
    r"reduce|extend|shorten|better|additional|further|extra|edit|tweak|relax|tighten|fewer"
)
_WORSE = (
    r"(?:it|things?|this|that|they|everything|something|the situation) "
    r"(?:gets?|becomes?|goes|go|turns?|is|are|looks?|seems?)(?: (?:too|really|very|even|much))* "
    r"(?:worse|better|bad|wrong|critical|serious|severe|strange|weird|odd|fishy|suspicious|unusual)"
)
_THINGS = ("key", "group", "column", "name", "grouping", "time", "channel", "aggregation")


class OpenEdits(EditKind):
    """Asks for what a clause leaves out."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self._vague, self._open)

    def _vague(self, phrase: Phrase) -> bool:
        """`alert when it gets worse`: what of a row says so is open."""
        found = phrase.find(_WORSE)
        if found is not None and not phrase.has(r"#\w+"):
            self.values.talk.ask(
                f"When is that so: `{phrase.part(found.start, found.end).said()}`? Name a column "
                "and what it is compared with, for example `when amount is over 1000`."
            )
        return False

    def _open(self, phrase: Phrase) -> bool:
        """`write it to another table`, `use a different key`, `raise the limit`."""
        if phrase.has(r"#\w+") or not phrase.has(_OTHER) or len(phrase) > 12:
            return False
        found = mentions(phrase, self.values.references)
        rest = outside(phrase, found)
        things = [
            singular(t.norm)
            for t in phrase.tokens
            if singular(t.norm) in WORDS or singular(t.norm) in _THINGS
        ]
        others = [
            t
            for t in rest.content()
            if not is_plain(t.norm)
            and singular(t.norm) not in WORDS
            and t.norm not in _OTHER.split("|")
        ]
        if not things or others:
            return False
        self.values.talk.ask(
            f"Which {things[-1]} is it to be: to what value, or by how much? "
            "Say it, for example `the window is 10 minutes` or `write to main.default.alerts`."
        )
        return False
