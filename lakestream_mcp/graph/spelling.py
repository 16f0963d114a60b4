"""Other ways in which agents write changes, read as the one that `changes.py` declares.

Only what can mean one thing is read: a flat `add_node`, one with its inputs inside, an op that is
the key, an edge `from` … `to` or a pair, a port after the name of its node. What was read is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeGuard

from .changes import OPS, Change
from .model import Strict
from .naming import snake_case

Written = dict[str, object]
Given = Change | Mapping[str, object]

_OPS = {
    **dict.fromkeys(("add", "add_source", "add_transform", "add_pattern", "add_sink"), "add_node"),
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
_FEEDING = dict.fromkeys(
    ("inputs", "input", "upstream", "depends_on", "after", "from", "source"), "after"
)
_OF_NODE = ("id", "type", "name", "config", "position")
_NODE = {"node_id": "id", "title": "name", "node_type": "type"}


def as_declared(changes: Sequence[Given]) -> tuple[list[Given], list[str]]:
    """The changes as they are declared, and what was read as what."""
    told: dict[str, None] = {}
    return [_change(change, told) for change in changes], list(told)


def _change(change: Given, told: dict[str, None]) -> Given:
    if isinstance(change, Strict) or not isinstance(change, Mapping):
        return change
    written = _with_op(dict(change), told)
    op = written.get("op")
    if isinstance(op, str) and op not in OPS and (meant := _op_of(op)):
        told[f"read op `{op}` as `{meant}`"] = None
        op = written["op"] = meant
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


def _op_of(name: object) -> str:
    """The op that a name means, in any spelling: `addNode`, `add-edge`; empty for none."""
    plain = snake_case(name) if isinstance(name, str) else ""
    return plain if plain in OPS else _OPS.get(plain, "")


def _with_op(written: Written, told: dict[str, None]) -> Written:
    """A change whose op is the key of what it is about, `{"add_node": {…}}`, or its `type`."""
    if "op" in written:
        return written
    if _op_of(written.get("type")):
        return _named(written, {"type": "op"}, told)
    keyed = [key for key in written if key in OPS or key in _OPS]
    about = written[keyed[0]] if len(keyed) == 1 else None
    if not isinstance(about, Mapping | str):
        return _named(written, {"action": "op"}, told)
    op = keyed[0]
    told[f"read the key `{op}` as the op"] = None
    rest: Written = {key: value for key, value in written.items() if key != op}
    return {"op": op, **({"id": about} if isinstance(about, str) else about), **rest}


def _document(document: Mapping[str, object], told: dict[str, None]) -> Written:
    """A document whose edges may be `from` … `to` or pairs, or stand in the nodes they lead to."""
    written = dict(document)
    nodes, edges = written.get("nodes"), written.get("edges", [])
    if isinstance(nodes, list) and isinstance(edges, list):
        fed: list[object] = []
        written["nodes"] = [_titled(dict(n), fed, told) if _is_object(n) else n for n in nodes]
        ends = [_as_edge(edge) for edge in (*edges, *fed)]
        written["edges"] = [_edge(dict(e), told) if isinstance(e, Mapping) else e for e in ends]
    return written


def _is_object(item: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(item, Mapping)


def _as_edge(item: object) -> object:
    """An edge as an object, where it is a pair or `a -> b`."""
    if isinstance(item, str) and item.count("->") == 1:
        item = [end.strip() for end in item.split("->")]
    if isinstance(item, list) and len(item) == 2:
        return {"source": item[0], "target": item[1]}
    return item


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
    inner = _named({**node, **flat}, _NODE, told)
    feeding = _named(inner, _FEEDING, told) if "after" not in written else inner
    written = _named(written, {k: v for k, v in _FEEDING.items() if k != v}, told)
    if "after" in feeding:
        written["after"] = feeding.pop("after")
    written["node"] = feeding
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


def _titled(written: Written, fed: list[object], told: dict[str, None]) -> Written:
    """A node of a document; the edges that stand in it go to `fed`."""
    written = _named(_named(written, _NODE, told), _FEEDING, told)
    feeding, name = written.pop("after", None), written.get("id")
    sources = feeding if isinstance(feeding, list) else [feeding] if feeding else []
    fed += [[source, name] for source in sources]
    if "name" not in written and isinstance(name, str) and name:
        written["name"] = name.replace("_", " ").capitalize()
    return written
