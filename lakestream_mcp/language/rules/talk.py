"""What has to be said beside the changes: what was assumed, and what must be asked first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..proposal import Question


class Talk:
    """Assumptions and questions, each once, in the order they came up."""

    def __init__(self) -> None:
        self.assumptions: dict[str, None] = {}
        self.questions: dict[str, tuple[str, ...]] = {}

    def assume(self, sentence: str) -> None:
        """Something that was chosen although the words did not say it."""
        self.assumptions.setdefault(sentence)

    def ask(self, text: str, options: Iterable[str] = ()) -> None:
        """Something that the words leave open."""
        self.questions.setdefault(text, tuple(options)[:8])

    def asked(self) -> tuple[Question, ...]:
        """The questions, as a draft has them."""
        from ..proposal import Question

        return tuple(Question(text, options) for text, options in self.questions.items())
