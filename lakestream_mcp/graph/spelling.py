"""Other ways in which agents write changes, read as the one that `changes.py` declares.

Only what can mean one thing is read: a flat `add_node`, an edge `from` … `to`, a port after the
name of its node. What was read is told with the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .changes import Change
from .model import Strict

Written = dict[str, object]
Given = Change | Mapping[str, object]

_OPS = {
    "add": "add_node",
    "create_node": "add_node",
    "update": "update_node",
    "edit_node": "update_node",
    "modify_node": "update_node",
    "configure_node": "update_node",
    "remove": "remove_node",
    "delete": "remove_node",
    "delete_node": "remove_node",
    "add_edge": "connect",
    "create_edge": "connect",
    "connect_nodes": "connect",
    "remove_edge": "disconnect",
    "delete_edge": "disconnect",
    "rename": "rename_node",
}
_ENDS = {
    **dict.fromkeys(("from", "from_node", "source_node", "source_id"), "source"),
    **dict.fromkeys(("to", "to_node", "target_node", "target_id"), "target"),
    "from_port": "source_port",
    "to_port": "target_port",
}
_OF_NODE = ("id", "type", "name", "config", "position")
_NODE = {"node_id": "id", "title": "name", "node_type": "type"}


def as_declared(changes: Sequence[Given]) -> tuple[list[Given], list[str]]:
    """The changes as they are declared, and what was read as what."""
    told: dict[str, None] = {}
    return [_change(change, told) for change in changes], list(told)


def _change(change: Given, told: dict[str, None]) -> Given:
    if isinstance(change, Strict) or not isinstance(change, Mapping):
        return change
    written = _named(dict(change), {} if "op" in change else {"action": "op"}, told)
    op = written.get("op")
    if isinstance(op, str) and op in _OPS:
        told[f"read op `{op}` as `{_OPS[op]}`"] = None
        op = written["op"] = _OPS[op]
    if op == "add_node":
        return _added(written, told)
    if op in ("update_node", "rename_node", "remove_node"):
        return _existing(written, told)
    if op in ("connect", "disconnect"):
        return _edge(written, told)
    document = written.get("document")
    if op == "replace_document" and isinstance(document, Mapping):
        return written | {"document": _document(document, told)}
    return written


def _document(document: Mapping[str, object], told: dict[str, None]) -> Written:
    """A document whose edges may be `from` … `to` and whose nodes may have no titles."""
    written = dict(document)
    for part, read in (("nodes", _titled), ("edges", _edge)):
        items = written.get(part)
        if isinstance(items, list):
            written[part] = [read(dict(i), told) if isinstance(i, Mapping) else i for i in items]
    return written


def _named(written: Written, names: Mapping[str, str], told: dict[str, None]) -> Written:
    """Keys under the names that they mean, where those are free."""
    for key, name in names.items():
        if key in written and name not in written:
            written[name] = written.pop(key)
            told[f"read `{key}` as `{name}`"] = None
    return written


def _added(written: Written, told: dict[str, None]) -> Written:
    node = written.get("node", {})
    if not isinstance(node, Mapping):
        return written
    written = _named(written, _NODE, told)
    flat = {key: written.pop(key) for key in _OF_NODE if key in written and key not in node}
    if flat:
        told[f"read `{'`, `'.join(flat)}` as belonging to `node`"] = None
    written["node"] = _named({**node, **flat}, _NODE, told)
    after = written.get("after")
    if isinstance(after, list) and len(after) == 1:
        written["after"] = after[0]
    return written


def _existing(written: Written, told: dict[str, None]) -> Written:
    node = written.get("node")
    if isinstance(node, Mapping) and "id" not in written:
        del written["node"]
        told["read what `node` holds as the change"] = None
        written = {**written, **node}
    return _named(written, {"node": "id", "node_id": "id", "title": "name"}, told)


def _edge(written: Written, told: dict[str, None]) -> Written:
    written = _named(written, _ENDS, told)
    for end in ("source", "target"):
        text = written.get(end)
        for mark in (":", "."):
            if isinstance(text, str) and text.count(mark) == 1 and not written.get(f"{end}_port"):
                written[end], written[f"{end}_port"] = text.split(mark)
                told[f"read `{text}` as a port of `{written[end]}`"] = None
                break
    return written


def _titled(written: Written, told: dict[str, None]) -> Written:
    written = _named(written, _NODE, told)
    name = written.get("id")
    if "name" not in written and isinstance(name, str) and name:
        written["name"] = name.replace("_", " ").capitalize()
    return written
