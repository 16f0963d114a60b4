"""For tests only: Databricks' declarative SQL as open-source Spark 4.2 accepts it.

Every difference is a rewrite with a name, and the answer says which were needed. Texts are cut by
their tokens, so that a rewrite never looks into a literal or a comment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from lakestream_mcp.codegen.filters import py_repr
from lakestream_mcp.relational.dialect import parse, tokenize

REWRITES = {
    "or_refresh": "`CREATE OR REFRESH` is `CREATE`",
    "using_delta": "the format of tables is said",
    "one_part_names": "`catalog.schema.table` is one name, since there is one catalog",
    "cluster_by": "liquid clustering is left out",
    "read_files": "`read_files` is a view in Python",
    "read_kafka": "`read_kafka` is a view in Python",
    "read_kinesis": "`read_kinesis` is a view in Python with the columns that are documented",
    "read_pubsub": "`read_pubsub` is a view in Python with the columns that are documented",
    "secret": "secrets are empty",
    "rescued_data": "the column of rescued data is always NULL",
    "auto_cdc": "`AUTO CDC` is a call in Python",
    "scd_type_2": "history is only kept by Spark 4.3: the newest rows are",
    "expectations": "constraints that drop rows are conditions, others are left out",
}
READERS = {
    "READ_FILES": "read_files",
    "READ_KAFKA": "read_kafka",
    "READ_KINESIS": "read_kinesis",
    "READ_PUBSUB": "read_pubsub",
}
STAND_INS = {
    "READ_KINESIS": (
        *("partitionKey string", "data binary", "stream string", "shardId string"),
        *("sequenceNumber string", "approximateArrivalTimestamp timestamp"),
    ),
    "READ_PUBSUB": (
        *("messageId string", "payload binary", "attributes string"),
        *("publishTimestampInMillis bigint", "sequenceNumber bigint"),
    ),
}
"""Columns of what open-source Spark has no source for; its rows are none."""
BEFORE_A_TABLE = {"TABLE", "STREAM", "INTO", "JOIN", "FROM"}


class OpenSource(NamedTuple):
    """What open-source Spark is given, and the rewrites it took."""

    sql: list[str]
    python: str
    rewrites: set[str]


def one_part(name: str) -> str:
    """`main.out.orders` as a name in Spark's one catalog."""
    return name.replace(".", "__")


def to_open_source(text: str, catalog: str = "") -> OpenSource:
    """Rewrite a file of declarative SQL.

    With a `catalog` its tables are of that one, which must be able to merge, and AUTO CDC stays
    SQL: Spark 4.3 has it.
    """
    made = _Rewriter(catalog)
    statements = [made.statement(tokens, text) for tokens in _statements(text)]
    header = "from pyspark import pipelines as dp\n" if made.python else ""
    kept = [statement for statement in statements if statement]
    return OpenSource(kept, header + "\n".join(made.python), made.used)


def _statements(text: str) -> list[list[Token]]:
    found: list[list[Token]] = [[]]
    for token in tokenize(text):
        if token.token_type == TokenType.SEMICOLON:
            found.append([])
        else:
            found[-1].append(token)
    return [tokens for tokens in found if tokens]


