"""Hostile and broken code is stopped in its process, each with a clear error; nothing escapes.

The code goes past the checks of the node type, so that the process alone is what holds.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from lakestream_mcp.cep.processor.runner import Child, Limits
from lakestream_mcp.errors import InvalidPipeline

from .runs import processor, run, said

SHORT = Limits(seconds=2, memory_bytes=300 << 20)
# How code that has no imports still finds the module `os`.
REACH = """\
found = [c for c in object.__subclasses__() if c.__name__ == '_wrap_close']
os = found[0].__init__.__globals__
"""


def failure(code: str, limits: Limits = SHORT) -> InvalidPipeline:
    with pytest.raises(InvalidPipeline) as caught:
        run(code, limits=limits)
    error = caught.value
    assert error.where["node"] == "it"
    assert error.message
    return error


ENDINGS = {
    "loops for ever": ("while True:\n    pass", "CODE_TIMEOUT"),
    "catches everything": (
        "while True:\n    try:\n        1 / 0\n    except BaseException:\n        pass",
        "CODE_TIMEOUT",
    ),
    "hangs in C": ("import re\nre.match('(a+)+$', 'a' * 40 + 'b')\nyield", "CODE_TIMEOUT"),
    "takes all memory": (
        "x = []\nwhile True:\n    x.append('y' * 10_000_000)",
        "CODE_OUT_OF_MEMORY",
    ),
    "a huge number": ("x = bytearray(10 ** 11)\nyield", "CODE_OUT_OF_MEMORY"),
    "raises": ("raise ValueError('no')", "CODE_RAISED"),
    "exits": ("raise SystemExit(3)", "CODE_RAISED"),
    "interrupts": ("raise KeyboardInterrupt", "CODE_RAISED"),
    "recurses": ("def f(): return f()\nf()\nyield", "CODE_RAISED"),
    "unknown name": ("yield undefined", "CODE_RAISED"),
    "a bad error": (
        "class E(Exception):\n    def __repr__(self): raise self\nraise E()",
        "CODE_RAISED",
    ),
    "floods rows": ("while True:\n    yield Row(said='x')", "TOO_MANY_ROWS"),
    "opens a file": ("open('/etc/passwd')\nyield", "CODE_RAISED"),
    "imports os": ("import os\nyield", "CODE_RAISED"),
    "imports socket": ("import socket\nyield", "CODE_RAISED"),
    "reads by os": (REACH + "os['open']('/etc/passwd', 0)\nyield", "CODE_RAISED"),
    "lists folders": (REACH + "os['listdir']('/')\nyield", "CODE_RAISED"),
    "forks": (REACH + "os['fork']()\nyield", "CODE_RAISED"),
    "starts a program": (REACH + "os['execv']('/bin/sh', ['sh'])\nyield", "CODE_RAISED"),
    "kills its parent": (REACH + "os['kill'](os['getppid'](), 9)\nyield", "CODE_RAISED"),
    "leaves at once": (REACH + "os['_exit'](0)\nyield", "CODE_CRASHED"),
    "closes the link": (REACH + "os['closerange'](3, 1000)\nyield", "CODE_CRASHED"),
    "answers itself": (
        REACH + "for n in range(3, 1000):\n"
        "    try: os['write'](n, bytes([2, 0, 0, 0, 0, 0, 0, 0]) + b'{}' * 9)\n"
        "    except OSError: pass\nyield",
        "CODE_CRASHED",
    ),
}


@pytest.mark.parametrize("name", list(ENDINGS))
def test_each_ends_in_a_clear_error(name: str) -> None:
    body, expected = ENDINGS[name]
    began = time.monotonic()
    limits = Limits(20, 1 << 30) if name == "floods rows" else SHORT
    error = failure(processor(body), limits)
    assert error.code == expected, error.message
    assert time.monotonic() - began < 60
    if expected in ("CODE_RAISED", "CODE_TIMEOUT") and name not in ("hangs in C",):
        assert error.where.get("line") or name == "catches everything", error.to_json()


def test_the_line_and_the_method_are_named() -> None:
    error = failure(processor("for row in rows:\n    x = row.n / 0\nyield"))
    assert error.where["line"] == 9
    assert error.where["method"] == "handleInputRows"
    assert error.where["key"] == "('a',)"
    assert "Line 9: `x = row.n / 0`" in error.message
    assert "ZeroDivisionError" in error.message


def test_nothing_is_sent_to_the_network() -> None:
    """Where the machine lets the process leave the network, nobody hears of it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        reach = (
            "found = [c for c in object.__subclasses__() if c.__name__ == 'socket']\n"
            f"found[-1]().connect(('127.0.0.1', {port}))\nyield"
        )
        assert failure(processor(reach)).code == "CODE_RAISED"
        with pytest.raises(TimeoutError):
            server.accept()


def test_nothing_is_written(tmp_path: Path) -> None:
    target = tmp_path / "written"
    code = processor(REACH + f"os['open']({str(target)!r}, os['O_CREAT'] | os['O_WRONLY'])\nyield")
    assert failure(code).code == "CODE_RAISED"
    assert not target.exists()


def test_the_environment_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKESTREAM_SECRET", "hunter2")
    code = processor(REACH + "yield Row(said=str(sorted(os['environ'])))")
    (row,) = said(run(code))
    assert "LAKESTREAM_SECRET" not in row["said"]


def test_a_flood_of_prints_goes_nowhere() -> None:
    code = processor("for n in range(200_000):\n    print('x' * 100)\nyield Row(said='done')")
    assert said(run(code)) == [{"said": "done"}]


def test_no_process_is_left_behind() -> None:
    with Child((), SHORT) as child:
        pid = child._process.pid
        assert set(child.isolation) == {"network", "files", "computing"}
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_run_leaves_nothing_for_the_next() -> None:
    code = processor("CACHE.append(1)\nyield Row(said=str(CACHE))").replace(
        "class P", "CACHE = []\nclass P"
    )
    for _ in range(2):
        assert failure(code).code == "STATE_ON_SELF"
