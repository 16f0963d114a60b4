"""Spark SQL types as text: reading what people write.

The canonical text is what `DESCRIBE` prints: `bigint`, `decimal(10,2)`, `struct<a:int>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from ..errors import InvalidArgument, nearest
from ..graph.model import Column

SIMPLE = {
    "boolean": "boolean",
    "bool": "boolean",
    "tinyint": "tinyint",
    "byte": "tinyint",
    "smallint": "smallint",
    "short": "smallint",
    "int": "int",
    "integer": "int",
    "bigint": "bigint",
    "long": "bigint",
    "float": "float",
    "real": "float",
    "double": "double",
    "string": "string",
    "text": "string",
    "binary": "binary",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_ltz": "timestamp",
    "timestamp_ntz": "timestamp_ntz",
}
TYPE_NAMES = (*sorted(set(SIMPLE.values())), "decimal", "array", "map", "struct")
MAX_DEPTH = 20
MAX_COLUMNS = 2000

# Spark replaces `${name}` in SQL text by a setting's value, even in quoted names.
_UNUSABLE = re.compile(r"[\x00-\x1f\ud800-\udfff]|\$\{")
_TOKEN = re.compile(r"\s*(`(?:[^`]|``)*`|[^\W]+|[<>(),:]|'(?:[^'\\]|\\.)*'|\S)")


class TypeReader:
    """A cursor over the tokens of a type or a column list."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _TOKEN.findall(text)
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def expect(self, token: str) -> None:
        if self.take() != token:
            raise self.error(f"`{token}` is missing")

    def accept(self, *tokens: str) -> bool:
        if self.peek().lower() in tokens:
            self.at += 1
            return True
        return False

    def error(
        self, problem: str, expected: str | None = None, hint: str | None = None
    ) -> InvalidArgument:
        return InvalidArgument(
            f"{problem} in `{self.text[:200]}`",
            code="INVALID_TYPE",
            got=self.text[:200],
            expected=expected,
            hint=hint,
        )

    def name(self) -> str:
        token = self.take()
        if token.startswith("`"):
            return token[1:-1].replace("``", "`")
        if not token or not (token[0].isalpha() or token[0] == "_"):
            raise self.error("a name is missing")
        return token

    def type(self, depth: int = 0) -> str:
        if depth > MAX_DEPTH:
            raise self.error(f"types are nested more than {MAX_DEPTH} deep")
        word = self.take().lower()
        if word in SIMPLE:
            return SIMPLE[word]
        if word in ("decimal", "dec", "numeric"):
            return self._decimal()
        if word in ("varchar", "char", "character"):
            self._number_in_brackets()
            return "string"
        if word == "array":
            self.expect("<")
            element = self.type(depth + 1)
            self.expect(">")
            return f"array<{element}>"
        if word == "map":
            self.expect("<")
            key = self.type(depth + 1)
            self.expect(",")
            value = self.type(depth + 1)
            self.expect(">")
            return f"map<{key},{value}>"
        if word == "struct":
            return self._struct(depth)
        near = nearest(word, [*SIMPLE, "decimal", "array", "map", "struct"])
        raise self.error(
            f"`{word}` is not a type" if word else "a type is missing",
            expected=", ".join(TYPE_NAMES),
            hint=f"did you mean `{near}`?" if near else None,
        )

    def _number_in_brackets(self) -> int | None:
        if not self.accept("("):
            return None
        number = self.take()
        if not number.isdecimal():
            raise self.error("a whole number is missing")
        self.expect(")")
        return int(number)

    def _decimal(self) -> str:
        if not self.accept("("):
            return "decimal(10,0)"
        precision, scale = self.take(), "0"
        if self.accept(","):
            scale = self.take()
        self.expect(")")
        if not (precision.isdecimal() and scale.isdecimal()):
            raise self.error("decimal needs whole numbers, as in decimal(10,2)")
        if not 1 <= int(precision) <= 38 or int(scale) > int(precision):
            raise self.error("decimal holds 1 to 38 digits, of which the scale is a part")
        return f"decimal({int(precision)},{int(scale)})"

    def _struct(self, depth: int) -> str:
        self.expect("<")
        fields: list[str] = []
        while not self.accept(">"):
            if fields:
                self.expect(",")
            name = self.name()
            self.accept(":")
            fields.append(f"{quoted(name)}:{self.type(depth + 1)}")
            self.skip_remarks()
        return f"struct<{','.join(fields)}>"

    def skip_remarks(self) -> None:
        """Read over NOT NULL and COMMENT '…', which change no value."""
        if self.accept("not") and not self.accept("null"):
            raise self.error("NULL is missing after NOT")
        if self.accept("comment"):
            self.take()

    def end(self) -> None:
        if self.peek():
            raise self.error(f"`{self.peek()}` is not expected")


def quoted(name: str) -> str:
    """A name as DDL takes it: back-quoted unless it is a plain word."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else f"`{name.replace('`', '``')}`"


@lru_cache(maxsize=4096)
def canonical_type(text: str) -> str:
    """The canonical text of a type people wrote. Raises InvalidArgument with the known types."""
    reader = TypeReader(text)
    found = reader.type()
    reader.end()
    return found


def nested_parts(column_type: str) -> tuple[str, tuple[Column, ...]]:
    """`array`, `map` or `struct` and what it is made of; a plain type has no parts.

    An array has its `element`, a map `key` and `value`, a struct its fields.
    """
    form, _, inside = column_type.removesuffix(">").partition("<")
    if form == "struct" and inside:
        return form, parse_columns(inside)
    if form == "map":
        reader = TypeReader(inside)
        key = reader.type()
        reader.expect(",")
        return form, (Column("key", key), Column("value", reader.type()))
    return form, (Column("element", inside),) if form == "array" else ()


@lru_cache(maxsize=1024)
def parse_columns(text: str) -> tuple[Column, ...]:
    """Columns of a DDL text like `id bigint, at timestamp`. Raises InvalidArgument."""
    reader = TypeReader(text)
    columns: list[Column] = []
    while reader.peek():
        if columns:
            reader.expect(",")
        name = reader.name()
        reader.accept(":")
        columns.append(Column(name, reader.type()))
        reader.skip_remarks()
    return check_names(columns)


def check_names(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The columns, if their names differ (case aside) and can be used."""
    found = tuple(columns)
    if not 0 < len(found) <= MAX_COLUMNS:
        raise InvalidArgument(f"1 to {MAX_COLUMNS} columns are needed, not {len(found)}")
    seen: dict[str, str] = {}
    for column in found:
        lower = column.name.lower()
        if not lower.strip() or len(lower) > 255 or _UNUSABLE.search(lower):
            raise InvalidArgument(
                "a name is 1 to 255 printable characters, without `${`", got=column.name
            )
        if lower in seen:
            raise InvalidArgument(
                f"column `{column.name}` appears twice (capitals do not count)",
                code="DUPLICATE_COLUMN",
                got=column.name,
            )
        seen[lower] = column.name
    return found


def ddl(columns: Iterable[Column]) -> str:
    """Columns as DDL text, which `parse_columns` reads back."""
    return ", ".join(f"{quoted(c.name)} {c.type}" for c in columns)
