"""Answers of the service that are no success: status, its `error_code`, and a sentence."""

from __future__ import annotations


class Refused(Exception):
    """What a handler raises; the server turns it into the service's JSON."""

    def __init__(self, status: int, error_code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code
        self.message = message

    def to_json(self) -> dict[str, object]:
        """The body of the answer."""
        return {"error_code": self.error_code, "message": self.message}


def invalid(message: str) -> Refused:
    """What was sent cannot be used."""
    return Refused(400, "INVALID_PARAMETER_VALUE", message)


def missing(message: str, error_code: str = "RESOURCE_DOES_NOT_EXIST") -> Refused:
    """There is no such thing, or the caller may not see it."""
    return Refused(404, error_code, message)


def denied(message: str) -> Refused:
    """The caller may not do this."""
    return Refused(403, "PERMISSION_DENIED", message)


def exists(message: str, error_code: str = "RESOURCE_ALREADY_EXISTS") -> Refused:
    """The name is taken."""
    return Refused(409 if error_code == "RESOURCE_CONFLICT" else 400, error_code, message)


def conflict(message: str) -> Refused:
    """Changed meanwhile, or busy."""
    return Refused(409, "RESOURCE_CONFLICT", message)


def bad_state(message: str) -> Refused:
    """Not in the state that this needs."""
    return Refused(400, "INVALID_STATE", message)
