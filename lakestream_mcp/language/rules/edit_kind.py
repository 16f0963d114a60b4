"""What all kinds of edits have: the configurations that they change, and the flow around them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from .phrase import Phrase

if TYPE_CHECKING:
    from .edit_values import Values


class EditKind(ABC):
    """Reads clauses of one kind."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.flow = values.flow

    @abstractmethod
    def readers(self) -> tuple[Callable[[Phrase], bool], ...]:
        """What is tried, in order."""
