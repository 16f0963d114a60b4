"""Queries of declarative SQL: what sqlglot has no tree for is taken off before it parses.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from ...errors import InvalidArgument
from ...graph.duration import delay_ms
from ..dialect import ParseError
from ..sql import identifier
from .cursor import Cursor, NotRead
from .dialect import parse
from .statements import Query, Watermark

BEFORE_RELATION = (TokenType.FROM, TokenType.JOIN, TokenType.COMMA, TokenType.STREAM)
NO_ALIAS = frozenset(
    (
        *("", "WHERE", "JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "NATURAL", "SEMI"),
        *("ANTI", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT", "ON"),
        *("USING", "LATERAL", "QUALIFY", "WINDOW", "CLUSTER", "DISTRIBUTE", "SORT", "MINUS"),
    )
)


def query_of(text: str, tokens: list[Token]) -> Query:
    """The query that some tokens are. Raises NotRead."""
    kept, watermarks = _without_watermarks(text, tokens)
    tree = _parsed(text, _plain_relations(kept))
    if not isinstance(tree, exp.Query):
        raise NotRead("a SELECT is expected", tokens[0].start if tokens else len(text))
    if any(not select.expressions for select in tree.find_all(exp.Select)):
        raise NotRead("a SELECT without columns", tokens[0].start)
    return Query(tree, tuple(watermarks))


def expression_of(text: str, tokens: list[Token]) -> exp.Expr:
    """The expression that some tokens are. Raises NotRead."""
    if not tokens:
        raise NotRead("an expression is missing", len(text))
    return _parsed(text, tokens)


def _parsed(text: str, tokens: list[Token]) -> exp.Expr:
    if not tokens:
        raise NotRead("a query is missing", len(text))
    try:
        trees = [tree for tree in parse(tokens, text) if tree is not None]
    except ParseError as error:
        found = error.errors[0] if error.errors else {}
        word = str(found.get("highlight") or "").strip()
        raise NotRead(_message(found, word), _offset(tokens, found)) from None
    except RecursionError:
        raise NotRead("the query is nested too deeply", tokens[0].start) from None
    if len(trees) != 1 or isinstance(trees[0], exp.Command):
        raise NotRead("one query is expected", tokens[0].start)
    for node in list(trees[0].walk()):
        node.comments = None
        if isinstance(node, exp.Kwarg):
            node.set("this", identifier(node.this.name))
    return trees[0]


def _message(found: dict[str, object], word: str) -> str:
    said = (
        str(found.get("description") or "it does not parse").partition(" but got <")[0].rstrip(".")
    )
    return f"{said} at `{word[:60]}`" if word else said


def _offset(tokens: list[Token], found: dict[str, object]) -> int:
    """The place that sqlglot names: the end of a token, by line and column."""
    place = (found.get("line"), found.get("col"))
    return next((t.start for t in tokens if (t.line, t.col) == place), tokens[-1].start)


def _plain_relations(tokens: list[Token]) -> list[Token]:
    """`STREAM(x)` as `STREAM x`, and names without the `LIVE.` of older code."""
    kept: list[Token] = []
    dropped: set[int] = set()
    for at, token in enumerate(tokens):
        if at in dropped:
            continue
        before = kept[-1].token_type if kept else None
        if before == TokenType.STREAM and token.token_type == TokenType.L_PAREN:
            closing = _closing(tokens, at)
            if closing is not None:
                dropped.add(closing)
                continue
        live = token.token_type == TokenType.VAR and token.text.upper() == "LIVE"
        dot = at + 1 < len(tokens) and tokens[at + 1].token_type == TokenType.DOT
        if live and dot and before in BEFORE_RELATION:
            dropped.add(at + 1)
            continue
        kept.append(token)
    return kept


def _closing(tokens: list[Token], at: int) -> int | None:
    depth = 0
    for index in range(at, len(tokens)):
        kind = tokens[index].token_type
        depth += (kind == TokenType.L_PAREN) - (kind == TokenType.R_PAREN)
        if not depth:
            return index
    return None


def _without_watermarks(text: str, tokens: list[Token]) -> tuple[list[Token], list[Watermark]]:
    """The tokens without `WATERMARK column DELAY OF INTERVAL …`, and what those say."""
    kept: list[Token] = []
    found: list[Watermark] = []
    cursor = Cursor(text, tokens)
    while not cursor.done:
        if kept and cursor.word() == "WATERMARK" and cursor.word(2) == "DELAY":
            cursor.at += 1
            column = cursor.name()
            cursor.expect("DELAY OF INTERVAL")
            delay = _delay(cursor)
            found.append(Watermark(_relation(cursor, kept), column, delay))
        else:
            kept.append(tokens[cursor.at])
            cursor.at += 1
    return kept, found


def _delay(cursor: Cursor) -> int:
    """Milliseconds of `10 MINUTES`, `'10' MINUTES`, `'10 minutes'`, `1 HOUR 30 MINUTES`."""
    parts: list[str] = []
    start = cursor.at
    while not cursor.done:
        token = cursor.tokens[cursor.at]
        if token.token_type not in (TokenType.NUMBER, TokenType.STRING):
            break
        cursor.at += 1
        parts.append(token.text)
        if token.token_type == TokenType.NUMBER or token.text.replace(".", "").isdecimal():
            parts.append(cursor.name())
    try:
        return delay_ms(" ".join(parts))
    except (InvalidArgument, ValueError) as error:
        cursor.at = start
        raise cursor.error(f"an interval is expected ({error})") from None


def _relation(cursor: Cursor, kept: list[Token]) -> str:
    """The alias that follows a watermark, or else the name that stands before it."""
    if cursor.word() == "AS":
        return cursor.tokens[cursor.at + 1].text if cursor.at + 1 < len(cursor.tokens) else ""
    after = None if cursor.done else cursor.tokens[cursor.at]
    if after is not None and after.token_type in (TokenType.VAR, TokenType.IDENTIFIER):
        quoted = after.token_type == TokenType.IDENTIFIER
        if quoted or after.text.upper() not in NO_ALIAS:
            return after.text
    if kept[-1].token_type == TokenType.R_PAREN:
        return _before_brackets(kept)
    return kept[-1].text


def _before_brackets(kept: list[Token]) -> str:
    """The name in `STREAM(name)`, or of the function in `read_kafka(…)`; empty for a subquery."""
    depth, at = 0, len(kept)
    while at:
        at -= 1
        kind = kept[at].token_type
        depth += (kind == TokenType.R_PAREN) - (kind == TokenType.L_PAREN)
        if not depth:
            break
    before = kept[at - 1] if at else None
    if before is not None and before.token_type == TokenType.STREAM:
        inside = kept[at + 1 : -1]
        is_call = inside and inside[-1].token_type == TokenType.R_PAREN
        return _before_brackets(inside) if is_call else (inside[-1].text if inside else "")
    return before.text if before is not None and before.token_type == TokenType.VAR else ""
