"""Virtual environments from hashed locks, by uv where it can be had, else by pip.

Package indexes, proxies and certificates are those that pip is configured for.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from progress import ROOT, SetupError, fingerprint, is_done, mark_done, say

REQUIREMENTS = ROOT / "requirements"
SERVER = ROOT / ".venv"
SPARK = ROOT / ".venv-spark"
OLDEST = (3, 11)
SPARK43 = ROOT / ".venv-spark43"
FOLDERS = {"server": SERVER, "test": SERVER, "spark": SPARK, "spark43": SPARK43}
INCLUDED_IN = {"server": "test"}


def install_environment(name):
    """One virtual environment with exactly the packages of `requirements/<name>.txt`."""
    folder = FOLDERS[name]
    project = () if folder in (SPARK, SPARK43) else (ROOT / "pyproject.toml",)
    larger = INCLUDED_IN.get(name)
    for step in filter(None, (larger, name)):
        wanted = fingerprint(REQUIREMENTS / f"{step}.txt", *project)
        if python_of(folder).exists() and is_done(folder, step, wanted):
            return
    started = time.monotonic()
    create_environment(folder)
    if folder in (SPARK, SPARK43):
        ensure_installer()
    say(f"installing requirements/{name}.txt into {folder.name}/ (a few minutes the first time)")
    install(folder, ["--require-hashes", "-r", str(REQUIREMENTS / f"{name}.txt")])
    if project:
        install(folder, ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
    mark_done(folder, name, wanted)
    say(f"{folder.name}/ is ready ({time.monotonic() - started:.0f} s)")


def ensure_installer():
    """The Spark environment is installed by the installer of the server's environment."""
    if not python_of(SERVER).exists():
        create_environment(SERVER)


def python_of(folder):
    """The interpreter of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def create_environment(folder):
    """A virtual environment; a broken one, or one of another Python, is made anew."""
    if python_of(folder).exists() and version_of(str(python_of(folder))) >= OLDEST:
        return
    base = suitable_python()
    say(f"creating {folder.name}/ with {base}")
    result = subprocess.run([base, "-m", "venv", "--clear", str(folder)], check=False)
    if result.returncode != 0:
        raise SetupError(
            f"{base} cannot make a virtual environment",
            "install its venv module (Debian, Ubuntu: apt install python3-venv), then repeat",
        )


def suitable_python():
    """This Python, or another one on the PATH that is new enough."""
    candidates = [sys.executable, "python3.11", "python3.12", "python3.13", "python3.14", "python3"]
    for candidate in candidates:
        path = shutil.which(candidate)
        if path and version_of(path) >= OLDEST:
            return path
    found = ".".join(map(str, sys.version_info[:3]))
    wanted = ".".join(map(str, OLDEST))
    raise SetupError(
        f"Python {wanted} or newer is needed; this is {found} and there is no other on the PATH",
        f"install Python {wanted} or newer, or run: make PYTHON=/path/to/python3 …",
    )


def version_of(python):
    """(major, minor) of an interpreter; (0, 0) of one that does not run."""
    code = "import sys; print('%d %d' % sys.version_info[:2])"
    try:
        result = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return (0, 0)
    return tuple(map(int, result.stdout.split())) if result.returncode == 0 else (0, 0)


def install(folder, arguments):
    """Install with uv, which is fast; with pip where uv cannot be had or fails."""
    uv = fast_installer()
    if uv:
        quiet = [] if sys.stderr.isatty() else ["--quiet"]
        target = ["--python", str(python_of(folder))]
        command = [str(uv), *quiet, "pip", "install", *target, *arguments]
        if subprocess.run(command, env=uv_settings(), check=False).returncode == 0:
            return
        say("the fast installer failed; trying again with pip, which is slower")
    ensure_pip(folder)
    command = [str(python_of(folder)), "-m", "pip", "install", "--progress-bar", "off", *arguments]
    if subprocess.run(command, check=False).returncode != 0:
        raise SetupError(
            "packages could not be installed: " + " ".join(arguments),
            "look at the message above. pip must reach a package index (`pip config list` shows "
            "which one). Then repeat: it goes on where it stopped",
        )


def fast_installer():
    """The uv of the server's environment, at the pinned version; None where it cannot be had."""
    lock = REQUIREMENTS / "bootstrap.txt"
    uv = python_of(SERVER).with_name("uv.exe" if os.name == "nt" else "uv")
    if uv.exists() and is_done(SERVER, "bootstrap", fingerprint(lock)):
        return uv
    ensure_pip(SERVER)
    command = [str(python_of(SERVER)), "-m", "pip", "install", "--quiet", "--progress-bar", "off"]
    result = subprocess.run([*command, "--require-hashes", "-r", str(lock)], check=False)
    if result.returncode != 0 or not uv.exists():
        say("the fast installer is not available here; pip does the work")
        return None
    mark_done(SERVER, "bootstrap", fingerprint(lock))
    return uv


def ensure_pip(folder):
    """An environment made by another tool may lack pip."""
    python = str(python_of(folder))
    if subprocess.run(
        [python, "-m", "pip", "--version"], capture_output=True, check=False
    ).returncode:
        result = subprocess.run([python, "-m", "ensurepip"], capture_output=True, check=False)
        if result.returncode != 0:
            raise SetupError(
                f"{folder.name}/ has no pip", f"delete the folder {folder.name}/, then repeat"
            )


def uv_settings():
    """Environment variables for uv, which does not read what pip is configured for."""
    env = dict(os.environ)
    pip = pip_settings()
    translated = {
        "UV_DEFAULT_INDEX": pip.get("index-url"),
        "UV_INDEX": pip.get("extra-index-url"),
        "UV_INDEX_STRATEGY": "unsafe-best-match" if pip.get("extra-index-url") else None,
        "UV_FIND_LINKS": ",".join(p for p in pip.get("find-links", "").split() if is_usable(p)),
        "UV_INSECURE_HOST": pip.get("trusted-host"),
        "SSL_CERT_FILE": pip.get("cert"),
    }
    for name, value in translated.items():
        if value:
            env.setdefault(name, value)
    return env


def is_usable(link):
    """uv refuses a folder of wheels that is not there; pip does not mind."""
    return "://" in link or Path(link).is_dir()


def pip_settings():
    """What `pip config list` says, as a dictionary; variables win over files, as in pip."""
    command = [str(python_of(SERVER)), "-m", "pip", "config", "list"]
    listing = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = {}
    ranks = ("global.", "install.", ":env:.")
    for rank in ranks:
        for name, value in re.findall(r"^(\S+?)='(.*)'$", listing, re.MULTILINE):
            if name.startswith(rank):
                found[name[len(rank) :]] = value.replace("\\n", " ").strip()
    return found
