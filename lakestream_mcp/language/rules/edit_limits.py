"""Edits of how often messages are sent."""

from __future__ import annotations

from collections.abc import Callable

from .edit_kind import EditKind
from .edit_said import mentions
from .phrase import Phrase
from .words import DURATIONS

_MOST = (
    r"(?:max(?:imum|imal)?|at most|no more than|not more than|never more than|up to|only|"
    r"limit(?: \w+){0,4} to|throttle(?: \w+){0,4} to|rate limit(?: \w+){0,4} (?:to|of))"
)
_MESSAGE = r"(?:messages?|alerts?|mails?|emails?|notifications?|pages?|posts?|pings?|calls?)"
_SERVICE = r"(?:slack|teams|pagerduty|pager|email|mail)"
_EACH = r"(?:(?:per|each|every|in|within|an?) )*"
_LIMIT = (
    rf"{_MOST} (?P<n>#num) (?:{_SERVICE} )?(?:{_MESSAGE}|{_SERVICE})(?: (?:per|for each) \w+)? "
    rf"{_EACH}(?P<u>#dur)"
)
FIELD = "max_per_minute"


class Limits(EditKind):
    """Reads clauses about how many messages are sent at most."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self._limited,)

    def _limited(self, phrase: Phrase) -> bool:
        """`at most 5 Slack messages per minute`."""
        found, nodes = phrase.find(_LIMIT), self._nodes(phrase)
        if found is None or len(nodes) != 1:
            return False
        phrase.use()
        return self.values.update(nodes[0], {FIELD: int(found.groups["n"][0].value)})

    def open(self, phrase: Phrase) -> bool:
        """Ask, where a limit is not by the minute, or of several nodes: how matches are limited."""
        found, nodes = phrase.find(_LIMIT), self._nodes(phrase)
        by_minute = found and found.groups["u"][0].value == DURATIONS["minute"]
        if found is None or (by_minute and len(nodes) == 1):
            return False
        phrase.use()
        if by_minute and nodes:
            self.values.talk.ask("Whose messages are meant?", nodes)
        else:
            self.values.talk.ask(
                "Messages can be limited by the minute, for all keys together: say `at most 1 "
                "message per minute`. Or is what the pattern looks for to change?",
                nodes,
            )
        return True

    def _nodes(self, phrase: Phrase) -> list[str]:
        """The nodes whose messages can be limited: those that are named, else all."""
        nodes = [n for n in self.flow.types if self._has_field(n)]
        named = {n for m in mentions(phrase, self.values.references) for n in m.nodes}
        return [n for n in nodes if n in named] or nodes

    def _has_field(self, node: str) -> bool:
        return FIELD in self.flow.catalog.get(self.flow.types[node]).Config.model_fields
