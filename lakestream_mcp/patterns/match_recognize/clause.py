"""The clause as text, parted into its sections; expressions stay text here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from ...errors import InvalidArgument, Unsupported
from ...graph.duration import duration_us
from .pattern_text import Pattern, parse_pattern
from .tokens import FIELD, Reader, Token, clause_reader, syntax_error

Rows = Literal["one row", "all rows"]
SECTIONS = (
    "PARTITION BY",
    "ORDER BY",
    "MEASURES",
    "ROWS PER MATCH",
    "AFTER MATCH",
    "PATTERN",
    "WITHIN",
    "SUBSET",
    "DEFINE",
)


class Named(NamedTuple):
    """An expression with its name: a measure as it was written, or a variable's definition."""

    name: str
    expression: str


class OrderItem(NamedTuple):
    """A column of ORDER BY; `how` is what follows it, in capitals."""

    column: str
    how: str


class Skip(NamedTuple):
    """AFTER MATCH SKIP: `past last row`, `next row`, `first` or `last` of a variable."""

    to: str = "past last row"
    label: str | None = None


class Clause(NamedTuple):
    """A whole clause. Labels are written as SQL compares them."""

    partition_by: tuple[str, ...]
    order_by: tuple[OrderItem, ...]
    measures: tuple[Named, ...]
    rows: Rows
    show_empty: bool
    unmatched: bool
    skip: Skip
    pattern: Pattern
    within_us: int | None
    subsets: tuple[tuple[str, tuple[str, ...]], ...]
    define: tuple[Named, ...]


def parse_clause(text: str) -> Clause:
    """Read a clause, with or without `MATCH_RECOGNIZE ( … )` around it. Raises InvalidSql."""
    parts = sections(text)
    for needed in ("PATTERN", "DEFINE"):
        if needed not in parts:
            raise syntax_error(
                f"`{needed}` is missing", text, "PATTERN (A B+) DEFINE A AS condition, …"
            )
    read: dict[str, Any] = {name: READERS[name](part) for name, part in parts.items()}
    rows, show_empty, unmatched = read.get("ROWS PER MATCH", ("one row", True, False))
    return Clause(
        partition_by=read.get("PARTITION BY", ()),
        order_by=read.get("ORDER BY", ()),
        measures=read.get("MEASURES", ()),
        rows=rows,
        show_empty=show_empty,
        unmatched=unmatched,
        skip=read.get("AFTER MATCH", Skip()),
        pattern=read["PATTERN"],
        within_us=read.get("WITHIN"),
        subsets=read.get("SUBSET", ()),
        define=read["DEFINE"],
    )


def sections(text: str) -> dict[str, Reader]:
    """The tokens of each section, without the words that open it. Raises InvalidSql."""
    whole = clause_reader(text)
    inner = whole.inside() if whole.accept("MATCH_RECOGNIZE") else None
    if inner is not None:
        _alias(whole)
    return _sections(inner or whole)


def _alias(reader: Reader) -> None:
    """The name of the result, which means nothing here."""
    reader.accept("AS")
    if reader.peek().is_name:
        reader.take()
    if reader.peek().is_sign("("):
        raise Unsupported(
            "Names for the output columns are not supported.",
            where={"field": FIELD},
            got=reader.source(),
            hint="name measures in MEASURES; rename other columns in a rename-cast node behind",
        )
    reader.accept_sign(";")
    reader.end()


def _sections(reader: Reader) -> dict[str, Reader]:
    """The tokens of each section, in the order of the standard."""
    starts: list[tuple[str, int, int]] = []
    depth = 0
    for at, token in enumerate(reader.tokens):
        if token.is_sign("(", "["):
            depth += 1
        elif token.is_sign(")", "]"):
            depth -= 1
        elif depth == 0 and token.kind == "word":
            found = _section_at(Reader(reader.text, reader.tokens[at:]))
            name_of_something = at > 0 and (
                reader.tokens[at - 1].is_sign(".") or reader.tokens[at - 1].is_word("AS")
            )
            if found and not name_of_something:
                starts.append((found[0], at, at + found[1]))
    if not starts or starts[0][1] != 0:
        raise reader.error(f"`{reader.peek().text}` is not expected", " | ".join(SECTIONS))
    sections: dict[str, Reader] = {}
    ends = [start for _, start, _ in starts[1:]] + [len(reader.tokens)]
    for (name, start, body), end in zip(starts, ends, strict=True):
        if sections and SECTIONS.index(name) <= max(SECTIONS.index(n) for n in sections):
            rest = reader.text[reader.tokens[start].start :]
            raise syntax_error(f"{name} is out of order, or twice", rest, ", ".join(SECTIONS))
        sections[name] = Reader(reader.text, reader.tokens[body:end])
    return sections


