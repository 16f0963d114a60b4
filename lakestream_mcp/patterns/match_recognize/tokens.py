"""Tokens of a MATCH_RECOGNIZE clause, with their places in the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ...errors import InvalidSql, LimitExceeded

FIELD = "clause"
MAX_TEXT = 50_000
_TOKEN = re.compile(
    r"(?P<space>\s+|--[^\n]*|/\*.*?\*/)"
    r"|(?P<word>[^\W\d]\w*)"
    r"|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?\w*|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<string>'(?:[^'\\]|\\.|'')*')"
    r'|(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)'
    r"|(?P<sign>\{-|-\}|\|\||<=>|<=|>=|<>|!=|->|.)",
    re.S,
)


class Token(NamedTuple):
    """`kind`: word, number, string, quoted (a delimited name) or sign; `end` is exclusive."""

    kind: str
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords (in capitals)."""
        return self.kind == "word" and self.text.upper() in words

    def is_sign(self, *signs: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind == "sign" and self.text in signs

    @property
    def is_name(self) -> bool:
        """Whether it names something."""
        return self.kind in ("word", "quoted")

    @property
    def plain(self) -> str:
        """The name itself, without quotes."""
        if self.kind == "quoted":
            quote = self.text[0]
            return self.text[1:-1].replace(quote * 2, quote)
        return self.text

    @property
    def label(self) -> str:
        """The name as SQL compares it: in capitals unless it is delimited."""
        return self.plain if self.kind == "quoted" else self.text.upper()


END = Token("end", "", 0, 0)


def tokenize(text: str) -> list[Token]:
    """The tokens, without white space and comments. Raises LimitExceeded, InvalidSql."""
    if len(text) > MAX_TEXT:
        raise LimitExceeded(
            f"A clause has at most {MAX_TEXT} characters.",
            where={"field": FIELD},
            got=len(text),
            expected=MAX_TEXT,
        )
    found = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "sign"
        if kind == "sign" and match.group() in ("'", '"', "`"):
            raise syntax_error("a quote is not closed", text[match.start() :])
        if kind != "space":
            found.append(Token(kind, match.group(), match.start(), match.end()))
    return found


def syntax_error(message: str, got: str, expected: str | None = None) -> InvalidSql:
    """An error about text that is no MATCH_RECOGNIZE clause."""
    return InvalidSql(
        f"MATCH_RECOGNIZE: {message}.",
        code="SYNTAX_ERROR",
        where={"field": FIELD},
        got=got[:120],
        expected=expected,
    )


class Reader:
    """A cursor over tokens of a text."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0

    def peek(self, ahead: int = 0) -> Token:
        """The token at hand, or one after it; `END` behind the last."""
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else END

    def take(self) -> Token:
        """The token at hand; the cursor moves on."""
        token = self.peek()
        self.at += 1
        return token

    def accept(self, *words: str) -> bool:
        """Move past these keywords if they are next."""
        if all(self.peek(i).is_word(word) for i, word in enumerate(words)):
            self.at += len(words)
            return True
        return False

    def accept_sign(self, *signs: str) -> str | None:
        """Move past one of these signs if it is next."""
        return self.take().text if self.peek().is_sign(*signs) else None

    def expect_sign(self, sign: str) -> None:
        """Move past a sign. Raises InvalidSql."""
        if not self.accept_sign(sign):
            raise self.error(f"`{sign}` is missing", sign)

    def expect(self, *words: str) -> None:
        """Move past keywords. Raises InvalidSql."""
        if not self.accept(*words):
            raise self.error(f"`{' '.join(words)}` is missing", " ".join(words))

    def name(self, what: str) -> Token:
        """A name. Raises InvalidSql."""
        if not self.peek().is_name:
            raise self.error(f"{what} is missing", "a name")
        return self.take()

    def end(self) -> None:
        """Nothing may follow. Raises InvalidSql."""
        if self.at < len(self.tokens):
            raise self.error(f"`{self.peek().text}` is not expected")

    def error(self, message: str, expected: str | None = None) -> InvalidSql:
        """An error at the token at hand, showing what follows."""
        token = self.peek()
        rest = self.text[token.start :] if token is not END else "the end of the clause"
        if token is END and self.tokens:
            message += f" after `{self.tokens[-1].text}`"
        return syntax_error(message, rest, expected)

    def inside(self) -> Reader:
        """The tokens between `(` at hand and its `)`; the cursor moves behind it."""
        if not self.peek().is_sign("("):
            raise self.error("`(` is missing", "(")
        first = self.at + 1
        depth = 0
        while self.at < len(self.tokens):
            token = self.take()
            if token.is_sign("("):
                depth += 1
            elif token.is_sign(")"):
                depth -= 1
                if depth == 0:
                    return Reader(self.text, self.tokens[first : self.at - 1])
        raise self.error("`)` is missing", ")")

    def parts(self, sign: str = ",") -> list[Reader]:
        """The tokens between signs that stand in no brackets."""
        found: list[Reader] = []
        depth, first = 0, 0
        for at, token in enumerate(self.tokens):
            if token.is_sign("(", "["):
                depth += 1
            elif token.is_sign(")", "]"):
                depth -= 1
            elif depth == 0 and token.is_sign(sign):
                found.append(Reader(self.text, self.tokens[first:at]))
                first = at + 1
        return [*found, Reader(self.text, self.tokens[first:])]

    def source(self) -> str:
        """The text from the cursor to the last token."""
        if self.at >= len(self.tokens):
            return ""
        return self.text[self.tokens[self.at].start : self.tokens[-1].end]


def clause_reader(text: str) -> Reader:
    """A reader of a clause. Raises InvalidSql where a query stands around it."""
    reader = Reader(text, tokenize(text))
    if reader.accept("SELECT"):
        raise syntax_error(
            "the clause stands alone, without the query around it; a map-select node behind it "
            "chooses columns",
            text,
            "PARTITION BY … ORDER BY … PATTERN (…) DEFINE …",
        )
    return reader
