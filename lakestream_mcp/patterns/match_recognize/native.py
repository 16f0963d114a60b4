"""The clause as Databricks SQL, which runs it over a table, for what its grammar has.

Databricks Runtime 19.0 (Beta): https://docs.databricks.com/sql/language-manual, the pages on
MATCH_RECOGNIZE. Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlglot import exp

from ...errors import Unsupported
from ...relational.sql import identifier, sql
from .calls import Call, calls, parsed_definition, shown
from .clause import Clause, Named
from .pattern_text import Pattern, pattern_text
from .tokens import FIELD

AGGREGATES = ("count", "sum", "avg", "min", "max")


class Refusal(NamedTuple):
    """A construct that the native form lacks, and what could be written instead."""

    construct: str
    reason: str
    hint: str | None = None


def native_query(clause: Clause, key: Sequence[str], order: Sequence[str], table: str) -> str:
    """`SELECT * FROM table MATCH_RECOGNIZE ( … )`. Raises Unsupported, naming the construct."""
    refusal = next(refusals(clause), None)
    if refusal is not None:
        raise Unsupported(
            f"Databricks' own MATCH_RECOGNIZE {refusal.reason}.",
            where={"field": FIELD},
            got=refusal.construct,
            hint=refusal.hint or "the node's processor runs the clause as it is",
        )
    lines = []
    if key:
        lines.append(f"PARTITION BY {', '.join(map(_name, key))}")
    lines.append(f"ORDER BY {', '.join(map(_name, order))}")
    if clause.measures:
        measures = [f"{_plain(m.expression)} AS {_name(m.name)}" for m in clause.measures]
        lines.append(f"MEASURES {', '.join(measures)}")
    lines.append("ONE ROW PER MATCH" if clause.rows == "one row" else "ALL ROWS PER MATCH")
    lines.append("AFTER MATCH SKIP PAST LAST ROW")
    lines.append(f"PATTERN ({pattern_text(clause.pattern)})")
    define = [f"{_label(d.name)} AS {_plain(d.expression)}" for d in clause.define]
    lines.append(f"DEFINE {', '.join(define)}")
    body = "\n".join(f"  {line}" for line in lines)
    return f"SELECT * FROM {_name(table)} MATCH_RECOGNIZE (\n{body}\n)"


def refusals(clause: Clause) -> Iterator[Refusal]:
    """What of the clause the native form does not have."""
    if clause.within_us is not None:
        yield Refusal("WITHIN", "has no WITHIN", "compare times in DEFINE: at < FIRST(A.at) + …")
    for name, _ in clause.subsets:
        yield Refusal(f"SUBSET {name}", "has no SUBSET")
    if clause.skip.to != "past last row":
        skipped = f"AFTER MATCH SKIP TO {clause.skip.to.upper()}"
        yield Refusal(skipped, "only skips past the last row", "AFTER MATCH SKIP PAST LAST ROW")
    if clause.unmatched or not clause.show_empty:
        how = "WITH UNMATCHED ROWS" if clause.unmatched else "OMIT EMPTY MATCHES"
        yield Refusal(how, f"does not say what {how} means")
    yield from _pattern_refusals(clause.pattern)
    labels = clause.pattern.labels
    for at, label in enumerate(labels):
        if label.upper() in {other.upper() for other in labels[:at]}:
            yield Refusal(_label(label), "does not tell variables apart by case")
    for definition in clause.define:
        yield from _call_refusals(definition, clause, measured=False)
    for measure in clause.measures:
        yield from _call_refusals(measure, clause, measured=True)


def _pattern_refusals(pattern: Pattern) -> Iterator[Refusal]:
    parts = pattern.parts if pattern.kind == "sequence" else (pattern,)
    outer = {id(parts[0])} if parts and parts[0].kind == "start" else set()
    outer |= {id(parts[-1])} if parts and parts[-1].kind == "end" else set()
    for part in pattern.walk():
        text = pattern_text(part)
        if part.kind in ("start", "end") and id(part) not in outer:
            yield Refusal(text, "takes ^ only as the first and $ only as the last of the pattern")
        elif part.kind == "exclude":
            yield Refusal(text, "has no exclusion")
        elif part.kind == "repeat" and not part.greedy:
            yield Refusal(text, "has no reluctant quantifiers")
        elif part.kind == "permute" and len(part.parts) < 2:
            yield Refusal(text, "permutes two patterns or more")


def _call_refusals(named: Named, clause: Clause, measured: bool) -> Iterator[Refusal]:
    every_row = measured and clause.rows == "all rows"
    for node, call in calls(parsed_definition(named.expression)):
        text = shown(node)
        if call.is_aggregate:
            if call.name not in AGGREGATES or len(call.arguments) > 1:
                yield Refusal(text, f"aggregates by {', '.join(AGGREGATES)} only")
            elif not measured:
                yield Refusal(text, "is only documented to aggregate in MEASURES")
            elif every_row:
                yield Refusal(text, "aggregates over the whole match in each of its rows")
        elif call.is_navigation and any(_navigates(each) for each in call.arguments):
            yield Refusal(text, "is not documented to nest navigation")
        if call.mode == "final" and every_row:
            yield Refusal(text, "has no FINAL")


def _navigates(argument: exp.Expr) -> bool:
    return any(call.is_navigation for _, call in calls(argument))


def _plain(text: str) -> str:
    """An expression with its calls as they are written; RUNNING and FINAL mean nothing here."""
    whole = exp.Paren(this=parsed_definition(text))
    for node, call in reversed(list(calls(whole))):
        node.replace(_written(call))
    return sql(whole.this)


def _written(call: Call) -> exp.Expr:
    return exp.Anonymous(this=call.name.upper(), expressions=[a.copy() for a in call.arguments])


def _label(label: str) -> str:
    return pattern_text(Pattern("label", label=label))


def _name(name: str) -> str:
    return sql(identifier(name))
