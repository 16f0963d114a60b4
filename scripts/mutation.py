"""Are the fast tests sharp? Breaks matchers and `cep/` in small ways and counts what is noticed.

    scripts/mutation.py --count 300 --seed 1 [--only patterns/absence] [--only cep/processor]

Each mutant is one change of one expression or statement (`mutants.py`). It is judged by all tests
of `POOL` that enter the function it is in, the quickest first, until one fails; which tests enter
which function is found by running all of them once, and may be kept (`--reach FILE`) while neither
code nor tests change. A mutant that lives is printed with its line: a missing test, or code
that does nothing. `equivalent_mutants.json` names those that cannot be noticed, with the reason;
they are not drawn. The exit code is 0 if the score reaches `--least` (per cent).
"""

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from mutants import mutants
from progress import ROOT

PACKAGE = ROOT / "lakestream_mcp"
NODES = ("stateful", "expectations", "code", "python_udf")
POOL = (
    "tests/cep",
    "tests/patterns",
    "tests/explain",
    *(f"tests/nodes/test_{n}.py" for n in NODES),
)
IN_CHILDREN = {
    "cep/processor/function": "tests/nodes/test_python_udf.py",
    "cep/processor/calls.py": "tests/nodes/test_python_udf.py",
    "cep/processor/": "tests/patterns/custom/",
}
"""Files that run in processes of their own, where nobody watches, and the tests that start them."""
CARRIED = re.compile(r"^# --- carried ---$", re.M)
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.json")
FAST = "not soak and not spark and not kafka and not postgres and not browser"
PLUGINS = Path(__file__).parent
CLOSED = ".<locals>"
UNCLEAR = "unclear"
"""What a fork cannot tell, such as a change of what a function closes over."""


def sources(only):
    """The text of every file to break, by its place in the package.

    What runs an author's own code is only broken where it is asked for: its tests start processes.
    """
    files = [*PACKAGE.glob("cep/*.py"), *PACKAGE.glob("patterns/*/matcher.py")]
    if only:
        files += PACKAGE.glob("cep/*/*.py")
    files += [p for p in PACKAGE.glob("patterns/*/*.py") if CARRIED.search(p.read_text())]
    named = {p.relative_to(PACKAGE).as_posix(): p.read_text() for p in files}
    return {name: text for name, text in sorted(named.items()) if name.startswith(only)}


def equivalent(texts):
    """What is not drawn, as `Mutant.told` has it; an entry whose line is gone is told."""
    entries = json.loads(EQUIVALENT.read_text())
    for entry in entries:
        lines = [line.strip() for line in texts.get(entry["file"], entry["line"]).splitlines()]
        if entry["line"] not in lines:
            print(f"{EQUIVALENT.name}: no such line in {entry['file']}: {entry['line']}")
    return [{k: v for k, v in e.items() if k != "reason"} for e in entries]


