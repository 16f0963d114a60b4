"""Set-up says what is wrong, and goes where pip is configured to go."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import certifi

from .sources import ROOT

SCRIPTS = ROOT / "scripts"


def run(code: str, stdin: str = "", **env: str) -> str:
    """Run code beside the set-up scripts, without the caller's pip and uv settings."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_"))}
    clean.pop("SSL_CERT_FILE", None)
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=SCRIPTS,
        env={**clean, "PIP_CONFIG_FILE": os.devnull, **env},
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout


def uv_settings(**env: str) -> dict[str, str]:
    """What set-up would tell uv."""
    code = "import json, environments; print(json.dumps(environments.uv_settings()))"
    return dict(json.loads(run(code, **env)))


def test_uv_goes_where_pip_is_told_to_go() -> None:
    found = uv_settings(
        PIP_INDEX_URL="https://mirror.example/simple",
        PIP_EXTRA_INDEX_URL="https://a.example/simple https://b.example/simple",
        PIP_CERT="/etc/own.pem",
    )
    assert found["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert found["UV_INDEX"] == "https://a.example/simple https://b.example/simple"
    assert found["SSL_CERT_FILE"] == "/etc/own.pem"


def test_uv_settings_of_the_user_win() -> None:
    found = uv_settings(PIP_INDEX_URL="https://a.example", UV_DEFAULT_INDEX="https://b.example")
    assert found["UV_DEFAULT_INDEX"] == "https://b.example"


def test_a_folder_of_wheels_that_is_not_there_is_left_out() -> None:
    assert "UV_FIND_LINKS" not in uv_settings(PIP_FIND_LINKS="/not/there")
    assert uv_settings(PIP_FIND_LINKS=str(SCRIPTS))["UV_FIND_LINKS"] == str(SCRIPTS)


def test_java_is_told_of_certificates_and_proxy(tmp_path: Path) -> None:
    code = (
        "import json, sys, pathlib, java_network as j\n"
        "environ = json.loads(sys.stdin.read())\n"
        "print(json.dumps(j.java_options(environ, pathlib.Path(environ['cache']))))"
    )
    environ = {
        "SSL_CERT_FILE": certifi.where(),
        "https_proxy": "http://proxy.example:3128",
        "cache": str(tmp_path),
    }
    options = json.loads(run(code, stdin=json.dumps(environ)))
    assert "-Dhttps.proxyHost=proxy.example" in options
    assert "-Dhttps.proxyPort=3128" in options
    store = (tmp_path / "certificates.jks").read_bytes()
    magic, version, count = struct.unpack(">III", store[:12])
    assert (magic, version) == (0xFEEDFEED, 2)
    assert count == Path(certifi.where()).read_text(encoding="utf-8").count("BEGIN CERTIFICATE")


def test_a_failed_step_says_what_to_do() -> None:
    code = (
        "import setup, progress\n"
        "def broken(name): raise progress.SetupError('it rained', 'take an umbrella')\n"
        "setup.STEPS['server'] = broken\n"
        "progress.sys.stderr = progress.sys.stdout\n"
        "print(setup.main(['server']))"
    )
    said = run(code).splitlines()
    assert said == [
        "set-up: FAILED: it rained",
        "set-up:   what to do: take an umbrella",
        "1",
    ]


def test_an_unknown_step_is_refused() -> None:
    result = subprocess.run(
        [sys.executable, "setup.py", "kitchen"], cwd=SCRIPTS, capture_output=True, check=False
    )
    assert result.returncode == 2


def test_every_step_that_make_asks_for_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    asked = {step for line in re.findall(r"\$\(SETUP\) (.*)", makefile) for step in line.split()}
    assert asked <= set(json.loads(run("import json, setup; print(json.dumps([*setup.STEPS]))")))


def test_every_script_that_make_runs_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for script in re.findall(r"\b(?:scripts|examples|benchmarks)/\w+\.py", makefile):
        assert (ROOT / script).is_file(), script
