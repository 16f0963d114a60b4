"""Aggregates over the rows of a match: which slot each keeps, and what is made of it."""

from __future__ import annotations

from typing import NamedTuple

from ...cep.expression_python import REAL, WHOLE
from .decimals import EXACT, is_decimal, shape

MOMENTS = {  # of a sample?, its root?
    "stddev": "True, True",
    "stddev_samp": "True, True",
    "stddev_pop": "False, True",
    "variance": "True, False",
    "var_samp": "True, False",
    "var_pop": "False, False",
}
SAME = {"mean": "avg", "string_agg": "listagg", "every": "bool_and",
        "some": "bool_or"}  # fmt: skip


class Argument(NamedTuple):
    """An argument: code over (v, i), its type, and whether it is the same for every row."""

    code: str
    type: str
    constant: bool


class Written(NamedTuple):
    """`kind`, `argument` and `size` of the slot; `code` of the value, `{}` being the slot."""

    kind: str
    argument: str | None
    code: str
    type: str
    size: int = 1


def aggregate(name: str, arguments: list[Argument]) -> Written | str:
    """How an aggregate is kept; text if it cannot take such arguments."""
    name = SAME.get(name, name)
    if name == "count":
        return Written("count", arguments[0].code if arguments else "True", "{}", "bigint")
    if name in ("sum", "avg") or name in MOMENTS:
        return _numeric(name, arguments[0])
    if name in ("min", "max", "min_by", "max_by"):
        return _extreme(name, arguments)
    if name in ("map_agg", "multimap_agg", "histogram"):
        return _mapped(name, arguments)
    if name in ("count_if", "bool_and", "bool_or"):
        return _logical(name, arguments[0])
    return _collected(name, arguments)


def _logical(name: str, argument: Argument) -> Written | str:
    if argument.type not in ("boolean", "void"):
        return f"{name.upper()} of {argument.type}"
    if name == "count_if":
        return Written("count", f"({argument.code}) or None", "{}", "bigint")
    return Written(name, argument.code, "{}", "boolean")


def _mapped(name: str, arguments: list[Argument]) -> Written | str:
    """Values by key; a key that is NULL is left out."""
    key = arguments[0]
    if key.type.startswith(("array", "map", "decimal")):
        return f"{name.upper()} of keys that are {key.type}"
    if name == "histogram":
        return Written("known", key.code, "counts_of({})", f"map<{key.type},bigint>")
    value = arguments[1].type
    kind = value if name == "map_agg" else f"array<{value}>"
    finish = "map_of" if name == "map_agg" else "lists_of"
    pair = f"({key.code}, {arguments[1].code})"
    return Written("list", pair, f"{finish}({{}})", f"map<{key.type},{kind}>")


def _collected(name: str, arguments: list[Argument]) -> Written | str:
    """Values one after the other. ARRAY_AGG keeps NULL and is NULL for no rows, as in SQL:2016."""
    code, kind, _ = arguments[0]
    if name == "array_agg":
        return Written("list", code, "({} or None)", f"array<{kind}>")
    if name == "set_agg":
        return Written("set", code, "({} or None)", f"array<{kind}>")
    if name == "collect_list":
        return Written("known", code, "{}", f"array<{kind}>")
    if name == "any_value":
        return Written("known_first", code, "{}", kind)
    if kind not in ("string", "void"):
        return f"LISTAGG of {kind}"
    separator = arguments[1].code if len(arguments) == 2 else "''"
    return Written("known", code, f"joined_text({{}}, {separator})", "string")


def _numeric(name: str, argument: Argument) -> Written | str:
    kind, code = argument.type, argument.code
    if is_decimal(kind) and name == "sum":
        digits, after = shape(kind) or (0, 0)
        if digits + 10 <= EXACT:
            return Written("sum", code, "{}", f"decimal({digits + 10},{after})")
    if kind not in (*WHOLE, *REAL, "void"):
        return f"{name.upper()} of {kind}"
    if name in MOMENTS:
        return Written(
            "moments", f"sql_float({code})", f"row_variance({{}}, {MOMENTS[name]})", "double"
        )
    if name == "avg":
        return Written("mean", f"sql_float({code})", "mean_of({})", "double")
    if kind in WHOLE:
        return Written("sum", code, "sql_whole({}, 63)", "bigint")
    return Written("sum", code, "{}", "double")


def _extreme(name: str, arguments: list[Argument]) -> Written | str:
    """MIN and MAX of a value, or of what goes with it; a last whole number asks for several."""
    by = name.endswith("_by")
    wanted = 2 if by else 1
    ranked = arguments[wanted - 1]
    if ranked.type.startswith(("array", "map")):
        return f"{name.upper()} of {ranked.type}"
    kind = arguments[0].type
    sense = name[:3]
    values = arguments[:wanted]
    code = f"({values[1].code}, {values[0].code})" if by else values[0].code
    several = "by_n" if by else "n"
    if len(arguments) == wanted:
        if by:
            return Written(f"{sense}_by", code, "second_of({})", kind)
        return Written(sense, code, "{}", kind)
    number = arguments[wanted]
    if not number.constant or not number.code.isdigit() or not 1 <= int(number.code) <= 10_000:
        return f"{name.upper()} of a number of rows that is not a whole constant from 1 to 10000"
    value = "seconds_of({})" if by else "({} or None)"
    return Written(f"{sense}_{several}", code, value, f"array<{kind}>", int(number.code))
