"""Progress, failures and stamps of the set-up steps."""

import hashlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ("progress.py", "environments.py", "setup.py")


class SetupError(Exception):
    """What failed, and what to do about it."""

    def __init__(self, what, remedy):
        super().__init__(what)
        self.remedy = remedy


def say(text):
    """Progress goes to stderr: stdout belongs to whoever called."""
    print(f"set-up: {text}", file=sys.stderr, flush=True)


def fingerprint(*files):
    """The hash of everything a step is made from."""
    digest = hashlib.sha256()
    for file in (*(Path(__file__).with_name(name) for name in SCRIPTS), *files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def is_done(folder, step, wanted):
    """Whether the stamp says that this step was finished from the same files."""
    stamp = folder / ".set-up" / step
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted


def mark_done(folder, step, wanted):
    """Leave the stamp, last of all."""
    (folder / ".set-up").mkdir(parents=True, exist_ok=True)
    (folder / ".set-up" / step).write_text(wanted, encoding="utf-8")
