"""What an author's own stateful code hands to both hosts: it has no matcher and no match rows."""

from __future__ import annotations

import hashlib
from typing import Any, Literal, NamedTuple

from ..graph.model import Column
from .pattern_type import StatefulType

TimeMode = Literal["none", "event_time", "processing_time"]


class StateVariable(NamedTuple):
    """A state that a processor declares: `value`, `list` or `map`; the last schema is its value."""

    name: str
    kind: str
    schemas: tuple[str, ...]


class ProcessorPlan(NamedTuple):
    """An author's own StatefulProcessor, as both hosts run it: `code` is taken word for word.

    imports: the modules it names. output: the columns of the Rows it yields.
    """

    code: str
    class_name: str
    imports: tuple[str, ...]
    states: tuple[StateVariable, ...]
    key: tuple[str, ...]
    output: tuple[Column, ...]
    time_mode: TimeMode
    output_mode: str

    @property
    def sha256(self) -> str:
        """The hash that generated code and test runs both name."""
        return hashlib.sha256(self.code.encode("utf-8", "surrogatepass")).hexdigest()


class ProcessorType(StatefulType):
    """The author's own stateful code, whose rows have the columns it declares."""

    def processor(self, config: Any) -> ProcessorPlan:
        """What runs, and how."""
        raise NotImplementedError
