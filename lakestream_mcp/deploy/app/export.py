"""Writes the folder of an app: what it runs, what it is, its pinned packages and its sources."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ...codegen.bundle.write import yaml_text
from ...errors import InvalidArgument
from .plan import AppPlan

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1]
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")
HEADER = "# Written by `lakestream export --app`.\n"


def export_app(plan: AppPlan, folder: Path) -> list[str]:
    """Write the app into a new folder; the files at its top.

    Raises InvalidArgument; DatabricksFailed where Databricks' SDK is not installed.
    """
    plan.check()
    described = bundle(plan)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidArgument(
            "The folder holds something already, and was left alone.",
            code="FILE_EXISTS",
            where={"argument": "app"},
            got=str(folder),
        )
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(PACKAGE, folder / PACKAGE.name, ignore=LEFT_OUT)
    shutil.copyfile(HERE / "requirements.txt", folder / "requirements.txt")
    written = {
        "app.yaml": HEADER + yaml_text(app_yaml(plan)),
        "databricks.yml": HEADER + yaml_text(described),
        "README.md": _readme(plan),
    }
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    return sorted(path.name for path in folder.iterdir())


def app_yaml(plan: AppPlan) -> dict[str, Any]:
    """The repository's own `app.yaml`, for this app's address and database."""
    import yaml  # type: ignore[import-untyped]

    content: dict[str, Any] = yaml.safe_load((HERE / "app.yaml").read_text("utf-8"))
    changed = {
        "LAKESTREAM_HOSTS": plan.hosts,
        "LAKESTREAM_VIEWER_URL": plan.address,
        "LAKESTREAM_LAKEBASE": plan.lakebase,
        "LAKESTREAM_ADMINS": ",".join(plan.admins),
    }
    env = {entry["name"]: entry["value"] for entry in content["env"]} | changed
    return content | {"env": [{"name": n, "value": v} for n, v in env.items() if v]}


def bundle(plan: AppPlan) -> dict[str, Any]:
    """`databricks.yml`: the app with its database and the scopes of its users."""
    return {
        "bundle": {"name": plan.name},
        "resources": {"apps": {plan.name: plan.app().as_dict()}},
        "targets": {"prod": {"mode": "production", "default": True}},
    }


def _readme(plan: AppPlan) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE), undefined=StrictUndefined, autoescape=False
    )
    return environment.get_template("README.md.j2").render(plan=plan) + "\n"
