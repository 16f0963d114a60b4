"""A cursor over the tokens of one statement.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from sqlglot.tokenizer_core import Token, TokenType

QUOTED = (TokenType.STRING, TokenType.IDENTIFIER)
OPENING = {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}


class NotRead(Exception):
    """A statement that is none of the known ones; `offset` is where that became clear."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


class Cursor:
    """Tokens of a text, taken one after the other. All methods that take raise NotRead."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0

    @property
    def done(self) -> bool:
        """Whether no token is left."""
        return self.at >= len(self.tokens)

    def word(self, ahead: int = 0) -> str:
        """A token's text in capitals; empty at the end and for anything quoted."""
        at = self.at + ahead
        if at >= len(self.tokens) or self.tokens[at].token_type in QUOTED:
            return ""
        return self.tokens[at].text.upper()

    def at_words(self, words: str) -> bool:
        """Whether these words come next."""
        return self._count(words) > 0

    def accept(self, words: str) -> bool:
        """Take these words if they come next."""
        count = self._count(words)
        self.at += count
        return count > 0

    def _count(self, words: str) -> int:
        """How many tokens these words are, if they come next; some tokens are several words."""
        left, ahead = words.split(), 0
        while left:
            found = self.word(ahead).split()
            if not found or left[: len(found)] != found:
                return 0
            left = left[len(found) :]
            ahead += 1
        return ahead

    def expect(self, words: str) -> None:
        """Take these words, which must come next."""
        if not self.accept(words):
            raise self.error(f"{words} is expected")

    def one_of(self, *choices: str) -> str | None:
        """Take the first of some words that comes next."""
        return next((words for words in choices if self.accept(words)), None)

    def error(self, reason: str) -> NotRead:
        """The statement cannot be read from here on."""
        if self.done:
            return NotRead(f"{reason}, but the statement ends", len(self.text))
        token = self.tokens[self.at]
        shown = self.text[token.start : token.end + 1][:60]
        return NotRead(f"{reason} at `{shown}`", token.start)

    def name(self) -> str:
        """A plain or back-quoted name."""
        if self.done:
            raise self.error("a name is expected")
        token = self.tokens[self.at]
        plain = token.text.isidentifier() and token.token_type != TokenType.STRING
        if token.token_type != TokenType.IDENTIFIER and not plain:
            raise self.error("a name is expected")
        self.at += 1
        return token.text

    def dotted(self) -> str:
        """A name of up to three parts, with the `LIVE.` of older code taken off."""
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        if len(parts) > 1 and parts[0].upper() == "LIVE":
            parts = parts[1:]
        if len(parts) > 3 or any("." in part for part in parts):
            raise self.error("a name has up to three parts, without dots inside")
        return ".".join(parts)

    def string(self) -> str:
        """A string literal's text."""
        if self.done or self.tokens[self.at].token_type != TokenType.STRING:
            raise self.error("a string is expected")
        self.at += 1
        return self.tokens[self.at - 1].text

    def brackets(self) -> Cursor:
        """What stands between brackets, as a cursor of its own."""
        self.expect("(")
        start, depth = self.at, 1
        while not self.done:
            depth += OPENING.get(self.tokens[self.at].token_type, 0)
            self.at += 1
            if not depth:
                return Cursor(self.text, self.tokens[start : self.at - 1])
        raise self.error("a bracket is not closed")

    def rest(self) -> list[Token]:
        """All tokens that are left."""
        self.at, start = len(self.tokens), self.at
        return self.tokens[start:]

    def until(self, *stops: str) -> list[Token]:
        """Tokens up to one of some words outside of brackets, or to the end."""
        start, depth = self.at, 0
        while not self.done:
            if not depth and any(self.at_words(words) for words in stops):
                break
            depth += OPENING.get(self.tokens[self.at].token_type, 0)
            self.at += 1
        return self.tokens[start : self.at]

    def source(self, tokens: list[Token]) -> str:
        """The text that some neighbouring tokens came from."""
        return self.text[tokens[0].start : tokens[-1].end + 1] if tokens else ""

    def names(self) -> tuple[str, ...]:
        """Names between brackets."""
        inside = self.brackets()
        found = [inside.name()]
        while inside.accept(","):
            found.append(inside.name())
        if not inside.done:
            raise inside.error("`,` is expected")
        return tuple(found)
