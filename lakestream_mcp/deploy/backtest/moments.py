"""Times in the bounds of a slice."""

from __future__ import annotations

import datetime as dt

from ...cep.events import TIME_FORMS, moment
from ...cep.physical import EPOCH
from ...errors import InvalidArgument


def micros(text: str, name: str) -> int:
    """Microseconds since 1970. Raises InvalidArgument."""
    try:
        at = moment(text)
    except (TypeError, ValueError):
        raise InvalidArgument(
            f"`{name}` of the history is no time.",
            where={"argument": "history", "field": name},
            got=text,
            expected=TIME_FORMS,
        ) from None
    microseconds: int = (at - EPOCH) // dt.timedelta(microseconds=1)
    return microseconds
