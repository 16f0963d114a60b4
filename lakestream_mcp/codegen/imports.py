"""The names that notebooks may use, and the lines that import them."""

from __future__ import annotations

from collections.abc import Set

PACKAGES = ("pandas", "pyspark")
IMPORTS = {
    "base64": "import base64",
    "datetime": "import datetime",
    "dt": "import datetime as dt",
    "decimal": "import decimal",
    "email": "import email.message\nimport email.utils",
    "hashlib": "import hashlib",
    "http": "import http.client",
    "json": "import json",
    "math": "import math",
    "os": "import os",
    "random": "import random",
    "re": "import re",
    "smtplib": "import smtplib",
    "ssl": "import ssl",
    "sys": "import sys",
    "time": "import time",
    "urllib": "import urllib.error\nimport urllib.parse\nimport urllib.request",
    "Callable": "from collections.abc import Callable",
    "Iterator": "from collections.abc import Iterator",
    "ThreadPoolExecutor": "from concurrent.futures import ThreadPoolExecutor",
    "Path": "from pathlib import Path",
    "Any": "from typing import Any",
    "NamedTuple": "from typing import NamedTuple",
    "pd": "import pandas as pd",
    "SparkSession": "from pyspark.sql import SparkSession",
    "Window": "from pyspark.sql import Window",
    "F": "from pyspark.sql import functions as F",
    "DataSource": "from pyspark.sql.datasource import DataSource",
    "SimpleDataSourceStreamReader": (
        "from pyspark.sql.datasource import SimpleDataSourceStreamReader"
    ),
}


def import_lines(used: Set[str]) -> str:
    """The lines that import names: one for each module, those of packages set apart."""
    lines = [line for name, line in IMPORTS.items() if name in used]
    named: dict[str, list[str]] = {}
    for line in lines:
        module, imported, name = line.partition(" import ")
        together = imported and module.startswith("from ") and " as " not in name
        named.setdefault(f"{module} import " if together else line, []).append(name)
    merged = [
        f"{head}{', '.join(names)}" if head.endswith(" import ") else head
        for head, names in named.items()
    ]
    own = [line for line in merged if not line.split()[1].startswith(PACKAGES)]
    packages = [line for line in merged if line not in own]
    return "\n".join([*own, "", *packages]) + "\n"
