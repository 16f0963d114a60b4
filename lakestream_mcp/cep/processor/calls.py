"""How an author's function is called: carried into generated code, and run by the guarded child.

A type is a tree: `bigint`, `["decimal", 10, 2]`, `["array", t]`, `["map", k, v]` or
`["struct", [[name, t], …]]`. Standard library only; pandas where a function takes Series.
"""
# mypy: ignore-errors
# ruff: noqa: PLR0911

import datetime
import decimal

# --- carried ---
INTEGER_RANGES = {"tinyint": 1 << 7, "smallint": 1 << 15, "int": 1 << 31, "bigint": 1 << 63}
PYTHON_TYPES = {
    "boolean": bool,
    "string": str,
    "binary": (bytes, bytearray),
    "date": datetime.date,
    "timestamp": datetime.datetime,
    "timestamp_ntz": datetime.datetime,
}
SERIES_TYPES = {
    "boolean": "boolean",
    "tinyint": "Int8",
    "smallint": "Int16",
    "int": "Int32",
    "bigint": "Int64",
    "float": "float32",
    "double": "float64",
}


class ValueMisfitError(TypeError):
    """An answer that is not of its declared type: Spark would store NULL or something else."""


def row_function(function, inputs, output, on_error):
    """A function of values: each comes as its type says, and so does the answer."""

    def call(*values):
        given = [received(value, kind) for value, kind in zip(values, inputs)]
        try:
            answer = function(*given)
        except MemoryError:
            raise
        except Exception:
            if on_error == "fail":
                raise
            return None
        return settled(answer, output, "the result")

    return call


def series_function(function, inputs, output, on_error):
    """A function of Series, called with values and where they are NULL; answers a list.

    Where it raises and `on_error` is `null`, each row is tried alone.
    """

    def call(*columns):
        values, missing = columns[::2], columns[1::2]
        given = [received_series(*column) for column in zip(values, missing, inputs)]
        try:
            answer = function(*given)
        except MemoryError:
            raise
        except Exception:
            if on_error == "fail":
                raise
            if len(values[0]) == 1:
                return [None]
            alone = [[column[n : n + 1] for column in columns] for n in range(len(values[0]))]
            return [call(*row)[0] for row in alone]
        return settled_series(answer, output, len(values[0]))

    return call


def received(value, kind):
    """A value as the author's function sees it, whichever way it came."""
    if value is None:
        return None
    if kind == "timestamp":
        return value.astimezone(datetime.UTC)
    if kind == "binary":
        return bytes(value)
    if isinstance(kind, str) or kind[0] == "decimal":
        return value
    if kind[0] == "array":
        return [received(item, kind[1]) for item in value]
    if kind[0] == "map":
        pairs = value.items() if isinstance(value, dict) else value
        return {received(k, kind[1]): received(v, kind[2]) for k, v in pairs}
    return {name: received(value[name], inner) for name, inner in kind[1]}


def received_series(values, missing, kind):
    """A column as the author's function sees it: its dtype never depends on the rows."""
    import pandas as pd

    mask = missing.to_numpy(dtype=bool)
    if kind in ("timestamp", "timestamp_ntz"):
        times = values.to_numpy(dtype="int64").astype("datetime64[us]")
        times[mask] = "NaT"
        series = pd.Series(times)
        return series.dt.tz_localize(datetime.UTC) if kind == "timestamp" else series
    if kind in ("float", "double"):
        return pd.Series(values.to_numpy(dtype=SERIES_TYPES[kind]))
    if isinstance(kind, str) and kind in SERIES_TYPES:
        return pd.Series(values.to_numpy()).astype(SERIES_TYPES[kind]).mask(mask)
    plain = [None if lost else received(v, kind) for v, lost in zip(values.tolist(), mask)]
    return pd.Series(plain, dtype=object)


