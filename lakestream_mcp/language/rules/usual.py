"""A text of a new pipeline with other ways to say a thing replaced by the usual ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .alerting import alerting
from .copies import copied
from .defined import defined
from .held_against import held
from .how_many import counts_told
from .labelled import labelled
from .lettered import unlettered
from .phrasings import phrased
from .presence import present
from .remarks import told_of
from .reworded import reworded
from .shaped import addressed, shaped
from .spelt import spelt
from .tokens import Token
from .turned import turned
from .unnested import unnested

_WORDINGS = (
    addressed,
    defined,
    unlettered,
    counts_told,
    reworded,
    alerting,
    copied,
    labelled,
    phrased,
    turned,
)
_OF_COLUMNS = (present, unnested, shaped, held, spelt, told_of)


def usual(tokens: Sequence[Token]) -> list[Token]:
    """The text in the usual words, one rewording after the other."""
    said = list(tokens)
    for reworded_by in _WORDINGS:
        said = reworded_by(said)
    return said


def usual_of(tokens: Sequence[Token], columns: Mapping[str, str]) -> list[Token]:
    """The text with what it says of its columns drawn to them."""
    said = list(tokens)
    for reworded_by in _OF_COLUMNS:
        said = reworded_by(said, columns)
    return said
