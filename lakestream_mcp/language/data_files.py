"""Data files that a text names, as people write them: `earthquakes.jsonl`, `data/x.csv`."""

from __future__ import annotations

import re

FORMATS = {
    "jsonl": "json",
    "ndjson": "json",
    "json": "json",
    "csv": "csv",
    "parquet": "parquet",
    "avro": "avro",
}
"""What a file holds, by its ending."""
_PART = r"[\w.*?~-]"
FILE = (
    rf"(?<![\w/.*?~-])(?<!table )(?<!topic )(?:{_PART}+/){{0,20}}{_PART}+"
    rf"\.(?i:{'|'.join(FORMATS)})(?![\w/]|\.\w)"
)
"""A relative path that ends as data files do; a pattern of names too."""
_FOUND = re.compile(rf"{FILE}|(?<![\w/])/[A-Za-z_][^\s,;\"'<>`]*\.(?i:{'|'.join(FORMATS)})(?!\w)")
MOST = 8


def format_of(path: str) -> str:
    """What a file holds, as its ending says; '' where it says nothing."""
    return FORMATS.get(path.rsplit(".", 1)[-1].lower(), "")


def is_file(text: str) -> bool:
    """Whether a text as a whole is the path of a data file."""
    return re.fullmatch(FILE, text) is not None


def named_files(text: str) -> list[tuple[str, str]]:
    """The data files that a text names, with what each holds."""
    found = [match.group() for match in _FOUND.finditer(text)]
    return [(path, format_of(path)) for path in dict.fromkeys(found)][:MOST]
