"""What a clause's names may be, and where they may stand: the rules that need no types."""

from __future__ import annotations

from typing import NamedTuple

from ...errors import InvalidSql, nearest
from .clause import Clause
from .tokens import FIELD


class Labels(NamedTuple):
    """The variables of a clause: primary ones in the order of the pattern, and the unions."""

    primary: tuple[str, ...]
    unions: dict[str, tuple[str, ...]]

    @property
    def known(self) -> tuple[str, ...]:
        """Every name that may be used."""
        return (*self.primary, *self.unions)

    def numbers(self, label: str | None) -> frozenset[int] | None:
        """The numbers of the primary variables that a label stands for; None: all of them."""
        if label is None:
            return None
        return frozenset(self.primary.index(each) for each in self.unions.get(label, (label,)))


def analyze(clause: Clause) -> Labels:
    """Check names and their places. Raises InvalidSql."""
    labels = Labels(clause.pattern.labels, {})
    for name, elements in clause.subsets:
        if name in labels.primary:
            raise _label_error(f"SUBSET {name} has the name of a pattern variable.", name)
        if name in labels.unions:
            raise _label_error(f"SUBSET {name} is declared twice.", name)
        for element in elements:
            if element not in labels.primary:
                raise _unknown(f"SUBSET {name} names {element}", element, labels.primary)
        labels.unions[name] = elements
    seen: set[str] = set()
    for label, _ in clause.define:
        if label not in labels.primary:
            raise _unknown(f"DEFINE names {label}", label, labels.primary)
        if label in seen:
            raise _label_error(f"{label} is defined twice.", label)
        seen.add(label)
    wanted = clause.skip.label
    if wanted is not None and wanted not in labels.known:
        raise _unknown(f"AFTER MATCH SKIP names {wanted}", wanted, labels.known)
    if clause.unmatched and any(part.kind == "exclude" for part in clause.pattern.walk()):
        raise InvalidSql(
            "`{- … -}` cannot be used with ALL ROWS PER MATCH WITH UNMATCHED ROWS.",
            code="INVALID_ROW_PATTERN",
            where={"field": FIELD},
            got="WITH UNMATCHED ROWS",
            hint="leave WITH UNMATCHED ROWS out, or write ( … ) instead of {- … -}",
        )
    return labels


def _label_error(message: str, got: str) -> InvalidSql:
    return InvalidSql(message, code="INVALID_LABEL", where={"field": FIELD}, got=got)


def _unknown(what: str, label: str, known: tuple[str, ...]) -> InvalidSql:
    near = nearest(label, known)
    return InvalidSql(
        f"{what}, which is no variable of the pattern.",
        code="INVALID_LABEL",
        where={"field": FIELD},
        got=label,
        expected=list(known),
        hint=f"did you mean {near}?" if near else None,
    )
