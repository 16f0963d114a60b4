"""What can go wrong between here and a workspace: its kinds, in plain words, and what follows."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, TypeVar

from ..errors import DatabricksFailed

T = TypeVar("T")
WAYS = (
    "Set DATABRICKS_HOST with DATABRICKS_TOKEN (or DATABRICKS_CLIENT_ID and "
    "DATABRICKS_CLIENT_SECRET) where the server runs, or name a profile of ~/.databrickscfg in "
    "LAKESTREAM_DATABRICKS_PROFILE. All else works without a workspace."
)
LOST = (
    "It may have been done, or still be running: do not send it again, look first "
    "(get_deployment, discover_schema)."
)
STATUS = re.compile(r"Request log:.*? < (\d{3} [\w -]+)", re.DOTALL)
"""The status of an answer that the SDK could make nothing of, in its report of it."""
SAID_MAX = 500


class Kind(NamedTuple):
    """A kind of failure: what follows from it, the classes of the SDK, of requests or of Python,
    and what is said instead of a library's words."""

    code: str
    retryable: bool
    hint: str
    classes: tuple[str, ...] = ()
    words: str = ""


KINDS = (
    Kind(
        "UNAUTHENTICATED",
        False,
        f"The token or secret is wrong or has expired. {WAYS}",
        ("Unauthenticated",),
    ),
    Kind(
        "FORBIDDEN",
        False,
        "Ask the owner of that object, or an admin, for the privilege named.",
        ("PermissionDenied",),
    ),
    Kind(
        "NOT_FOUND",
        False,
        "It does not exist, or you may not see it: discover_schema lists what you may see.",
        ("NotFound",),
    ),
    Kind(
        "ALREADY_EXISTS",
        False,
        "Something of that name is there and was left alone.",
        ("AlreadyExists", "ResourceAlreadyExists"),
    ),
    Kind(
        "CONFLICT",
        True,
        "Somebody changed it meanwhile: read it again, then repeat the call.",
        ("ResourceConflict",),
    ),
    Kind(
        "RATE_LIMITED",
        True,
        "The workspace is busy; the call was not carried out. Repeat it in a minute.",
        ("TooManyRequests",),
    ),
    Kind(
        "INVALID",
        False,
        "The workspace refused what was sent, and nothing was changed.",
        ("BadRequest",),
    ),
    Kind(
        "TIMEOUT",
        False,
        LOST,
        ("Timeout", "DeadlineExceeded", "TimeoutError"),
        "no answer came in time",
    ),
    Kind(
        "UNREACHABLE",
        False,
        f"Check the host and the network. {LOST}",
        ("ConnectionError", "ChunkedEncodingError"),
        "the connection was cut before the answer was there",
    ),
    Kind(
        "UNAVAILABLE",
        True,
        "The workspace is not available just now. Repeat the call in a minute.",
        ("TemporarilyUnavailable",),
    ),
    Kind(
        "UNREADABLE",
        False,
        "Mostly something between here and the workspace answers in its place, such as a proxy or "
        f"a page to sign in: open the workspace's address from here and look. {LOST}",
        (
            *("InvalidJSONError", "ContentDecodingError", "TooManyRedirects"),
            *("AttributeError", "TypeError", "KeyError", "Unreadable"),
        ),
        "the answer is not one of the workspace's",
    ),
)
QUOTA = Kind(
    "QUOTA",
    False,
    "Nothing was changed. Delete what is no longer needed, or ask an admin for a larger quota.",
)
CLOSED = Kind(
    "UNREACHABLE",
    True,
    "Nothing was sent. Check the host and the network, then repeat the call.",
    words="no connection could be made",
)
UNKNOWN = Kind("FAILED", False, LOST)


class Unreadable(ValueError):
    """An answer that lacks what such an answer always has."""


def whole(value: T | None) -> T:
    """What an answer always has. Raises Unreadable, to be called where `calling` turns it."""
    if value is None:
        raise Unreadable
    return value


def failure(error: Exception, what: str, where: dict[str, Any]) -> DatabricksFailed:
    """One failure of the SDK as a typed error."""
    cause = _cause(error)
    kind = _kind(cause)
    said = plain(cause)
    # An error of the service has its own sentence; a library's is about sockets and parsers.
    if kind.words and not hasattr(cause, "error_code"):
        said = kind.words
    return DatabricksFailed(
        f"Databricks: {what} failed: {said}.",
        code=f"DATABRICKS_{kind.code}",
        where=where,
        got=getattr(cause, "error_code", None),
        hint=kind.hint,
        retryable=kind.retryable,
    )


def never_sent(error: BaseException) -> bool:
    """Whether no connection came to be, so that nothing can have been done."""
    from requests import ConnectTimeout
    from urllib3.exceptions import NewConnectionError

    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, ConnectTimeout) or isinstance(reason, NewConnectionError)


def _cause(error: Exception) -> Exception:
    """The last answer that the SDK gave up on, instead of its own time-out of retries."""
    cause = error.__cause__
    return cause if isinstance(error, TimeoutError) and isinstance(cause, Exception) else error


def _kind(error: Exception) -> Kind:
    """What is known of a failure by its class; the first kind that it is one of."""
    import builtins

    import requests
    from databricks.sdk import errors as sdk

    def is_one(name: str) -> bool:
        places = (sdk, requests.exceptions, builtins)
        known = next((found for p in places if (found := getattr(p, name, None))), Unreadable)
        return isinstance(error, known)

    if never_sent(error):
        return CLOSED
    # Where a rate is limited, the service says so by a status that is waited for.
    if isinstance(error, sdk.ResourceExhausted) and error.retry_after_secs is None:
        return QUOTA
    return next((kind for kind in KINDS if any(map(is_one, kind.classes))), UNKNOWN)


def plain(error: Exception) -> str:
    """What the service said, without the SDK's account of its own configuration."""
    text = str(error).split(". Config: ")[0].split(". Env: ")[0]
    text = " ".join(text.split()).rstrip(".")
    if text.startswith("unable to parse response"):
        status = STATUS.search(text)
        return f"it was answered with {status[1].strip() if status else 'something unreadable'}"
    return text[:SAID_MAX] or type(error).__name__
