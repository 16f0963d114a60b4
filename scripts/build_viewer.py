"""Build the viewer into the package: `python3 scripts/build_viewer.py [--out FOLDER]`.

The result is one page, the same bytes from the same sources; it is committed, so that running the
product needs no Node. Standard library only.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VIEWER = ROOT / "viewer"
STATIC = ROOT / "lakestream_mcp" / "surfaces" / "static"


class BuildFailed(Exception):
    """The build did not end well; the message holds what the tool said."""


def node_environment() -> dict[str, str]:
    """The environment with the project's own Node first on the PATH, then the machine's."""
    own = ROOT / ".venv" / ("Scripts" if os.name == "nt" else "bin")
    path = os.pathsep.join([str(own), os.environ.get("PATH", "")])
    if shutil.which("node", path=path) is None:
        raise BuildFailed("There is no node: `make test` installs one into .venv/.")
    return {**os.environ, "PATH": path}


def run(command: list[str]) -> None:
    """Run a tool of the viewer's packages. Raises BuildFailed with what it said."""
    env = node_environment()
    program = shutil.which(command[0], path=env["PATH"]) or command[0]
    result = subprocess.run(
        [program, *command[1:]], cwd=VIEWER, env=env, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise BuildFailed(f"{' '.join(command)}\n{result.stdout}{result.stderr}")


def build(out: Path) -> Path:
    """Check the types, build, and put the page into `out`; the path of the page."""
    if not (VIEWER / "node_modules" / "vite").is_dir():
        run(["npm", "ci", "--no-audit", "--no-fund"])
    run(["node", "node_modules/typescript/bin/tsc", "--noEmit"])
    with tempfile.TemporaryDirectory(prefix="lakestream-viewer-") as folder:
        options = ["--outDir", folder, "--emptyOutDir", "--logLevel", "warn"]
        run(["node", "node_modules/vite/bin/vite.js", "build", *options])
        out.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(Path(folder) / "index.html", out / "index.html"))


def main() -> int:
    """Build, and say where the page is and how large."""
    parser = argparse.ArgumentParser(description="Build the viewer.")
    parser.add_argument("--out", type=Path, default=STATIC, help="where the page goes")
    try:
        page = build(parser.parse_args().out)
    except BuildFailed as failure:
        print(f"The viewer was not built: {failure}", file=sys.stderr)
        return 1
    print(f"{page}: {page.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
