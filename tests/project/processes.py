"""Programs of the checkout as child processes, each with a store of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .sources import ROOT

TIMEOUT_S = 250


def run(
    *command: str, data_dir: Path, shell: bool = False, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run a program of the checkout with a store of its own."""
    return subprocess.run(
        command[0] if shell else command,
        cwd=ROOT,
        env={**os.environ, "LAKESTREAM_DATA_DIR": str(data_dir), "LAKESTREAM_PORT": "0", **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
        shell=shell,
    )
