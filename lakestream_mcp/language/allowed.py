"""What changes that somebody else wrote may do: less than those that a caller sends.

The words are the measure. Own code, removals, and destinations outside enter a pipeline only when
the user's words ask for them; what a model read elsewhere, in names or in data, asks in vain.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import LakestreamError
from ..graph.changes import AddNode, Change, RemoveNode, ReplaceDocument, SetPipeline, UpdateNode
from ..graph.model import Finding
from ..graph.plain import holds_secret
from .webhook_addresses import webhook_of

if TYPE_CHECKING:
    from ..catalog import Catalog
    from .proposal import Request

CHANGES_MOST = 60
NODES_MOST = 200
TEXT_CHARACTERS = 4_000
DEPTH_MOST = 10
ITEMS_MOST = 200
NUMBER_MOST = 1e15
OWN_CODE = frozenset({"custom", "custom-sql", "custom-python-source", "custom-python-udf"})
ASKS_CODE = re.compile(r"\b(custom|own|python|udf|pandas|sql|code|function)\b", re.IGNORECASE)
ASKS_REMOVAL = re.compile(
    r"\b(remov\w*|delet\w*|drop\w*|without|replac\w*|instead|no longer|not anymore|rid of|"
    r"take (?:\S+ ){0,4}(?:out|away)|stop \w+ing|discard\w*|clear\w*|swap\w*|undo|rather than|"
    r"exchang\w*|no .{1,40} any ?more|(?:not|no longer|n't) (?:to|into|in) the|no more|"
    r"scrap|ditch|lose|bypass\w*|skip|omit|eliminate|disable|purge|kill|"
    r"(?:leave|cut|throw|kick|turn|switch) (?:\S+ ){0,4}(?:out|off)|do without|in place of|"
    r"(?:no|not|n't) (?:longer )?(?:need|want)(?:ed)?|superfluous|redundant|unnecessary|"
    r"obsolete|(?:can|should|must|may) go|"
    r"(?:merge|combine|join) .{1,40} (?:into (?:a single )?one|with (?:or|and))|"
    r"(?:turn|convert) .{1,40} into|(?:should|shall|must) (?:rather|better) be)\b|"
    r"\w ?(?:->|→|=>|➡) ?(?:an? |the )?(?:slack|teams|pager ?duty|e-?mail|kafka|topic|table)\b",
    re.IGNORECASE,
)
ADDRESS = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^/@\s]*@)?(?P<host>\[[^\]]*\]|[^/:?#\s,]+)"
    r"|(?P<mail>[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+)",
    re.IGNORECASE,
)
SERVER = re.compile(r"\s*(?P<host>[\w.-]+|\[[^\]]*\])(:\d{1,5})?\s*")
HOST_FIELD = re.compile(r"(host|servers?|namespace|arn|brokers?)$", re.IGNORECASE)
OF_THE_DOMAIN = frozenset({"host", "sender"})
PLACEHOLDER = re.compile(r"(^|\.)(example(\.(com|org|net))?|invalid|test|localhost)$")
OTHERWISE = "leave it out, or let the user's own words ask for it; edit_pipeline can do it too"
HOSTLESS = frozenset({"secret", "dbfs"})


def refusals(changes: Sequence[Change], request: Request) -> list[Finding]:
    """What is wrong with these changes beyond what the validator sees."""
    if len(changes) > CHANGES_MOST:
        return [_refused(f"{len(changes)} changes; a proposal has at most {CHANGES_MOST}")]
    added = sum(isinstance(change, AddNode) for change in changes)
    if len(request.document.nodes) + added > NODES_MOST:
        return [_refused(f"a proposal makes no pipeline of more than {NODES_MOST} nodes")]
    again = {change.node.id for change in changes if isinstance(change, AddNode)}
    judged = [c for c in changes if not (isinstance(c, RemoveNode) and c.id in again)]
    return [finding for change in judged for finding in _of(change, request)]


def flags(changes: Sequence[Change], request: Request) -> list[str]:
    """What a person should look at before accepting: own code, even if it was asked for."""
    types = {n.id: n.type for n in request.document.nodes}
    found = []
    for change in changes:
        kind = _type_of(change, types, request.catalog)
        if kind in OWN_CODE:
            found.append(f"`{kind}` runs code that was written for you: read it before accepting.")
    return list(dict.fromkeys(found))


def _of(change: Change, request: Request) -> Iterator[Finding]:
    node = change.node.id if isinstance(change, AddNode) else getattr(change, "id", None)
    if isinstance(change, ReplaceDocument):
        yield _refused("a proposal changes a pipeline and does not replace it")
        return
    types = {n.id: n.type for n in request.document.nodes}
    kind = _type_of(change, types, request.catalog)
    if kind in OWN_CODE and not ASKS_CODE.search(request.text):
        yield _refused(f"`{kind}` holds own code, which was not asked for", node, "CODE_NOT_ASKED")
    if isinstance(change, RemoveNode) and not ASKS_REMOVAL.search(request.text):
        why = f"nothing was said of removing `{node}`; say for example `remove`, or `instead`"
        yield _refused(why, node, "REMOVAL_NOT_ASKED")
    if isinstance(change, SetPipeline) and (change.settings or change.status):
        yield _refused("settings and status of a pipeline are set with edit_pipeline")
    said = change.model_dump(exclude_none=True)
    yield from _bounds(said, node)
    yield from _secrets(said, node)
    yield from _destinations(said, node, _known(request))


def _type_of(change: Change, types: Mapping[str, str], catalog: Catalog) -> str | None:
    """The type of the node a change is about, by its own name."""
    name = None
    if isinstance(change, AddNode):
        name = change.node.type
    elif isinstance(change, UpdateNode):
        name = types.get(change.id)
    try:
        return catalog.get(name).type if name else None
    except LakestreamError:
        return name


def _bounds(value: Any, node: str | None, path: str = "", depth: int = 0) -> Iterator[Finding]:
    """Texts, numbers, lists and depth within what a configuration needs."""
    if depth > DEPTH_MOST:
        yield _refused(f"`{path}` is nested deeper than {DEPTH_MOST} levels", node)
    elif isinstance(value, str):
        if len(value) > TEXT_CHARACTERS:
            yield _refused(f"`{path}` is longer than {TEXT_CHARACTERS} characters", node)
    elif isinstance(value, (int, float)):
        if not math.isfinite(value) or abs(value) > NUMBER_MOST:
            yield _refused(f"`{path}` is a number beyond {NUMBER_MOST:g}", node)
    elif isinstance(value, (Mapping, list)):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        if len(value) > ITEMS_MOST:
            yield _refused(f"`{path}` has more than {ITEMS_MOST} items", node)
            return
        for key, item in items:
            yield from _bounds(item, node, f"{path}.{key}" if path else str(key), depth + 1)


def _secrets(value: Any, node: str | None) -> Iterator[Finding]:
    """Passwords and keys that are no references: they would be kept with the proposal."""
    if isinstance(value, list):
        for item in value:
            yield from _secrets(item, node)
    if not isinstance(value, Mapping):
        return
    for name, item in value.items():
        text = item if isinstance(item, str) else ""
        named = text and holds_secret(str(name)) and not is_reference(text)
        if named or webhook_of(text):
            yield _refused(
                f"`{name}` is a secret: put it in a secret scope, and write `secret://scope/key`",
                node,
                "SECRET_IN_WORDS",
            )
        yield from _secrets(item, node)


def is_reference(text: str) -> bool:
    """Whether a text only says where a secret is kept."""
    return text.startswith("secret://")


def _destinations(value: Any, node: str | None, known: str) -> Iterator[Finding]:
    """Hosts and addresses that neither the words nor the pipeline name."""
    for field, text in _named_texts(value):
        for place in _places(field, text):
            if not _is_named(place, field, known):
                yield _refused(
                    f"`{place[:100]}` was named neither in the words nor in the pipeline",
                    node,
                    "DESTINATION_NOT_NAMED",
                )


def _is_named(place: str, field: str, known: str) -> bool:
    """Whether words or pipeline name a place; a mail's sender and server may be of the domain that
    a recipient of theirs is of."""
    host = place.rsplit("@", 1)[-1]
    named = rf"(?<![\w.-]){re.escape(place)}(?![\w-])(?!\.\w)"
    if PLACEHOLDER.search(host) or re.search(named, known):
        return True
    domains = {
        found["mail"].rsplit("@", 1)[-1] for found in ADDRESS.finditer(known) if found["mail"]
    }
    return field in OF_THE_DOMAIN and any(f".{host}".endswith(f".{domain}") for domain in domains)


def _places(field: str, text: str) -> Iterator[str]:
    """The hosts and addresses in a text: where it has their form, or its field says so."""
    for found in ADDRESS.finditer(text):
        if (found["scheme"] or "").lower() not in HOSTLESS:
            yield (found["host"] or found["mail"]).lower().strip("[]")
    servers = [SERVER.fullmatch(part) for part in text.split(",")]
    are_servers = HOST_FIELD.search(field) or all(server and server[2] for server in servers)
    if are_servers and "://" not in text:
        yield from (s["host"].lower().strip("[]") if s else text.lower() for s in servers)


def _known(request: Request) -> str:
    named = _named_texts([n.config for n in request.document.nodes])
    return "\n".join([request.text, *(text for _, text in named)]).lower()


def _named_texts(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Every text with the name of the field it stands in."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _named_texts(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _named_texts(item, field)


def _refused(message: str, node: str | None = None, code: str = "CHANGE_NOT_ALLOWED") -> Finding:
    return Finding(code=code, severity="error", message=message, node=node, hint=OTHERWISE)
