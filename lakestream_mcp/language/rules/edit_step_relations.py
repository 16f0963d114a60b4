"""Edits that hold one step of a sequence against another, or all of them together."""

from __future__ import annotations

from collections.abc import Callable

from .edit_kind import EditKind
from .edit_sequence import step_named
from .names import parts_of
from .phrase import Found, Phrase

_MUST = (
    r"(?:(?:must|should|shall|has to|have to|needs to|need to|only|also|now|counts?|if|when|be|"
    r"is|are|come|comes|happen|happens|it) )*"
)
_OTHER = r"another|a different|different|other"
_SAME = r"the same|same|an equal"
_LIKE = r"(?:as|than|from|to|like|of)(?: (?:that of|the one of|in|of|the|those of|for))*"
_AGAINST = (
    rf"(?:the )?(?P<step>[a-z_]+(?: [a-z_]+)?) {_MUST}(?:from|of|on|at|with|in|have|has)? ?"
    rf"(?P<how>{_OTHER}|{_SAME}) (?P<c>\w+) {_LIKE} (?P<other>[a-z_]+(?: [a-z_]+)?)$"
)
_SINCE = r"(?:after|since|between)(?: the)? (?P<step>[a-z_]+)"
_ALL = r"(?:all|every|each|both|everything|the|steps?|events?|of|them|together)"
_THROUGHOUT = (
    rf"(?:(?:{_ALL}|must|should|has to|have to|need to|be|come|is|are|from|with|on|at|have|by) )*"
    r"(?:the )?(?:same|one) (?P<c>\w+)"
    r"(?: (?:throughout|everywhere|all along|(?:for|in|on|across|at) (?:all|every|each|both)"
    r"(?: (?:steps?|events?|of them|three))?))?$"
)


class StepRelations(EditKind):
    """Reads clauses about what steps have in common."""

    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
        return (self._against, self._throughout)

    def open(self, phrase: Phrase) -> bool:
        """Ask of `after the success 5 minutes`: a sequence has one time for all of its steps."""
        node, found = self._sequence(), phrase.find(_SINCE)
        if node is None or found is None or not phrase.has("#dur"):
            return False
        if step_named(self.values.config(node)["steps"], _part(phrase, found, "step")) is None:
            return False
        phrase.use()
        self.values.talk.ask(
            f"`{node}` has one time, from its first event to its last: say for example `within 5 "
            "minutes`. How long is all of it to take?"
        )
        return True

    def _against(self, phrase: Phrase) -> bool:
        """`the success must come from another country than the failures`."""
        node, found = self._sequence(), phrase.at(_AGAINST)
        if node is None or found is None:
            return False
        steps = self.values.config(node)["steps"]
        here, there = (step_named(steps, _part(phrase, found, g)) for g in ("step", "other"))
        column = self._column(node, found)
        if here is None or there is None or here <= there or column is None:
            return False
        phrase.use()
        sign = "<>" if _part(phrase, found, "how").has(_OTHER) else "="
        made = [dict(step) for step in steps]
        held = f"{column} {sign} {steps[there]['name']}.{column}"
        made[here]["where"] = f"{_bracketed(steps[here].get('where'))}{held}"
        return self.values.update(node, {"steps": made})

    def _throughout(self, phrase: Phrase) -> bool:
        """`the same ip_address throughout`: one more column of the key."""
        node, found = self._sequence(), phrase.at(_THROUGHOUT)
        if node is None or found is None:
            return False
        column, key = self._column(node, found), list(self.values.config(node).get("key") or ())
        if column is None or column in key:
            return False
        phrase.use()
        return self.values.update(node, {"key": [*key, column]})

    def _sequence(self) -> str | None:
        nodes = [n for n in self.flow.types if self.values.config(n).get("steps")]
        return nodes[0] if len(nodes) == 1 else None

    def _column(self, node: str, found: Found) -> str | None:
        """The one column that is named, as SQL writes it."""
        from ...relational.sql import column, sql

        token = found.groups["c"][0]
        named = self.values.columns_into(node).key_of([token.norm])
        exact = named is not None and set(parts_of(token.text)) <= set(parts_of(named.name))
        return sql(column(named.name)) if named and exact and len(named.names) == 1 else None


def _part(phrase: Phrase, found: Found, group: str) -> Phrase:
    return Phrase(found.groups[group], phrase.used)


def _bracketed(where: object) -> str:
    """A condition that another may follow."""
    from sqlglot import exp

    from ...relational.sql import parse_expression

    if not isinstance(where, str) or where == "TRUE":
        return ""
    tree = parse_expression(where, None, aggregates=True)
    return f"({where}) AND " if isinstance(tree, exp.Or) else f"{where} AND "
