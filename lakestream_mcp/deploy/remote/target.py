"""A workspace as a target: each change of a plan, and how it is taken back."""

from __future__ import annotations

from ..changes import Change
from ..databricks_client import calling
from .observing import Observing
from .resources import is_ours, key_of, wanted_specs


class RemoteTarget(Observing):
    """One pipeline in one workspace. `known` changes with every step."""

    def expect(self, change: Change) -> None:
        """Note what a change may leave behind, before it is done."""
        known, place = self.known, f"{change.kind} {change.key}"
        if change.kind in ("pipeline", "job"):
            change.sent = known.sent.get(place)
            known.sent[place] = None
            if change.kind == "job" and change.name not in known.names:
                known.names.append(change.name)
        elif change.kind == "folder" and change.do == "create":
            known.folders = [*dict.fromkeys([*known.folders, change.key])]
        elif change.kind == "file":
            known.files.pop(change.name, None)

    def do(self, change: Change) -> None:
        """Make a change. Raises DatabricksFailed."""
        {
            "folder": self._do_folder,
            "file": self._do_file,
            "pipeline": self._do_resource,
            "job": self._do_resource,
            "permissions": self._do_permissions,
            "runs": self._do_runs,
        }[change.kind](change)

    def undo(self, change: Change) -> None:
        """Take a change back, whether or not it was done. Raises DatabricksFailed."""
        if change.kind == "folder" and change.do == "create":
            # It stays among those that are looked at: a call that was lost may make it again.
            self.files.remove(change.key, with_all=True)
            self._forget_files(change.key)
            if self.root_is_ours:
                self.files.remove(self.known.root, with_all=False)
        elif change.kind in ("pipeline", "job"):
            self._undo_resource(change)
        elif change.kind == "permissions" and change.before is not None:
            self.permissions.put(*self._granted(change), change.before)
            self.known.asked.pop(change.key, None)

    def _undo_resource(self, change: Change) -> None:
        resource, place = self.kinds[change.kind], f"{change.kind} {change.key}"
        if change.do == "update":
            resource.restore(str(change.id), change.before)
            self.known.sent[place] = change.sent
        elif change.do == "create":
            for seen in self._seen().get((change.kind, change.key), []):
                resource.delete(seen.id)
            self.known.ids.pop(place, None)
            self.known.sent.pop(place, None)

    def _do_folder(self, change: Change) -> None:
        if change.do == "create":
            self.files.make(change.key)
        else:
            self.files.remove(change.key, with_all=change.key != self.known.root)
            self._forget(change.key)

    def _forget(self, folder: str) -> None:
        self.known.folders = [other for other in self.known.folders if other != folder]
        self._forget_files(folder)

    def _forget_files(self, folder: str) -> None:
        files = self.known.files
        self.known.files = {p: at for p, at in files.items() if not p.startswith(f"{folder}/")}

    def _do_file(self, change: Change) -> None:
        assert self.desired is not None
        self.known.files[change.name] = self.files.write(
            change.name, self.desired.files[change.key]
        )

    def _do_resource(self, change: Change) -> None:
        resource, place = self.kinds[change.kind], f"{change.kind} {change.key}"
        if change.do == "delete":
            resource.delete(str(change.id))
            if self.known.ids.get(place) == change.id:
                self.known.ids.pop(place)
                self.known.sent.pop(place, None)
            return
        assert self.desired is not None
        made = self._made(self.folder)
        assert made is not None
        spec = wanted_specs(made)[change.kind, change.key]
        if change.do == "create":
            self.known.ids[place] = resource.create(spec)
            self._remove_doubles(change)
        else:
            resource.update(str(change.id), spec)
        self.known.sent[place] = spec.as_dict()

    def _remove_doubles(self, change: Change) -> None:
        """Remove what a call made that was sent again after it had worked."""
        resource, known = self.kinds[change.kind], self.known
        for seen in resource.named(known.names, self.pipeline_id):
            ours = is_ours(seen, self.pipeline_id, known.origin) and key_of(seen) == change.key
            if ours and seen.id != known.ids[f"{change.kind} {change.key}"]:
                resource.delete(seen.id)

    def _granted(self, change: Change) -> tuple[str, str]:
        kind = "pipeline" if f"pipeline {change.key}" in self.known.ids else "job"
        return kind, self.known.ids[f"{kind} {change.key}"]

    def _do_permissions(self, change: Change) -> None:
        assert self.desired is not None
        made = self._made("")
        assert made is not None
        asked = made.permissions.get(change.key, [])
        self.permissions.ask(*self._granted(change), self.known.asked.get(change.key, []), asked)
        self.known.asked[change.key] = asked

    def _do_runs(self, change: Change) -> None:
        job = self.known.ids.get(f"job {self.pipeline_id}", change.id)
        pipelines = [v for k, v in self.known.ids.items() if k.startswith("pipeline ")]
        if change.do == "start":
            with calling("starting a run", job=job):
                self.client.jobs.run_now(int(str(job)), idempotency_token=self.run_mark)
            return
        with calling("ending the runs", job=job):
            self.client.jobs.cancel_all_runs(job_id=int(str(job)))
        for pipeline in pipelines:
            with calling("stopping the pipeline", resource=pipeline):
                self.client.pipelines.stop(pipeline)
