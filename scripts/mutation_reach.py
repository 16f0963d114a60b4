"""A plugin of pytest: which functions of `cep/` and patterns each test enters, and for how long.

Written as JSON to the file that `MUTATION_REACH` names. Text that the tester executes has no file;
its functions are told as `<carried>::name`.
"""

import json
import os
import sys
import threading
from pathlib import Path

PACKAGE = Path.cwd() / "lakestream_mcp"
WATCHED = tuple(str(PACKAGE / part) for part in ("cep", "patterns"))
IMPORTING = ""
"""What stands for a test while modules are imported."""


class Reach:
    """Watches every call; each function once per test."""

    def __init__(self):
        self.test = IMPORTING
        self.entered = {IMPORTING: set()}
        self.seconds = {}
        self.failed = set()
        self.seen = {}  # by id: the test that entered it last
        self.kept = []  # so that no id is used twice

    def start(self):
        """Begin watching, in this thread and those to come."""
        sys.settrace(self.call)
        threading.settrace(self.call)

    def call(self, frame, event, argument):
        """Note a function; its lines are not watched."""
        code = frame.f_code
        if self.seen.get(id(code)) is not self.test:
            self.seen[id(code)] = self.test
            self.kept.append(code)
            file = code.co_filename
            if file.startswith(WATCHED):
                place = Path(file).relative_to(PACKAGE).as_posix()
                self.entered[self.test].add(f"{place}::{code.co_qualname}")
            elif file.startswith("<carried"):
                self.entered[self.test].add(f"<carried>::{code.co_qualname}")

    def pytest_runtest_logstart(self, nodeid):
        self.test = nodeid
        self.entered[nodeid] = set()
        self.start()

    def pytest_runtest_logreport(self, report):
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration
        if not report.passed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self):
        sys.settrace(None)
        tests = {
            test: {"entered": sorted(entered), "seconds": round(self.seconds.get(test, 0), 3)}
            for test, entered in self.entered.items()
            if test not in self.failed
        }
        Path(os.environ["MUTATION_REACH"]).write_text(json.dumps(tests))


def pytest_configure(config):
    """Watch from before the first import of a test."""
    reach = Reach()
    reach.start()
    config.pluginmanager.register(reach)