def settled_series(answer, kind, length):
    """The values of a Series, each of its type; what pandas calls missing is NULL."""
    import pandas as pd

    if not isinstance(answer, pd.Series):
        raise ValueMisfitError(
            f"the function returned {type(answer).__name__}, not a pandas Series"
        )
    if len(answer) != length:
        raise ValueMisfitError(f"the function returned {len(answer)} values for {length} rows")
    values = answer.tolist()
    if isinstance(kind, str) and kind in INTEGER_RANGES:
        # Whole numbers become floats in pandas as soon as one of them is missing.
        values = [whole_of(value) for value in values]
    pairs = zip(values, pd.isna(answer).tolist())
    return [None if lost else settled(value, kind, "a result") for value, lost in pairs]


def whole_of(value):
    """A whole number that pandas made a float, as what it was."""
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) <= 1 << 53
    return int(value) if is_whole else value


def settled(value, kind, place):
    """A value of exactly the declared type. Raises ValueMisfitError."""
    if hasattr(value, "tolist") and getattr(value, "ndim", None) == 0:
        value = value.tolist()
    if hasattr(value, "to_pydatetime") and not getattr(value, "nanosecond", 0):
        value = value.to_pydatetime()
    if value is None:
        return None
    if not isinstance(kind, str):
        nested = {"array": settled_array, "map": settled_map, "struct": settled_struct}
        return nested.get(kind[0], settled_decimal)(value, kind, place)
    if kind in INTEGER_RANGES:
        return settled_integer(value, kind, place)
    if kind in ("float", "double"):
        return settled_float(value, kind, place)
    is_date = kind != "date" or not isinstance(value, datetime.datetime)
    is_local = kind != "timestamp_ntz" or getattr(value, "tzinfo", None) is None
    if not isinstance(value, PYTHON_TYPES[kind]) or not is_date or not is_local:
        raise misfit(value, kind, place)
    if kind == "timestamp" and value.tzinfo is None:
        return value.replace(tzinfo=datetime.UTC)
    if kind == "string":
        return settled_text(value, place)
    return bytes(value) if kind == "binary" else value


def settled_integer(value, kind, place):
    """A whole number in range; no truth value and no float."""
    limit = INTEGER_RANGES[kind]
    if isinstance(value, bool) or not isinstance(value, int) or not -limit <= value < limit:
        raise misfit(value, kind, place)
    return int(value)


def settled_float(value, kind, place):
    """A float, or a whole number that a double holds exactly."""
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 1 << 53
    if not whole and not isinstance(value, float):
        raise misfit(value, kind, place)
    number = float(value)
    # The greatest float of 32 bits; beyond it Spark would store infinity.
    if kind == "float" and 3.4028234663852886e38 < abs(number) < float("inf"):
        raise misfit(value, kind, place)
    return number


def settled_text(value, place):
    """Text that UTF-8 can hold."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise misfit(value, "string", place) from None
    return str.__str__(value)


def settled_decimal(value, kind, place):
    """A Decimal that the type holds exactly."""
    _, precision, scale = kind
    if isinstance(value, decimal.Decimal) and value.is_finite():
        exact = decimal.Context(prec=60, traps=[])
        scaled = value.quantize(decimal.Decimal(1).scaleb(-scale), context=exact)
        if scaled == value and len(scaled.as_tuple().digits) <= precision:
            return scaled
    raise misfit(value, f"decimal({precision},{scale})", place)


def settled_array(value, kind, place):
    """A list."""
    if not isinstance(value, (list, tuple)):
        raise misfit(value, "array: a list", place)
    return [settled(item, kind[1], f"{place}[{n}]") for n, item in enumerate(value)]


def settled_map(value, kind, place):
    """A dict without None among its keys."""
    if not isinstance(value, dict) or None in value:
        raise misfit(value, "map: a dict without None as key", place)
    return {
        settled(k, kind[1], place): settled(v, kind[2], f"{place}[{k!r:.40}]")
        for k, v in value.items()
    }


def settled_struct(value, kind, place):
    """A dict with exactly the fields."""
    names = [name for name, _ in kind[1]]
    if not isinstance(value, dict) or set(value) != set(names):
        raise misfit(value, f"struct: a dict with {', '.join(names)}", place)
    return {name: settled(value[name], inner, f"{place}.{name}") for name, inner in kind[1]}


def misfit(value, expected, place):
    """The error for a value that is not of its type."""
    return ValueMisfitError(f"{place} is {value!r:.80} ({type(value).__name__}), not {expected}")
