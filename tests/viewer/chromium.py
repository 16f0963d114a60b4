"""Where a Chromium is: on the PATH, else unpacked from the viewer's packages."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "viewer" / "node_modules"
# The package reuses any `chromium` it finds in the temporary folder: it gets one of its own.
UNPACKED = ROOT / ".cache" / "chromium"
NAMES = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")
UNPACK = "import c from '@sparticuz/chromium'; console.log(await c.executablePath())"


def find_chromium() -> Path | None:
    """The browser's executable, or None where there is neither a browser nor a package of one."""
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    return _unpacked() if (PACKAGES / "@sparticuz" / "chromium").is_dir() else None


def _unpacked() -> Path | None:
    path = os.pathsep.join([str(ROOT / ".venv" / "bin"), os.environ.get("PATH", "")])
    node = shutil.which("node", path=path)
    if node is None:
        return None
    UNPACKED.mkdir(parents=True, exist_ok=True)
    result = subprocess.run(
        [node, "--input-type=module", "--eval", UNPACK],
        cwd=PACKAGES.parent,
        env={**os.environ, "TMPDIR": str(UNPACKED)},
        capture_output=True,
        text=True,
        check=False,
    )
    found = Path(result.stdout.strip() or "missing")
    return found if found.is_file() else None
