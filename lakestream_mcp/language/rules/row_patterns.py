"""Row patterns that a text gives as SQL, or part by part in words."""

from __future__ import annotations

import re

_CLAUSE = re.compile(r"(?i)\bmatch_recognize\s*\(")


_AFTER = re.compile(
    r"(?is)[\s,;.]+(?:(?:and|then)\s+)+(?=(?:save|write|send|store|alert|publish|put|push|notify|"
    r"mail|"
    r"keep|post)\b)"
)


def clause_text(said: str) -> tuple[str, str] | None:
    """What stands inside MATCH_RECOGNIZE( … ) in a text, word for word, and what is around it."""
    found = _CLAUSE.search(said)
    end = _closing(said, found.end()) if found else None
    if found and end is not None:
        return said[found.end() : end].strip(), f"{said[: found.start()]}; {said[end + 1 :]}"
    told = _in_parts(said)
    if told is not None:
        return told
    upper = said.upper()
    at, define = upper.find("PATTERN ("), upper.find("DEFINE ")
    at = at if at >= 0 else upper.find("PATTERN(")
    starts = [
        p
        for p in (upper.find("PARTITION BY"), upper.find("ORDER BY"), upper.find("MEASURES"), at)
        if p >= 0
    ]
    if at < 0 or define <= at:
        return None
    rest = _AFTER.search(said, define) or _NEXT.search(said, define)
    end = rest.start() if rest else len(said)
    after = said[rest.end() :] if rest else ""
    before = _TOLD.sub("", said[: min(starts)])
    return said[min(starts) : end].strip().rstrip(";"), f"{before}; {after}"


_NEXT = re.compile(r"(?s)[;.]\s+(?=[A-Za-z])")


def _closing(said: str, at: int) -> int | None:
    """Where the bracket closes that was opened before a place; quoted text holds none."""
    depth, quoted = 1, False
    for place in range(at, len(said)):
        sign = said[place]
        quoted ^= sign == "'"
        if not quoted and sign in "()":
            depth += 1 if sign == "(" else -1
        if not depth:
            return place
    return None


_NAMED = re.compile(r"(?i)\b(?:match[_ ]recognize|row pattern)")
_TOLD = re.compile(
    r"(?i)\b(?:(?:use|using|apply|run)\s+)?(?:(?:the|a|following|this)\s+)*"
    r"(?:match[_ ]recognize|row pattern)(?:\s+(?:on|to|over)\s+(?:the\s+)?\w+(?![\w.]))?"
)
_PATTERN = re.compile(r"(?i)\bpattern\s*(?:is|:)?\s*\(")
_LISTS = tuple(
    (sql, re.compile(rf"(?i)\b{cue} by\s+(\w+(?:\s*,\s*\w+(?=\s*[,.;]))*)"))
    for sql, cue in (("PARTITION BY", "partition(?:ed)?"), ("ORDER BY", "order(?:ed)?"))
)
_WITHIN = re.compile(
    r"(?i)\bwithin\s+(?:an?\s+)?(?:interval\s+)?(?:of\s+)?'?(\d+)'?\s+(second|minute|hour|day)s?\b"
)
_DEFINED = r"(?:(?i:is|as|means)|:|=)"
_SYMBOL = re.compile(r"[A-Za-z_]\w*")
_BETWEEN = " ,;.\n:"


def _in_parts(said: str) -> tuple[str, str] | None:
    """A row pattern whose parts stand anywhere in a text, as SQL; and the text without them."""
    pattern = _PATTERN.search(said)
    end = _closing(said, pattern.end()) if pattern else None
    if pattern is None or end is None or not _NAMED.search(said) or _is_sql(said):
        return None
    made, spans = [], [(pattern.start(), end + 1)]
    for sql, cue in _LISTS:
        if found := cue.search(said):
            made.append(f"{sql} {found[1]}")
            spans.append(found.span())
    body = said[pattern.end() : end].strip()
    made.append(f"PATTERN ({body})")
    if within := _WITHIN.search(said):
        made.append(f"WITHIN INTERVAL '{within[1]}' {within[2].upper()}")
        spans.append(within.span())
    defined = _definitions(said, end + 1, {*_SYMBOL.findall(body)})
    if not defined:
        return None
    made.append("DEFINE " + ", ".join(told for told, _ in defined))
    spans += [span for _, span in defined]
    return " ".join(made), _outside(said, spans)


def _is_sql(said: str) -> bool:
    """Whether the text holds clauses that are SQL word for word, and stay so."""
    return bool(re.search(r"(?i)\b(?:measures|rows? per match|skip past)\b", said))


def _definitions(said: str, at: int, symbols: set[str]) -> list[tuple[str, tuple[int, int]]]:
    """What each symbol of a pattern is, and where that is told."""
    names = "|".join(map(re.escape, sorted(symbols)))
    heads = list(re.compile(rf"(?:(?i:define)\s+)?\b({names})\s+{_DEFINED}\s+").finditer(said, at))
    made = []
    for number, head in enumerate(heads):
        stop = heads[number + 1].start() if number + 1 < len(heads) else len(said)
        over = _OVER.search(said, head.end(), stop)
        stop = over.start() if over else stop
        condition = said[head.end() : stop].rstrip(_BETWEEN)
        made.append((f"{head[1]} AS {condition}", (head.start(), stop)))
    return made


_OVER = re.compile(
    r"(?i)[.;]\s|\s(?:and|then)\s+(?=(?:save|write|send|store|alert|publish|put|notify|mail|post)\b)|"
    r"[.;]$|,\s*(?:and\s+)?(?:within|then|sink|write|send|store|alert|notify)\b|"
    r"\s(?:and\s+)?(?:within|then|into)\s|\sto\s+(?=(?:the\s+|table\s+)*\w+\.\w)|\s(?:→|->|=>)\s"
)


def _outside(said: str, spans: list[tuple[int, int]]) -> str:
    """A text without its row pattern, and without the words that name one."""
    kept, at = [], 0
    for start, end in sorted(spans):
        kept.append(said[at:start].strip(_BETWEEN))
        at = max(at, end)
    kept.append(said[at:].strip(_BETWEEN))
    return "; ".join(_TOLD.sub("", part) for part in kept if part)
