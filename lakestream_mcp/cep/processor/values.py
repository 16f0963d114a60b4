"""Values of Spark's types, checked strictly: what Spark would store as NULL is an error here.

A type is a tree: `bigint`, `["decimal", 10, 2]`, `["array", t]`, `["map", k, v]` or
`["struct", [[name, t], …]]`. Checked values are plain data that JSON carries and nothing shares.
Standard library only: the guarded child loads this file, the parent too.
"""

import datetime as dt
import decimal
import math
import struct
import zoneinfo
from collections.abc import Callable
from typing import Any

INTEGER_BITS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}
UTC = zoneinfo.ZoneInfo("UTC")  # what Spark's workers give times in rows
EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)
NAIVE_EPOCH = dt.datetime(1970, 1, 1)
MICROSECOND = dt.timedelta(microseconds=1)
FLOAT_MAX = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
DIGITS = decimal.Context(prec=60)


class MisfitError(Exception):
    """A value that is not of its type. `path` leads to it: field names and positions."""

    def __init__(self, path: str, got: Any, expected: str, hint: str = "") -> None:
        super().__init__(f"{path}: expected {expected}, got {type(got).__name__} {shown(got)}")
        self.path = path
        self.got = f"{shown(got)} ({type(got).__name__})"
        self.expected = expected
        self.hint = hint


def shown(value: Any) -> str:
    """A value in a few characters."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  the author's own __repr__ may do anything
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 80 else text[:77] + "..."


def type_text(tree: Any) -> str:
    """A type as Spark writes it."""
    if isinstance(tree, str):
        return tree
    kind = tree[0]
    if kind == "decimal":
        return f"decimal({tree[1]},{tree[2]})"
    if kind == "struct":
        return f"struct<{','.join(f'{name}:{type_text(t)}' for name, t in tree[1])}>"
    return f"{kind}<{','.join(map(type_text, tree[1:]))}>"


class Checker:
    """Turns values into plain data of a type, or raises MisfitError.

    state: values for Spark's state, which are taken by position and never converted; otherwise
    values of output rows, which are taken by name.
    """

    def __init__(self, state: bool) -> None:
        self.state = state
        self.simple: dict[str, Callable[[Any, str], Any]] = {
            "boolean": self._boolean,
            "float": self._float,
            "double": self._double,
            "string": self._string,
            "binary": self._binary,
            "date": self._date,
            "timestamp": self._timestamp,
            "timestamp_ntz": self._timestamp_ntz,
        }

    def check(self, value: Any, tree: Any, path: str) -> Any:
        """The value as plain data."""
        if self.state or type(value).__name__ != "datetime64":  # which Arrow does not take
            value = plain(value)
        if value is None:
            return None
        if isinstance(tree, str):
            if tree in INTEGER_BITS:
                return self._integer(value, tree, path)
            return self.simple[tree](value, path)
        return getattr(self, f"_{tree[0]}")(value, tree, path)

    def _integer(self, value: Any, kind: str, path: str) -> int:
        limit = 1 << (INTEGER_BITS[kind] - 1)
        if isinstance(value, bool) or not isinstance(value, int):
            raise MisfitError(path, value, f"int ({kind})", "write int(…)")
        if not -limit <= value < limit:
            raise MisfitError(path, value, f"{kind}, from {-limit} to {limit - 1}")
        return int(value)

    def _boolean(self, value: Any, path: str) -> bool:
        if not isinstance(value, bool):
            raise MisfitError(path, value, "bool (boolean)", "write bool(…)")
        return value

    def _double(self, value: Any, path: str) -> float:
        if isinstance(value, int) and not isinstance(value, bool) and not self.state:
            if abs(value) > 1 << 53:
                raise MisfitError(path, value, "float (double)", "write float(…)")
            return float(value)
        if not isinstance(value, float):
            raise MisfitError(path, value, "float (double)", "write float(…)")
        return float(value)

    def _float(self, value: Any, path: str) -> float:
        number = self._double(value, path)
        if math.isfinite(number) and abs(number) > FLOAT_MAX:
            raise MisfitError(path, value, f"float, at most {FLOAT_MAX:g}", "declare it double")
        rounded: float = struct.unpack("<f", struct.pack("<f", number))[0]
        return rounded

    def _string(self, value: Any, path: str) -> str:
        if not isinstance(value, str):
            raise MisfitError(path, value, "str (string)", "write str(…)")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise MisfitError(path, value, "text without lone surrogates") from None
        return str(value)

    def _binary(self, value: Any, path: str) -> str:
        if not isinstance(value, bytes | bytearray):
            raise MisfitError(path, value, "bytes (binary)")
        return bytes(value).hex()

    def _date(self, value: Any, path: str) -> int:
        if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
            raise MisfitError(path, value, "datetime.date (date)", "write ….date()")
        return (value - EPOCH.date()).days

    def _timestamp(self, value: Any, path: str) -> int:
        if not isinstance(value, dt.datetime):
            raise MisfitError(path, value, "datetime.datetime (timestamp)")
        aware = value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value
        return (aware - EPOCH) // MICROSECOND

    def _timestamp_ntz(self, value: Any, path: str) -> int:
        if not isinstance(value, dt.datetime) or value.tzinfo is not None:
            raise MisfitError(path, value, "datetime.datetime without tzinfo (timestamp_ntz)")
        return (value - NAIVE_EPOCH) // MICROSECOND

    def _decimal(self, value: Any, tree: Any, path: str) -> str:
        _, precision, scale = tree
        kind = type_text(tree)
        if not isinstance(value, decimal.Decimal) or not value.is_finite():
            raise MisfitError(path, value, f"decimal.Decimal ({kind})")
        try:
            scaled = value.quantize(decimal.Decimal(1).scaleb(-scale), context=DIGITS)
        except decimal.InvalidOperation:
            raise MisfitError(path, value, kind) from None
        if scaled != value or len(scaled.as_tuple().digits) > precision:
            hint = f"write ….quantize(Decimal(1).scaleb(-{scale}))"
            raise MisfitError(path, value, f"a number that {kind} holds exactly", hint)
        return str(scaled)

    def _array(self, value: Any, tree: Any, path: str) -> list[Any]:
        if not isinstance(value, list | tuple) or hasattr(value, "__fields__"):
            raise MisfitError(path, value, f"list ({type_text(tree)})")
        return [self.check(item, tree[1], f"{path}[{n}]") for n, item in enumerate(value)]

    def _map(self, value: Any, tree: Any, path: str) -> list[Any]:
        if not self.state and isinstance(value, list):  # as input rows have their maps
            value = dict(value) if all(isinstance(p, tuple) and len(p) == 2 for p in value) else 0
        if not isinstance(value, dict):
            raise MisfitError(path, value, f"dict ({type_text(tree)})")
        pairs = []
        for key, item in value.items():
            if key is None:
                raise MisfitError(path, value, "a map without None as key")
            place = f"{path}[{shown(key)}]"
            pairs.append([self.check(key, tree[1], place), self.check(item, tree[2], place)])
        # Spark keeps no order of entries; a fixed one keeps anything from depending on it.
        return sorted(pairs, key=lambda pair: repr(pair[0]))

    def _struct(self, value: Any, tree: Any, path: str) -> list[Any]:
        return self.fields(value, tree[1], path)

    def fields(self, value: Any, fields: Any, path: str) -> list[Any]:
        """A row's values in the order of its fields."""
        value = plain(value)
        names = [name for name, _ in fields]
        expected = f"({', '.join(names)})"
        given = list(getattr(value, "__fields__", ())) or (
            list(value) if isinstance(value, dict) else None
        )
        if given is not None:
            self._same_names(value, given, names, path)
            values = [value[name] for name in names]
        elif self.state and isinstance(value, list | tuple):
            if len(value) != len(names):
                raise MisfitError(path or "value", value, f"{len(names)} values {expected}")
            values = list(value)
        else:
            wanted = f"a tuple {expected}" if self.state else f"a Row with {expected}"
            raise MisfitError(path or "value", value, wanted)
        prefix = f"{path}." if path else ""
        pairs = zip(fields, values, strict=True)
        return [self.check(v, tree, f"{prefix}{name}") for (name, tree), v in pairs]

    def _same_names(self, value: Any, given: list[Any], names: list[str], path: str) -> None:
        by_position = self.state and not isinstance(value, dict)
        if given == names or (not by_position and sorted(map(str, given)) == sorted(names)):
            return
        order = " in this order (Spark takes them by position)" if by_position else ""
        raise MisfitError(path or "value", value, f"the fields {', '.join(names)}{order}")


