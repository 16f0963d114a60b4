"""Exact decimals in expressions over several rows.

A decimal is a `Decimal` in the code; where it leaves a measure it is written as text, as decimals
travel. Types are those of Spark; what would need more digits than are exact is refused.

Importing this module imports sqlglot, so it is imported inside functions.
"""

from __future__ import annotations

import re

from sqlglot import exp

from ...cep.expression_python import CALCULATED, REAL, WHOLE, Typed, Writer

DIGITS = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 20}
EXACT = 28
"""The digits that Python's decimals keep."""


def shape(kind: str) -> tuple[int, int] | None:
    """Digits in all, and behind the point; None for what is neither a decimal nor whole."""
    if kind in DIGITS:
        return DIGITS[kind], 0
    found = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    return (int(found[1]), int(found[2])) if found else None


def is_decimal(kind: str) -> bool:
    """Whether a type is a decimal."""
    return kind.startswith("decimal(")


class DecimalWriter(Writer):
    """Writes decimals and whole numbers together, exactly."""

    def _literal(self, node: exp.Expr) -> Typed:
        text = str(node.this)
        if node.args.get("is_string") or "." not in text or "e" in text.lower():
            return super()._literal(node)
        whole, _, part = text.partition(".")
        digits = len(whole.lstrip("0")) + len(part)
        if digits > EXACT:
            raise self._unsupported(node, f"a decimal of more than {EXACT} digits")
        return Typed(f"Decimal({text!r})", f"decimal({max(digits, 1)},{len(part)})", True)

    def _refuse_decimal(self, node: exp.Expr, kind: str) -> None:
        found = shape(kind)
        if found is not None and is_decimal(kind) and found[0] > EXACT:
            raise self._unsupported(
                node, f"a decimal of more than {EXACT} digits", "CAST it AS DOUBLE"
            )

    def _refuse_text(self, node: exp.Expr, values: list[Typed]) -> None:
        super()._refuse_text(node, [value for value in values if not is_decimal(value.type)])
        for value in values:
            self._refuse_decimal(node, value.type)

    def _as_double(self, value: Typed) -> Typed:
        if not is_decimal(value.type):
            return super()._as_double(value)
        return Typed(f"sql_float({value.code})", "double", value.constant)

    def _alike(self, node: exp.Expr, values: list[Typed], compared: bool) -> list[Typed]:
        kinds = {value.type for value in values if value.type != "void"}
        if not any(map(is_decimal, kinds)) or not kinds - {*WHOLE, *REAL} <= set(
            filter(is_decimal, kinds)
        ):
            return super()._alike(node, values, compared)
        if kinds & {*REAL}:
            return [v if v.type == "void" else self._as_double(v) for v in values]
        for kind in kinds:
            self._refuse_decimal(node, kind)
        if compared or len(kinds) == 1:
            return [v._replace(type=next(iter(kinds))) if v.type == "void" else v for v in values]
        shapes = [found for kind in kinds if (found := shape(kind))]
        scale = max(after for _, after in shapes)
        common = self._decimal(node, max(d - after for d, after in shapes) + scale, scale)
        return [value._replace(type=common) for value in values]

    def _calculate(self, node: exp.Expr) -> Typed:
        left, right = self.write(node.this), self.write(node.expression)
        shapes = shape(left.type), shape(right.type)
        exact = is_decimal(left.type) or is_decimal(right.type)
        if not exact or shapes[0] is None or shapes[1] is None:
            return super()._calculate(node)
        (digits, after), (others, behind) = shapes[0], shapes[1]
        if isinstance(node, exp.Mod):
            raise self._unsupported(node, "a remainder of decimals", "CAST each AS DOUBLE")
        if isinstance(node, exp.Mul):
            kind = self._decimal(node, digits + others + 1, after + behind)
        else:
            scale = max(after, behind)
            kind = self._decimal(node, max(digits - after, others - behind) + scale + 1, scale)
        return Typed(f"{CALCULATED[type(node)]}({left.code}, {right.code})", kind)

    def _divide(self, node: exp.Expr) -> Typed:
        kinds = {self.write(node.this).type, self.write(node.expression).type}
        if any(map(is_decimal, kinds)) and not kinds & {*REAL}:
            raise self._unsupported(node, "a quotient of decimals", "CAST one of them AS DOUBLE")
        return super()._divide(node)

    def _result(self, node: exp.Expr, code: str, kind: str) -> Typed:
        return Typed(code, kind) if is_decimal(kind) else super()._result(node, code, kind)

    def _decimal(self, node: exp.Expr, digits: int, after: int) -> str:
        if digits > EXACT:
            raise self._unsupported(
                node, f"a decimal of more than {EXACT} digits", "CAST one of them AS DOUBLE"
            )
        return f"decimal({digits},{after})"
