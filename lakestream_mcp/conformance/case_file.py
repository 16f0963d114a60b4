"""Files of cases in the neutral form, one JSON object per line, and what was found of each."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InvalidArgument, NotFound

Json = dict[str, Any]
VERDICTS = ("pass", "wrong", "refused", "crash")
APART = "compound_query"
"""Cases with this feature are reported under a heading of their own, and are not in the total."""


class Verdict(NamedTuple):
    """What became of one case: one of `VERDICTS`, and why where it is not a plain pass."""

    verdict: str
    detail: str = ""


def read_cases(path: Path) -> list[Json]:
    """The cases of a file. Raises NotFound, InvalidArgument with the line that is wrong."""
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", got=str(path))
    cases = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            cases.append(_case(line, path, number))
    return cases


def _case(line: str, path: Path, number: int) -> Json:
    try:
        case = json.loads(line)
    except ValueError as error:
        raise _unreadable(path, number, str(error)) from None
    if not isinstance(case, dict) or "id" not in case or not {"pattern", "sql"} & set(case):
        raise _unreadable(path, number, "it is no case with `id` and `pattern` or `sql`")
    return case


def _unreadable(path: Path, number: int, why: str) -> InvalidArgument:
    return InvalidArgument(
        f"Line {number} of {path.name} cannot be read: {why}",
        where={"file": str(path), "line": number},
        expected='one JSON object per line, with "id" and "pattern" or "sql"',
    )


def report(cases: list[Json], verdicts: list[Verdict]) -> Json:
    """Counts in total and by feature, and each case; cases apart are counted apart."""
    total, apart = Counter[str](), Counter[str]()
    features: dict[str, Counter[str]] = {}
    listed = []
    for case, (verdict, detail) in zip(cases, verdicts, strict=True):
        named = case.get("features") or []
        (apart if APART in named else total)[verdict] += 1
        for feature in named:
            features.setdefault(feature, Counter())[verdict] += 1
        listed.append({"id": case["id"], "verdict": verdict, "detail": detail})
    made: Json = {
        "total": _counts(total),
        "features": {name: _counts(features[name]) for name in sorted(features)},
        "cases": listed,
    }
    return made | {APART: _counts(apart)} if apart else made


def _counts(counter: Counter[str]) -> dict[str, int]:
    return {verdict: counter[verdict] for verdict in VERDICTS}


def report_text(made: Json) -> str:
    """The report as a table, then every case that is no pass."""
    width = max(len(name) for name in ("feature", *made["features"], APART))
    lines = [f"{'feature':{width}}  " + " ".join(f"{v:>8}" for v in VERDICTS)]
    rows = [*made["features"].items(), ("total", made["total"])]
    if APART in made:
        rows.append((f"{APART} (apart)", made[APART]))
    for name, counts in rows:
        lines.append(f"{name:{width}}  " + " ".join(f"{counts[v]:>8}" for v in VERDICTS))
    for case in made["cases"]:
        if case["verdict"] != "pass":
            lines.append(f"{case['verdict']}: {case['id']}: {case['detail']}")
    return "\n".join(lines)


def code_of(error: Exception) -> str:
    """What kind of error it is: of a pipeline that is refused, the code of the first finding."""
    code = str(getattr(error, "code", type(error).__name__))
    return str(getattr(error, "got", code)) if code == "INVALID_PIPELINE" else code


def multiset(items: list[Any]) -> list[str]:
    """Items in an order of their own, to compare lists that have none."""
    return sorted(json.dumps(item, sort_keys=True, default=str) for item in items)


def compared(what: str, expected: list[Any], got: list[Any]) -> Verdict | None:
    """Wrong, with both sides, where two lists differ as multisets; None where they are equal."""
    wanted, found = multiset(expected), multiset(got)
    if wanted == found:
        return None
    missing, extra = Counter(wanted) - Counter(found), Counter(found) - Counter(wanted)
    said = f"{what}: expected [{', '.join(missing.elements())}] got [{', '.join(extra.elements())}]"
    return Verdict("wrong", said)