def plain(value: Any) -> Any:
    """A numpy or pandas scalar as Python's own value, as Spark converts it."""
    if type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "tolist"):
        return value.tolist() if getattr(value, "ndim", 0) == 0 else value
    return value.to_pydatetime() if hasattr(value, "to_pydatetime") else value


STATE = Checker(state=True)
OUTPUT = Checker(state=False)


def revived(data: Any, tree: Any, make_struct: Callable[[list[str], list[Any]], Any]) -> Any:
    """Plain data as the Python value an author sees. Structs are made by `make_struct`."""
    if data is None:
        return data
    if isinstance(tree, str):
        convert = REVIVE.get(tree)
        return data if convert is None else convert(data)
    kind = tree[0]
    if kind == "decimal":
        return decimal.Decimal(data)
    if kind == "array":
        return [revived(item, tree[1], make_struct) for item in data]
    if kind == "map":
        pairs = [tuple(revived(v, t, make_struct) for v, t in zip(p, tree[1:])) for p in data]
        return dict(pairs) if make_struct is not as_dict else pairs
    names = [name for name, _ in tree[1]]
    values = [revived(v, t, make_struct) for v, (_, t) in zip(data, tree[1], strict=True)]
    return make_struct(names, values)


REVIVE: dict[str, Callable[[Any], Any]] = {
    "binary": bytes.fromhex,
    "date": lambda days: EPOCH.date() + dt.timedelta(days=days),
    "timestamp": lambda us: EPOCH + dt.timedelta(microseconds=us),
    "timestamp_ntz": lambda us: NAIVE_EPOCH + dt.timedelta(microseconds=us),
}


def as_dict(names: list[str], values: list[Any]) -> dict[str, Any]:
    """A struct as Arrow hands it over: input rows have their structs as dictionaries."""
    return dict(zip(names, values, strict=True))