OPENINGS: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("PARTITION BY", ("PARTITION", "BY"), 2),
    ("ORDER BY", ("ORDER", "BY"), 2),
    ("MEASURES", ("MEASURES",), 1),
    ("ROWS PER MATCH", ("ONE", "ROW"), 0),
    ("ROWS PER MATCH", ("ALL", "ROWS"), 0),
    ("AFTER MATCH", ("AFTER", "MATCH"), 2),
    ("PATTERN", ("PATTERN", "("), 1),
    ("WITHIN", ("WITHIN",), 1),
    ("SUBSET", ("SUBSET", "a name", "="), 1),
    ("DEFINE", ("DEFINE", "a name", "AS"), 1),
)
"""How each section begins, and how many of these tokens are no part of what it says."""


def _section_at(reader: Reader) -> tuple[str, int] | None:
    """The section that starts here, and how many tokens its name has."""
    first = reader.peek()
    if first.is_word("INITIAL", "SEEK") and reader.peek(1).is_word("PATTERN"):
        raise Unsupported(
            f"`{first.text.upper()}` belongs to windows, not to MATCH_RECOGNIZE.",
            code="NOT_SUPPORTED",
            where={"field": FIELD},
            got=first.text,
        )
    if first.is_word("WITHIN") and reader.peek(1).is_word("GROUP"):
        return None  # belongs to an aggregate
    for name, opening, length in OPENINGS:
        if all(_opens(reader.peek(i), each) for i, each in enumerate(opening)):
            return name, length
    return None


def _opens(token: Token, wanted: str) -> bool:
    return token.is_name if wanted == "a name" else token.is_word(wanted) or token.is_sign(wanted)


def _columns(reader: Reader) -> tuple[str, ...]:
    return tuple(_column(part) for part in reader.parts())


def _column(reader: Reader) -> str:
    name = reader.name("a column").plain
    reader.end()
    return name


def _order(reader: Reader) -> tuple[OrderItem, ...]:
    found = []
    for part in reader.parts():
        column = part.name("a column").plain
        how = " ".join(token.text.upper() for token in part.tokens[part.at :])
        found.append(OrderItem(column, how))
    return tuple(found)


def _measures(reader: Reader) -> tuple[Named, ...]:
    found = []
    for part in reader.parts():
        tokens = part.tokens
        named = len(tokens) > 2 and tokens[-2].is_word("AS") and tokens[-1].is_name
        if not named:
            raise part.error("a measure needs a name", "expression AS name")
        expression = Reader(part.text, tokens[:-2]).source()
        found.append(Named(tokens[-1].plain, expression))
    return tuple(found)


def _rows(reader: Reader) -> tuple[Rows, bool, bool]:
    """What is put out, whether empty matches are, and whether rows without a match are."""
    if reader.accept("ONE", "ROW", "PER", "MATCH"):
        reader.end()
        return "one row", True, False
    reader.expect("ALL", "ROWS", "PER", "MATCH")
    show, unmatched = True, False
    if reader.accept("OMIT", "EMPTY", "MATCHES"):
        show = False
    elif reader.accept("WITH", "UNMATCHED", "ROWS"):
        unmatched = True
    else:
        reader.accept("SHOW", "EMPTY", "MATCHES")
    reader.end()
    return "all rows", show, unmatched


def _skip(reader: Reader) -> Skip:
    reader.expect("SKIP")
    if reader.accept("PAST", "LAST", "ROW"):
        skip = Skip()
    elif reader.accept("TO", "NEXT", "ROW"):
        skip = Skip("next row")
    else:
        reader.expect("TO")
        position = "last"
        if reader.peek(1).is_name and reader.peek().is_word("FIRST", "LAST"):
            position = reader.take().text.lower()
        skip = Skip(position, reader.name("a variable").label)
    reader.end()
    return skip


def _pattern(reader: Reader) -> Pattern:
    pattern = parse_pattern(reader.inside())
    reader.end()
    return pattern


def _within(reader: Reader) -> int:
    """Microseconds of `INTERVAL '10' MINUTE`, `INTERVAL 10 MINUTES` or `10 minutes`."""
    text = reader.source()
    reader.accept("INTERVAL")
    spoken = (t.text.strip("'") for t in reader.tokens[reader.at :])
    try:
        return duration_us(" ".join(spoken))
    except InvalidArgument as error:
        raise syntax_error(
            f"WITHIN needs a length of time: {error}", text, "INTERVAL '10' MINUTE"
        ) from None


def _subsets(reader: Reader) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = []
    for part in reader.parts():
        name = part.name("a variable").label
        part.expect_sign("=")
        elements = tuple(_label(each) for each in part.inside().parts())
        part.end()
        found.append((name, elements))
    return tuple(found)


def _label(reader: Reader) -> str:
    label = reader.name("a variable").label
    reader.end()
    return label


def _define(reader: Reader) -> tuple[Named, ...]:
    found = []
    for part in reader.parts():
        label = part.name("a variable").label
        part.expect("AS")
        if not part.source():
            raise part.error("a condition is missing")
        found.append(Named(label, part.source()))
    return tuple(found)


READERS: dict[str, Callable[[Reader], Any]] = {
    "PARTITION BY": _columns,
    "ORDER BY": _order,
    "MEASURES": _measures,
    "ROWS PER MATCH": _rows,
    "AFTER MATCH": _skip,
    "PATTERN": _pattern,
    "WITHIN": _within,
    "SUBSET": _subsets,
    "DEFINE": _define,
}
