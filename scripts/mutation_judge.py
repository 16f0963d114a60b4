"""A plugin of pytest: judges many mutants with tests that are imported once.

`MUTATION_JOBS` names a JSON file with one entry per mutant: its file, the changed source, the
function that changed and the tests to run. For each the process forks; the child takes the new code
of the function and runs the tests until one fails. A line of JSON per mutant goes to
`MUTATION_VERDICTS`.
"""

import contextlib
import functools
import gc
import json
import os
import shutil
import signal
import tempfile
import types
from pathlib import Path

import hypothesis

PACKAGE = Path.cwd() / "lakestream_mcp"
LEAST_S, TIMES_AS_LONG = 20, 5
"""Processor seconds that a test may take, at least and by what it took before."""
KILLED, UNCLEAR = 1, "unclear"
VERDICTS = {0: "survived", KILLED: "killed"}


class Judge:
    """Runs the mutants instead of the tests; in a child, ends at the first failure."""

    def __init__(self):
        self.in_test = False
        self.caches = []
        self.sound = set()  # tests that pass where nothing is changed

    def pytest_collection(self, session):
        """A failure is enough: no smaller one is looked for, and none is remembered."""
        quick = [p for p in hypothesis.Phase if p.name in ("explicit", "generate")]
        default = hypothesis.settings.get_profile("lakestream")
        hypothesis.settings.register_profile("judge", default, phases=quick, database=None)
        hypothesis.settings.load_profile("judge")

    def pytest_runtestloop(self, session):
        """Judge one mutant after the other."""
        jobs = json.loads(Path(os.environ["MUTATION_JOBS"]).read_text())
        items = {item.nodeid: item for item in session.items}
        functions = functions_by_file()
        self.caches = [each for each in gc.get_objects() if is_cache(each)]
        gc.freeze()
        kills = {}
        with Path(os.environ["MUTATION_VERDICTS"]).open("a") as verdicts:
            for job in jobs:
                chosen = in_order([t for t in job["tests"] if t in items], job, kills)
                verdict = self.judged(job, [items[t] for t in chosen], functions)
                if verdict["by"] in items:
                    file = verdict["by"].partition("::")[0]
                    kills[job["file"], file] = kills.get((job["file"], file), 0) + 1
                print(json.dumps(verdict), file=verdicts, flush=True)
        return True

    def judged(self, job, items, functions):
        """The verdict on one mutant: killed by which test, or survived."""
        places = {item.nodeid: place for place, item in enumerate(items)}
        while True:
            verdict, by = self.tried(job, items, functions)
            if not by or not job["again"] or self.certain(job, items[places[by]], functions):
                return {"number": job["number"], "verdict": verdict, "by": by}
            items = items[places[by] + 1 :]
            places = {item.nodeid: place for place, item in enumerate(items)}

    def certain(self, job, item, functions):
        """Whether a test that runs processes fails again on the mutant, and not without it."""
        if not self.tried(job, [item], functions)[1]:
            return False
        if job["owner"] and item.nodeid not in self.sound:
            source = (PACKAGE / job["file"]).read_text()
            if self.tried({**job, "source": source, "owner": ""}, [item], functions)[1]:
                return False
            self.sound.add(item.nodeid)
        return True

    def tried(self, job, items, functions):
        """What became of a mutant in a process of its own, and the test that noticed it."""
        file = PACKAGE / job["file"]
        original = file.read_text()
        place = Path(tempfile.mkdtemp(dir=Path.cwd()))
        told = place / "test"
        file.write_text(job["source"])
        try:
            child = os.fork()
            if not child:
                self.in_child(job, items, functions, told)
            _, status = os.waitpid(child, 0)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
        finally:
            file.write_text(original)
        by = told.read_text() if told.exists() else ""
        shutil.rmtree(place, ignore_errors=True)
        code = os.waitstatus_to_exitcode(status)
        if code in VERDICTS:
            return VERDICTS[code], by if code == KILLED else ""
        return ("killed, out of time", by) if code == -signal.SIGPROF else (UNCLEAR, "")

    def in_child(self, job, items, functions, told):
        """Run the tests on the changed function, and leave."""
        code = 2
        try:
            os.setsid()
            tempfile.tempdir = str(told.parent)
            os.environ["TMPDIR"] = tempfile.tempdir
            for cache in self.caches:  # texts of files, and what follows from them
                cache.cache_clear()
            if job["owner"]:
                exchange(job, functions)
            self.in_test = True
            for item, following in zip(items, [*items[1:], None]):
                allowed = LEAST_S + TIMES_AS_LONG * job["tests"][item.nodeid]
                signal.setitimer(signal.ITIMER_PROF, allowed)
                told.write_text(item.nodeid)
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            code = 0
        except BaseException as error:  # noqa: BLE001 - a child never returns
            told.write_text(repr(error))
        finally:
            os._exit(code)

    def pytest_runtest_logreport(self, report):
        if report.failed and self.in_test:
            os._exit(KILLED)


def in_order(tests, job, kills):
    """File by file: first those that noticed mutants of the same file, then the quickest."""
    seconds = {}
    for test in tests:
        file = test.partition("::")[0]
        seconds[file] = seconds.get(file, 0) + job["tests"][test]
    worth = {f: -kills.get((job["file"], f), 0) / (s + 0.5) for f, s in seconds.items()}
    files = sorted(seconds, key=lambda f: (worth[f], seconds[f]))
    places = {file: place for place, file in enumerate(files)}
    return sorted(tests, key=lambda t: places[t.partition("::")[0]])


def functions_by_file():
    """Every function of the package that is there once all is imported."""
    found = {}
    for each in gc.get_objects():
        if isinstance(each, types.FunctionType):
            file = each.__code__.co_filename
            if file.startswith(str(PACKAGE)):
                found.setdefault(file, []).append(each)
    return found


def is_cache(each):
    """Whether an object remembers answers of a function of the package."""
    remembers = isinstance(each, functools._lru_cache_wrapper)
    return remembers and str(getattr(each, "__module__", "")).startswith("lakestream_mcp")


def exchange(job, functions):
    """Give a function the code it has after the change."""
    file = str(PACKAGE / job["file"])
    place = (job["owner"], job["owner_line"])
    (code,) = [c for c in codes(compile(job["source"], file, "exec")) if place_of(c) == place]
    known = [f for f in functions.get(file, ()) if place_of(f.__code__) == place]
    for function in known:
        function.__code__ = code


def place_of(code):
    return code.co_qualname, code.co_firstlineno


def codes(code):
    """The code of every function that is not inside of another one."""
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield inner
            if not inner.co_flags & 2:  # the body of a class
                yield from codes(inner)


def pytest_configure(config):
    """In place of pytest's own loop."""
    config.pluginmanager.register(Judge())