def workspace(folder):
    """A copy of what the tests need, to break without harm."""
    shutil.copytree(PACKAGE, folder / "lakestream_mcp", symlinks=False)
    for name in ("tests", "examples", "docs", "prompts", "benchmarks", "scripts", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def started(folder, plugin, tests, **named):
    """Start pytest in the copy, with a plugin that takes its files from the environment."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    path = f"{folder}{os.pathsep}{PLUGINS}"
    env = {**os.environ, **named, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    with Path(folder, "output.txt").open("w") as output:
        return subprocess.Popen([*command, "-p", plugin, "-m", FAST, *tests], cwd=folder, env=env,
                                stdout=output, stderr=output)  # fmt: skip


def reach(folder, kept):
    """Which functions each test that passes enters, and how long it takes."""
    place = Path(kept) if kept else folder / "reach.json"
    if not place.exists():
        print("finding what each test reaches", flush=True)
        started(folder, "mutation_reach", POOL, MUTATION_REACH=str(place.resolve())).wait()
    return json.loads(place.read_text())


def judges(reached, mutant, source):
    """Tests that can notice a mutant, with the seconds they take; and whether imports can.

    What stands outside of functions is noticed where anything of the file is entered.
    """
    files = (f"{mutant.file}::", "<carried>::")
    defined = {node.name for node in ast.parse(source).body if hasattr(node, "name")}
    found = {}
    for test, seen in reached.items():
        for file, _, name in (entry.rpartition("::") for entry in seen["entered"]):
            outer = name.partition(CLOSED)[0]
            wanted = outer == mutant.owner if mutant.owner else outer.partition(".")[0] in defined
            if wanted and f"{file}::" in files:
                found[test] = seen["seconds"]
                break
    started_by = next((t for f, t in IN_CHILDREN.items() if mutant.file.startswith(f)), None)
    if started_by:
        found |= {t: s["seconds"] for t, s in reached.items() if t.startswith(started_by)}
    imported = found.pop("", None) is not None
    return found, imported


def judged(folder, jobs, texts):
    """The verdicts on all mutants, as they come."""
    together = {job["number"]: job for job in jobs if not job["at_import"]}
    alone = [job for job in jobs if job["at_import"]]
    for verdict in told_by(folder, list(together.values())):
        job = together.pop(verdict["number"])
        if verdict["verdict"] == UNCLEAR:
            alone.append(job)
        else:
            yield verdict
    if together:
        sys.exit(f"the judge ended early:\n{(folder / 'output.txt').read_text()[-3000:]}")
    for job in alone:
        file = folder / "lakestream_mcp" / job["file"]
        file.write_text(job["source"])
        unimported = {"number": job["number"], "verdict": "killed", "by": "imports"}
        yield (list(told_by(folder, [{**job, "owner": ""}])) or [unimported])[0]
        file.write_text(texts[job["file"]])


def told_by(folder, jobs):
    """The verdicts of one process, as they come."""
    asked, told = folder / "jobs.json", folder / "verdicts.json"
    asked.write_text(json.dumps(jobs))
    told.write_text("")
    tests = sorted({test.partition("::")[0] for job in jobs for test in job["tests"]})
    if not tests:
        yield from ({"number": job["number"], "verdict": "survived", "by": ""} for job in jobs)
        return
    names = {"MUTATION_JOBS": str(asked), "MUTATION_VERDICTS": str(told)}
    process = started(folder, "mutation_judge", tests, **names)
    read = 0
    while True:
        ended = process.poll() is not None
        lines = told.read_text().splitlines(keepends=True)[read:]
        whole = [line for line in lines if line.endswith("\n")]
        read += len(whole)
        yield from map(json.loads, whole)
        if ended:
            return
        time.sleep(0.5)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skip", type=int, default=0, help="how many of them were judged before")
    parser.add_argument("--only", default="")
    parser.add_argument("--least", type=float, default=90.0)
    parser.add_argument("--reach", default="", help="a file that keeps what tests reach")
    given = parser.parse_args()
    texts = sources(given.only)
    chosen = mutants(texts, given.count, given.seed, equivalent(texts))[given.skip :]
    print(f"{len(chosen)} mutants of {len(texts)} files, seed {given.seed}", flush=True)
    counts = Counter()
    with tempfile.TemporaryDirectory() as place:
        folder = workspace(Path(place))
        reached = reach(folder, given.reach)
        jobs = []
        for number, mutant in enumerate(chosen):
            tests, at_import = judges(reached, mutant, texts[mutant.file])
            source = mutant.applied(texts[mutant.file])
            jobs.append({"number": number, "file": mutant.file, "source": source, "tests": tests,
                         "again": mutant.file.startswith(tuple(IN_CHILDREN)),
                         "owner": mutant.owner, "owner_line": mutant.owner_line,
                         "at_import": at_import or not mutant.owner})  # fmt: skip
        for verdict in judged(folder, jobs, texts):
            mutant = chosen[verdict["number"]]
            counts[mutant.file, verdict["verdict"] != "survived"] += 1
            told = " | ".join(mutant.told(texts[mutant.file]).values())
            print(f"{verdict['verdict']}: {mutant.line} {told}  [{verdict['by']}]", flush=True)
    return told_score(counts, given.least)


def told_score(counts, least):
    """Print the score by file and of all; the exit code."""
    for name in sorted({name for name, _ in counts}):
        noticed = counts[name, True]
        print(f"{name}: {noticed} of {noticed + counts[name, False]} noticed")
    noticed, all_of = sum(n for (_, k), n in counts.items() if k), counts.total()
    score = 100 * noticed / max(all_of, 1)
    print(f"score {score:.1f} % ({noticed} of {all_of})")
    return int(score < least)


if __name__ == "__main__":
    sys.exit(main())
