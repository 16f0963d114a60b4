"""Functions of several rows' values that are worked out in Python: texts, arrays, whole numbers.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from ...cep.expression_python import REAL, WHOLE, Typed
from .decimals import is_decimal
from .times import moved

if TYPE_CHECKING:
    from .expressions import RowWriter

TEXT = "string"
FUNCTIONS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "concat": ("text_concat", ("text*",), TEXT),
    "lower": ("str.lower", (TEXT,), TEXT),
    "upper": ("str.upper", (TEXT,), TEXT),
    "length": ("len", (TEXT,), "int"),
    "char_length": ("len", (TEXT,), "int"),
    "reverse": ("text_reverse", (TEXT,), TEXT),
    "trim": ("text_trim", (TEXT,), TEXT),
    "ltrim": ("text_ltrim", (TEXT,), TEXT),
    "rtrim": ("text_rtrim", (TEXT,), TEXT),
    "replace": ("str.replace", (TEXT, TEXT, TEXT), TEXT),
    "contains": ("text_contains", (TEXT, TEXT), "boolean"),
    "startswith": ("str.startswith", (TEXT, TEXT), "boolean"),
    "endswith": ("str.endswith", (TEXT, TEXT), "boolean"),
    "substring": ("text_substring", (TEXT, "whole", "whole?"), TEXT),
    "substr": ("text_substring", (TEXT, "whole", "whole?"), TEXT),
    "repeat": ("text_repeat", (TEXT, "whole"), TEXT),
    "size": ("len", ("container",), "int"),
    "cardinality": ("len", ("container",), "int"),
    "map_keys": ("map_keys", ("map",), "keys"),
    "map_values": ("map_values", ("map",), "values"),
    "array_size": ("len", ("array",), "int"),
    "array_join": ("array_join", ("array", TEXT, f"{TEXT}?"), TEXT),
    "array_contains": ("array_contains", ("array", "element"), "boolean"),
    "element_at": ("array_element", ("container", "element"), "element"),
    "array_distinct": ("array_distinct", ("array",), "array"),
    "array_sort": ("array_sorted", ("array",), "array"),
    "sort_array": ("array_sorted", ("array",), "array"),
    "mod": ("sql_mod", ("whole", "whole"), "whole"),
    "floor": ("number_floor", ("number",), "bigint"),
    "ceil": ("number_ceil", ("number",), "bigint"),
    "ceiling": ("number_ceil", ("number",), "bigint"),
    "sqrt": ("number_sqrt", ("number",), "double"),
    "power": ("pow", ("number", "number"), "double"),
    "pow": ("pow", ("number", "number"), "double"),
    "round": ("number_round", ("number",), "same"),
}
"""SQL name → Python function, what its arguments are, and what it gives. A `?` marks what may be
left out, a `*` what may be repeated."""
_NAMES: dict[type[exp.Expr], str] = {
    exp.Lower: "lower",
    exp.Upper: "upper",
    exp.Substring: "substring",
    exp.Trim: "trim",
    exp.Floor: "floor",
    exp.Ceil: "ceil",
    exp.Sqrt: "sqrt",
    exp.Concat: "concat",
    exp.DPipe: "concat",
}


def scalar(writer: RowWriter, node: exp.Expr) -> Typed | None:
    """The code of a function that is worked out in Python; None if it is none of them."""
    method = _SYNTAX.get(type(node))
    if method is not None:
        return method(writer, node)
    name = _NAMES.get(type(node))
    if isinstance(node, exp.Anonymous):
        name = str(node.this).lower()
    if name not in FUNCTIONS:
        return None
    return _function(writer, node, name)


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.DPipe):
        return [node.this, node.expression]
    if isinstance(node, exp.Substring):
        parts = (node.this, node.args.get("start"), node.args.get("length"))
        return [part for part in parts if part is not None]
    if isinstance(node, (exp.Anonymous, exp.Concat)):
        return list(node.expressions)
    return [node.this]


def _function(writer: RowWriter, node: exp.Expr, name: str) -> Typed | None:
    function, wanted, result = FUNCTIONS[name]
    arguments = _arguments(node)
    extra = {k for k, v in node.args.items() if v} - {
        *("this", "expressions", "expression", "start", "length", "safe", "coalesce"),
    }
    if extra:
        return None
    written = [writer.write(argument) for argument in arguments]
    if name == "concat" and any(w.type.startswith("array<") for w in written):
        function, wanted, result = "array_concat", ("array*",), "array"
    kinds = [wanted[0].rstrip("*")] * len(written) if wanted[0].endswith("*") else list(wanted)
    if not sum(not k.endswith("?") for k in kinds) <= len(written) <= len(kinds):
        return None
    for value, kind in zip(written, kinds, strict=False):
        if not _fits(value.type, kind.rstrip("?")):
            return None
    if name == "element_at" and written[0].type.startswith("map<"):
        return _entry(written[0], written[1])
    if result in ("array", "element", "keys", "values"):
        result = _part_type(written[0].type, result)
    if result == "double":
        written = [value._replace(code=f"sql_float({value.code})") for value in written]
    if result == "same":
        result = written[0].type
    if result == "whole":
        result = max((w.type for w in written), key=lambda kind: WHOLE.get(kind, 0))
        return Typed(f"{function}({', '.join(w.code for w in written)})", result)
    return Typed(f"sql_call({', '.join([function, *(w.code for w in written)])})", result)


def _part_type(whole: str, part: str) -> str:
    """The type of an array's element, or of a map's keys or values as an array."""
    if part == "array" or whole == "void":
        return whole
    if part == "element":
        return whole[6:-1]
    key, _, value = whole[4:-1].partition(",")
    return f"array<{key if part == 'keys' else value}>"


def _entry(whole: Typed, key: Typed) -> Typed | None:
    """The value of a key in a map; NULL if there is none."""
    kind, _, value = whole.type[4:-1].partition(",")
    if not (kind == key.type or {kind, key.type} <= {*WHOLE, "void"}):
        return None
    return Typed(f"sql_call(dict.get, {whole.code}, {key.code})", value)


def _bracket(writer: RowWriter, node: exp.Expr) -> Typed | None:
    """`array[n]`, where n counts from 0, or `map['key']`: other keys only by ELEMENT_AT."""
    if len(node.expressions) != 1:
        return None
    whole, place = writer.write(node.this), writer.write(node.expressions[0])
    if whole.type.startswith("map<string,"):
        return _entry(whole, place)
    if not whole.type.startswith("array<") or place.type not in WHOLE:
        return None
    return Typed(f"sql_call(array_at, {whole.code}, {place.code})", whole.type[6:-1])


def _fits(given: str, wanted: str) -> bool:
    if given == "void" or wanted == "element":
        return True
    if wanted == "text":
        return given in (TEXT, "boolean", *WHOLE)
    if wanted == "whole":
        return given in WHOLE
    if wanted == "number":
        return given in (*WHOLE, *REAL)
    if wanted in ("array", "map", "container"):
        return given.startswith(("array<", "map<") if wanted == "container" else f"{wanted}<")
    return given == wanted


def _array(writer: RowWriter, node: exp.Expr) -> Typed | None:
    if not node.expressions:
        return None
    written = writer._alike(node, [writer.write(e) for e in node.expressions], False)
    codes = "".join(f"{value.code}, " for value in written)
    return Typed(f"({codes.rstrip()})", f"array<{written[0].type}>")


def _whole_division(writer: RowWriter, node: exp.Expr) -> Typed | None:
    left, right = writer.write(node.this), writer.write(node.expression)
    if not {left.type, right.type} <= {*WHOLE, "void"}:
        return None
    return Typed(f"sql_call(whole_quotient, {left.code}, {right.code})", "bigint")


def _like(writer: RowWriter, node: exp.Expr) -> Typed | None:
    pattern = node.expression
    value = writer.write(node.this)
    if not isinstance(pattern, exp.Literal) or value.type not in (TEXT, "void"):
        return None
    return Typed(f"sql_call(text_like, {value.code}, {pattern.this!r})", "boolean")


def _cast(writer: RowWriter, node: exp.Expr) -> Typed | None:
    """CAST of whole numbers, booleans and texts to text; others are left to the base."""
    wanted = node.args["to"].sql("spark").lower()
    value = writer.write(node.this)
    if wanted == value.type or (value.type == "void" and wanted in (TEXT, "boolean", *WHOLE)):
        return value._replace(type=wanted)
    if wanted == "double" and is_decimal(value.type):
        return writer._as_double(value)
    if wanted == TEXT and value.type in ("boolean", *WHOLE):
        return Typed(f"sql_call(text_of, {value.code})", TEXT)
    return None


_SYNTAX: dict[type[exp.Expr], Callable[[RowWriter, exp.Expr], Typed | None]] = {
    exp.Add: moved,
    exp.Sub: moved,
    exp.Array: _array,
    exp.Bracket: _bracket,
    exp.IntDiv: _whole_division,
    exp.Like: _like,
    exp.Cast: _cast,
    exp.TryCast: _cast,
}
