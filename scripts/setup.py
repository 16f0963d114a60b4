"""Set up what a target needs, once: `python3 scripts/setup.py server|test|spark|jars|node …`.

Standard library only, and readable by any Python 3, since it runs before anything is installed.
A finished step leaves a stamp with the hash of what it was made from; the next call skips it.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from environments import SERVER, install_environment, python_of
from progress import ROOT, SetupError, fingerprint, is_done, mark_done, say

VIEWER = ROOT / "viewer"
PROTOCOL = ROOT / "tests" / "protocol"
NODE_MAJOR = 22


def main(targets):
    """Do every step asked for, in order; the exit code says whether all are done."""
    unknown = [t for t in targets if t not in STEPS]
    if unknown or not targets:
        print("usage: python3 scripts/setup.py " + " | ".join(STEPS), file=sys.stderr)
        return 2
    for target in targets:
        try:
            STEPS[target](target)
        except SetupError as failure:
            say(f"FAILED: {failure}")
            say(f"  what to do: {failure.remedy}")
            return 1
    return 0


# Spark's jars, Node, browser: only tests need them


def install_jars(_name):
    """The jars that generated code needs on a local Spark, fetched by Spark's own resolver."""
    run_script(
        [str(python_of(SERVER)), "scripts/jars.py"],
        "Spark's jars could not be prepared",
        "the machine must reach a Maven repository; then repeat",
    )


def install_node(_name):
    """The packages of the viewer and of the protocol's tests, exactly as locked."""
    for folder in (VIEWER, PROTOCOL):
        install_packages(folder)


def install_packages(folder):
    """The packages of one folder; no package runs anything while it is installed."""
    wanted = fingerprint(folder / "package-lock.json", folder / "package.json")
    if is_done(folder / "node_modules", "node", wanted):
        return
    say(f"installing the packages of {folder.relative_to(ROOT)} with npm")
    path = os.pathsep.join([str(node_folder()), os.environ.get("PATH", "")])
    npm = shutil.which("npm", path=path)
    command = [npm or "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    run_script(
        command,
        f"the packages of {folder.relative_to(ROOT)} could not be installed",
        "npm must reach a package registry: `npm config get registry` shows which one; then repeat",
        cwd=folder,
        env={**os.environ, "PATH": path},
    )
    mark_done(folder / "node_modules", "node", wanted)


def node_folder():
    """Where `node` and `npm` are: the PATH if new enough, else the environment's own."""
    on_path = shutil.which("node")
    if on_path and shutil.which("npm") and node_major(on_path) >= NODE_MAJOR:
        return Path(on_path).parent
    own = python_of(SERVER).parent
    if shutil.which("node", path=str(own)):
        return own
    raise SetupError(
        f"Node {NODE_MAJOR} or newer is needed for the viewer's tests",
        "run `make test`, which installs one into .venv/, or put a newer node on the PATH",
    )


def node_major(node):
    """The major version of a node, 0 if it does not run."""
    result = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)", result.stdout)
    return int(version.group(1)) if version else 0


def check_browser(_name):
    """Chromium for the viewer's tests: from the PATH, else from the viewer's packages."""
    known = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")
    if any(shutil.which(name) for name in known):
        return
    if not (VIEWER / "node_modules" / "@sparticuz" / "chromium").is_dir():
        install_node("node")
    if not (VIEWER / "node_modules" / "@sparticuz" / "chromium").is_dir():
        raise SetupError(
            "there is no Chromium", f"put one of {', '.join(known)} on the PATH, then repeat"
        )


def run_script(command, what, remedy, cwd=ROOT, env=None):
    """Run a program of another tool; its own messages are shown as they come."""
    try:
        result = subprocess.run(command, cwd=cwd, env=env, check=False)
    except OSError as error:
        raise SetupError(f"{what} ({error})", remedy) from error
    if result.returncode != 0:
        raise SetupError(what, remedy)


STEPS = {
    "server": install_environment,
    "test": install_environment,
    "spark": install_environment,
    "spark43": install_environment,
    "jars": install_jars,
    "node": install_node,
    "browser": check_browser,
}

if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
