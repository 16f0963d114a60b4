"""What is in a workspace against what shall be: the changes that lead from one to the other."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from ...codegen.bundle.resources import Place, resources_of
from ..changes import Change, Known, Observation, Runs, differences
from ..databricks_client import calling
from ..databricks_failures import whole
from ..desired import Desired
from .files import Files, path_of
from .permissions import Permissions
from .requirements import requirements
from .resources import (
    ORIGIN_TAG,
    Jobs,
    Pipelines,
    Resource,
    Seen,
    is_ours,
    key_of,
    wanted_specs,
)

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from ...codegen.bundle.resources import Resources
    from ...codegen.generated import Task

# Fields of settings that a deployment decides: another value there is somebody else's change.
OWN_FIELDS = (
    "schedule",
    "continuous",
    "trigger",
    "email_notifications",
    "job_clusters",
    "clusters",
    "notifications",
)


class Observing:
    """One pipeline in one workspace."""

    def __init__(self, client: WorkspaceClient, pipeline_id: str, known: Known) -> None:
        self.client = client
        self.pipeline_id = pipeline_id
        self.known = known
        self.run_mark = ""
        self.desired: Desired | None = None
        self.untagged: list[str] = []
        self.files = Files(client)
        self.permissions = Permissions(client)
        self.kinds: dict[str, Resource] = {"pipeline": Pipelines(client), "job": Jobs(client)}

    def observe(self, desired: Desired | None, keep: list[str], runs: Runs) -> Observation:
        """The changes that lead to what is desired; nothing desired: all that was made goes."""
        self.desired = desired
        if desired is not None:
            self.known.root = self._root(desired)
        seen = self._seen()
        folder = self.folder
        made = self._made(folder)
        listed = {
            f: self.files.listed(f) for f in dict.fromkeys([*self.known.folders, folder]) if f
        }
        wanted = wanted_specs(made) if made else {}
        changes = self._file_changes(desired, folder, listed.get(folder)) if desired else []
        self.known.folders = [f for f in self.known.folders if listed[f] is not None]
        changes += self._resource_changes(wanted, seen)
        things = {c.key: (c.kind, c.id) for c in changes if c.kind in self.kinds}
        grants = self.permissions.changes(made, self.known, things)
        stays = {folder, *keep}
        gone = self._gone(wanted, seen) + self._old_folders(stays)
        world = {
            "seen": {" ".join(place): list(map(tuple, found)) for place, found in seen.items()},
            "folders": listed,
            "permissions": [change.before for change in grants],
            "known": self.known.model_dump(),
        }
        changes = self._with_runs([*changes, *grants], gone, runs, seen)
        if desired is None:
            left = [f"{thing} has lost its tags: it is left" for thing in self.untagged]
            return Observation(changes=changes, world=world, warnings=left)
        found = requirements(self.client, desired)
        tags = [f"the tags of {t}, which were removed: it may be ours" for t in self.untagged]
        return Observation(
            changes=changes,
            world=world,
            needs=found.needs,
            lacking=[*tags, *found.lacking],
            warnings=found.warnings,
        )

    def _root(self, desired: Desired) -> str:
        """The folder asked for, else the one of before, else one in the caller's home."""
        if desired.deploying.folder:
            return desired.deploying.folder
        if self.known.root:
            return self.known.root
        with calling("asking who you are"):
            me = whole(self.client.current_user.me().user_name)
        return f"/Workspace/Users/{me}/lakestream/{self.pipeline_id}"

    @property
    def root_is_ours(self) -> bool:
        """Whether the folder above is one that we named, and not one that somebody asked for."""
        return self.known.root.endswith(f"/lakestream/{self.pipeline_id}")

    @property
    def folder(self) -> str:
        """Where the desired files are: by their content, and apart from other stores' files."""
        if self.desired is None:
            return ""
        return f"{self.known.root}/{self.desired.folder}_{self.known.origin}"

    def _made(self, folder: str) -> Resources | None:
        """The resources as they would be sent, with the ids that are known."""
        desired = self.desired
        if desired is None:
            return None

        def file(_: Task, name: str) -> str:
            return path_of(folder, name, desired.files[name])

        def pipeline(key: str) -> str:
            return self.known.ids.get(f"pipeline {key}", f"(the id of {key})")

        tags = {ORIGIN_TAG: self.known.origin}
        return resources_of(desired.declared(tags), Place(file, pipeline))

    def _seen(self) -> dict[tuple[str, str], list[Seen]]:
        """All that is ours, by kind and key: by the ids that are known, and by tags."""
        found: dict[tuple[str, str], list[Seen]] = {}
        for kind, resource in self.kinds.items():
            ids = {v: k for k, v in self.known.ids.items() if k.startswith(f"{kind} ")}
            by_id = [seen for seen in map(resource.get, ids) if seen is not None]
            named = resource.named(self.known.names, self.pipeline_id)
            all_seen = {seen.id: seen for seen in [*by_id, *named]}
            for seen in all_seen.values():
                if is_ours(seen, self.pipeline_id, self.known.origin):
                    found.setdefault((kind, key_of(seen)), []).append(seen)
                elif seen in by_id:
                    self.untagged.append(f"{kind} {seen.id}")
        for (kind, key), several in found.items():
            known_id = self.known.ids.get(f"{kind} {key}")
            several.sort(key=lambda seen: (seen.id != known_id, seen.id))
            self.known.ids[f"{kind} {key}"] = several[0].id
        present = {f"{kind} {key}" for kind, key in found}
        self.known.ids = {k: v for k, v in self.known.ids.items() if k in present}
        return found

    def _file_changes(
        self, desired: Desired, folder: str, there: dict[str, int] | None
    ) -> list[Change]:
        ours = folder in self.known.folders
        made = "leave" if there is not None and ours else "create"
        changes = [Change(do=made, kind="folder", key=folder, name=folder)]
        for name, text in desired.files.items():
            path = path_of(folder, name, text)
            at = (there or {}).get(posixpath.basename(path))
            same = ours and at is not None and self.known.files.get(path) == at
            do = "leave" if same else "create" if at is None else "update"
            changes.append(Change(do=do, kind="file", key=name, name=path))
        return changes

    def _resource_changes(
        self, wanted: dict[tuple[str, str], Any], seen: dict[tuple[str, str], list[Seen]]
    ) -> list[Change]:
        changes = []
        for (kind, key), spec in wanted.items():
            content = spec.as_dict()
            name = str(content["name"])
            there = seen.get((kind, key))
            if not there:
                changes.append(Change(do="create", kind=kind, key=key, name=name))
                continue
            diff = self._diff(f"{kind} {key}", content, there[0].spec)
            changes.append(
                Change(
                    do="update" if diff else "leave",
                    kind=kind,
                    key=key,
                    name=name,
                    id=there[0].id,
                    diff=diff,
                    before=there[0].spec,
                )
            )
        return changes

    def _diff(self, place: str, wanted: dict[str, Any], there: dict[str, Any]) -> dict[str, Any]:
        """What is to be changed; fields that only the workspace sets are left."""
        found = differences(wanted, there)
        for field in OWN_FIELDS:
            if there.get(field) and field not in wanted:
                found[field] = [there[field], None]
        if not found and self.known.sent.get(place) != wanted:
            found["settings"] = ["as last sent", "as now"]
        return found

    def _gone(
        self, wanted: dict[tuple[str, str], Any], seen: dict[tuple[str, str], list[Seen]]
    ) -> list[Change]:
        """What is ours and no longer wanted, and doubles; jobs before what they run."""
        return [
            Change(do="delete", kind=kind, key=key, name=str(extra.spec.get("name")), id=extra.id)
            for (kind, key), several in sorted(seen.items())
            for extra in several[1 if (kind, key) in wanted else 0 :]
        ]

    def _old_folders(self, stays: set[str]) -> list[Change]:
        """Folders of code that nothing runs; with the last of them the empty one above."""
        old = [folder for folder in self.known.folders if folder not in stays]
        root = self.known.root
        if self.desired is None and self.root_is_ours:
            ours = {posixpath.basename(folder) for folder in old}
            held = self.files.listed(root)
            old += [root] if held is not None and set(held) <= ours else []
        return [Change(do="delete", kind="folder", key=f, name=f) for f in old]

    def _with_runs(
        self,
        changes: list[Change],
        gone: list[Change],
        runs: Runs,
        seen: dict[tuple[str, str], list[Seen]],
    ) -> list[Change]:
        """Runs are stopped before what they use goes, and started when all is there."""
        job = seen.get(("job", self.pipeline_id))
        idle = runs == "stop" and not any(c.writes for c in changes) and not self._active(job)
        told = Change(
            do="leave" if idle else "start" if runs == "start" else "stop",
            kind="runs",
            key=self.pipeline_id,
            name="of the job",
            id=job[0].id if job else None,
        )
        if self.desired is None:
            return [*([told] if job else []), *gone]
        if not runs:
            return [*changes, *gone]
        return [*changes, told, *gone]

    def _active(self, job: list[Seen] | None) -> bool:
        """Whether a run is under way."""
        with calling("reading the runs", pipeline=self.pipeline_id):
            if not job:
                return False
            return any(self.client.jobs.list_runs(job_id=int(job[0].id), active_only=True))
