"""Doing work again that the database undid: it restarted, failed over, or took a lock away."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..errors import StoreFailed

ATTEMPTS = 6
"""A database that is going down, or an ill-fated lock, can undo the same work several times."""
T = TypeVar("T")


def repeated(work: Callable[[], T], saved: Callable[[], bool]) -> T:
    """The outcome of work that reaches nothing but the store, done again while nothing is saved."""
    for _ in range(ATTEMPTS - 1):
        try:
            return work()
        except StoreFailed as error:
            if saved() or not error.retryable:
                raise
    return work()
