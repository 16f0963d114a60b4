"""Resolve `requirements/*.in` into hashed locks without any registry's address."""

import subprocess
import sys

from environments import REQUIREMENTS, fast_installer, uv_settings
from progress import ROOT, say

LOCKS = {"bootstrap": (), "server": (), "test": ("server",), "spark": (), "spark43": ()}
"""Each lock, and those whose pins it must share."""
OPTIONS = ("--generate-hashes", "--no-header", "--universal", "--python-version", "3.11", "--quiet")


def main(upgrade):
    """Write every lock; the exit code says whether all could be resolved."""
    uv = fast_installer()
    if uv is None:
        say("locks are made with uv, which cannot be had here")
        return 1
    for name, shared in LOCKS.items():
        lock = REQUIREMENTS / f"{name}.txt"
        command = [
            str(uv),
            "pip",
            "compile",
            *OPTIONS,
            str(lock.with_suffix(".in").relative_to(ROOT)),
        ]
        command += ["--output-file", str(lock.relative_to(ROOT))]
        for other in shared:
            command += ["--constraint", f"requirements/{other}.txt"]
        say(f"resolving requirements/{name}.txt")
        result = subprocess.run(
            [*command, *(["--upgrade"] if upgrade else [])],
            cwd=ROOT,
            env=uv_settings(),
            check=False,
        )
        if result.returncode != 0:
            return result.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main("--upgrade" in sys.argv[1:]))