class _Rewriter:
    """Rewrites statement by statement; Python definitions gather beside them."""

    def __init__(self, catalog: str) -> None:
        self.catalog = catalog
        self.used: set[str] = set()
        self.python: list[str] = []

    def statement(self, tokens: list[Token], text: str) -> str:
        """One statement as SQL; empty where it has become Python."""
        words = [token.text.upper() for token in tokens]
        if words[:2] == ["CREATE", "FLOW"] and "CDC" in words[:6] and not self.catalog:
            self._auto_cdc(tokens, text)
            return ""
        cuts: list[tuple[int, int, str]] = []
        self._head(tokens, words, text, cuts)
        at = 0
        while at < len(tokens):
            if words[at] in READERS and words[at - 1] == "STREAM":
                end = _closing(tokens, at + 1)
                cuts.append(
                    (tokens[at].start, tokens[end].end + 1, self._view(tokens, text, at, end))
                )
                at = end
            elif self._is_table_name(tokens, words, at):
                parts = [tokens[at + i].text for i in (0, 2, 4)]
                named = f"{self.catalog}`{'__'.join(parts)}`"
                cuts.append((tokens[at].start, tokens[at + 4].end + 1, named))
                self.used.add("one_part_names")
                at += 4
            at += 1
        return _cut(text, tokens[0].start, tokens[-1].end + 1, cuts)

    def _head(
        self,
        tokens: list[Token],
        words: list[str],
        text: str,
        cuts: list[tuple[int, int, str]],
    ) -> None:
        if words[1:3] == ["OR", "REFRESH"]:
            cuts.append((tokens[1].start, tokens[2].end + 1, ""))
            self.used.add("or_refresh")
        if "STREAMING" not in words[:6] and "MATERIALIZED" not in words[:6]:
            return
        if words[3:4] == ["PRIVATE"]:
            cuts.append((tokens[3].start, tokens[3].end + 1, ""))
        name = words.index("TABLE" if "TABLE" in words[:6] else "VIEW") + 1
        after = name + (4 if self._is_table_name(tokens, words, name) else 0) + 1
        place = tokens[after - 1].end + 1
        if words[after : after + 1] == ["("]:
            end = _closing(tokens, after)
            cuts.append((tokens[after].start, tokens[end].end + 1, " USING delta"))
            self._conditions(tokens, words, (after, end), text, cuts)
        elif not self.catalog:
            cuts.append((place, place, " USING delta"))
        self.used |= set() if self.catalog else {"using_delta"}
        rest = words[after : words.index("AS", after)] if "AS" in words[after:] else words[after:]
        if "CLUSTER BY" in rest:
            first = after + rest.index("CLUSTER BY")
            last = _closing(tokens, first + 1)
            cuts.append((tokens[first].start, tokens[last].end + 1, ""))
            self.used.add("cluster_by")

    def _conditions(
        self,
        tokens: list[Token],
        words: list[str],
        inside: tuple[int, int],
        text: str,
        cuts: list[tuple[int, int, str]],
    ) -> None:
        """Rows that an expectation drops are left out by a condition around the query."""
        self.used.add("expectations")
        kept = []
        for at in range(*inside):
            if words[at] == "EXPECT":
                last = _closing(tokens, at + 1)
                if words[last + 1 : last + 5] == ["ON", "VIOLATION", "DROP", "ROW"]:
                    kept.append(text[tokens[at + 1].start : tokens[last].end + 1])
        if kept and "AS" in words[inside[1] :]:
            begin = tokens[words.index("AS", inside[1])].end + 1
            end = tokens[-1].end + 1
            cuts += [
                (begin, begin, " SELECT * FROM ("),
                (end, end, f") WHERE {' AND '.join(kept)}"),
            ]

    @staticmethod
    def _is_table_name(tokens: list[Token], words: list[str], at: int) -> bool:
        dotted = [t.token_type == TokenType.DOT for t in tokens[at : at + 5]]
        before = words[at - 2 : at] if at > 1 else words[:at]
        named = before[-1:] and (before[-1] in BEFORE_A_TABLE or before == ["STREAM", "("])
        return bool(named) and dotted == [False, True, False, True, False]

    def _view(self, tokens: list[Token], text: str, at: int, end: int) -> str:
        """The Python view that stands for a function that reads; its name."""
        self.used.add(READERS[tokens[at].text.upper()])
        name = f"lakestream_read_{len(self.python)}"
        call = text[tokens[at].start : tokens[end].end + 1]
        options, path = _arguments(call, self.used)
        stand_in = STAND_INS.get(tokens[at].text.upper())
        if stand_in is not None:
            return self._stand_in(name, stand_in)
        kind = options.pop("format") if path is not None else "kafka"
        if "bootstrapServers" in options:
            options["kafka.bootstrap.servers"] = options.pop("bootstrapServers")
        schema = options.pop("schema", None)
        rescued = options.pop("rescuedDataColumn", None)
        chain = f"spark.readStream.format({py_repr(kind)}).options(**{py_repr(options)})"
        chain += f".schema({py_repr(schema)})" if schema is not None else ""
        chain += f".load({'' if path is None else py_repr(path)})"
        if rescued is not None:
            self.used.add("rescued_data")
            chain += f".selectExpr('*', {py_repr(f'CAST(NULL AS STRING) AS `{rescued}`')})"
        self.python.append(
            f"@dp.temporary_view(name={name!r})\ndef {name}():\n    return {chain}\n"
        )
        return name

    def _stand_in(self, name: str, columns: Sequence[str]) -> str:
        pairs = [column.split() for column in columns]
        typed = [f"CAST(NULL AS {kind.upper()}) AS {column}" for column, kind in pairs]
        chain = f"spark.readStream.format('rate').load().where('false').selectExpr(*{typed!r})"
        self.python.append(
            f"@dp.temporary_view(name={name!r})\ndef {name}():\n    return {chain}\n"
        )
        return name

    def _auto_cdc(self, tokens: list[Token], text: str) -> None:
        self.used.add("auto_cdc")
        words = [token.text.upper() for token in tokens]

        def name(at: int) -> str:
            parts = [tokens[at].text]
            while words[at + 1 : at + 2] == ["."]:
                at += 2
                parts.append(tokens[at].text)
            return "__".join(parts)

        keys = words.index("KEYS") + 1
        listed = [t.text for t in tokens[keys + 1 : _closing(tokens, keys)] if t.text != ","]
        given = {
            "target": name(words.index("INTO") + 1),
            "source": name(words.index("STREAM") + 2),
            "keys": listed,
            "sequence_by": tokens[words.index("SEQUENCE") + 2].text,
            "stored_as_scd_type": 1,
            "name": tokens[2].text,
        }
        if "DELETE" in words:
            first = words.index("WHEN") + 1
            last = words.index("SEQUENCE") - 1
            given["apply_as_deletes"] = text[tokens[first].start : tokens[last].end + 1]
        if "EXCEPT" in words:
            opening = words.index("EXCEPT") + 1
            inside = tokens[opening + 1 : _closing(tokens, opening)]
            given["except_column_list"] = [t.text for t in inside if t.text != ","]
        if tokens[words.index("TYPE") + 1].text == "2":
            self.used.add("scd_type_2")
        arguments = ", ".join(f"{k}={py_repr(v)}" for k, v in given.items())
        self.python.append(f"dp.create_auto_cdc_flow({arguments})\n")


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for at in range(opening, len(tokens)):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(tokens[at].token_type, 0)
        if depth == 0:
            return at
    raise AssertionError("a parenthesis is never closed")


def _cut(text: str, start: int, end: int, cuts: list[tuple[int, int, str]]) -> str:
    parts, at = [], start
    for first, last, instead in sorted(cuts):
        parts += [text[at:first], instead]
        at = last
    return "".join([*parts, text[at:end]])


def _arguments(call: str, used: set[str]) -> tuple[dict[str, Any], str | None]:
    """Named arguments of a call as texts, and the positional one."""
    from sqlglot.dialects.databricks import Databricks

    (tree,) = Databricks().parser().parse(tokenize(f"SELECT {call}"), call)
    assert tree is not None
    options: dict[str, Any] = {}
    path = None
    for argument in tree.expressions[0].expressions:
        if isinstance(argument, exp.Kwarg):
            options[argument.name] = _value(argument.expression, used)
        else:
            path = argument.this
    return options, path


def _value(tree: exp.Expr, used: set[str]) -> str:
    if isinstance(tree, exp.Literal):
        return str(tree.this)
    if isinstance(tree, exp.Boolean):
        return str(tree.this).lower()
    assert tree.find(exp.Secret) is not None, tree
    used.add("secret")
    return ""


__all__ = ["REWRITES", "OpenSource", "one_part", "parse", "to_open_source"]
