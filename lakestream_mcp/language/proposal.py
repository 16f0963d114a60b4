"""What every back-end is given, and what it gives back: words in, changes of a pipeline out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from ..catalog import Catalog
    from ..graph.changes import Change
    from ..graph.model import PipelineDocument


class Request(NamedTuple):
    """What was asked, and what is known while answering.

    `document` is the pipeline to change, empty for a new one. `columns` are the output columns and
    Spark types of its nodes, by node id. `schema` are columns and Spark types of the events that a
    new source is to have, in the caller's words; empty when nothing was said.
    """

    text: str
    document: PipelineDocument
    columns: Mapping[str, Mapping[str, str]]
    schema: Mapping[str, str]
    catalog: Catalog


class Question(NamedTuple):
    """Something that the words leave open: what to ask the user, and answers that would do."""

    text: str
    options: tuple[str, ...] = ()


class Draft(NamedTuple):
    """Changes that were understood, on trial until the validator has seen them.

    `assumptions` say in sentences what was chosen although the words did not say it, `questions`
    what must be answered first, `refusal` why nothing can be done, `instead` the operation that
    can. With a refusal there are no changes.
    """

    changes: tuple[Change, ...] = ()
    assumptions: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    refusal: str = ""
    instead: str = ""


class Backend(Protocol):
    """Something that turns words into a draft: rules, or a model behind a service."""

    name: str

    def draft(self, request: Request) -> Draft:
        """A first draft. Raises LakestreamError when the back-end cannot answer."""
        ...

    def repair(
        self, request: Request, draft: Draft, findings: Sequence[Mapping[str, Any]]
    ) -> Draft:
        """The draft again, given what the validator says of it."""
        ...
