/** The revisions, newest first: what, why, by whom. A click shows the pipeline as it was then. */

import type { PipelineView, Revision } from "../api";
import { ago, instant } from "../format";
import { go } from "../place";

/** `2 added, 1 changed`: nodes by name where the graph still has them. */
export function ChangeChips({ revision, names }: { revision: Revision; names: Map<string, string> }) {
  const { added, updated, removed } = revision.changed;
  const chips = [
    ...added.map((id) => ["added", id] as const),
    ...updated.map((id) => ["changed", id] as const),
    ...removed.map((id) => ["removed", id] as const),
  ];
  const shown = chips.slice(0, 6);
  return (
    <span className="chips">
      {shown.map(([kind, id]) => (
        <span key={kind + id} className={`chip chip-${kind}`}>
          <span className="sr-only">{kind} </span>
          <span aria-hidden="true">{{ added: "+", changed: "~", removed: "−" }[kind]}</span>
          {names.get(id) ?? id}
        </span>
      ))}
      {chips.length > shown.length && <span className="chip">{chips.length - shown.length} more</span>}
    </span>
  );
}

export function History({ view, head }: { view: PipelineView; head: number }) {
  const names = new Map(view.nodes.map((node) => [node.id, node.name]));
  const shown = view.pipeline.revision;
  const now = Date.now();
  return (
    <>
    <h2 className="panel-title">History</h2>
    <ol className="history">
      {view.history.map((revision) => (
        <li key={revision.revision}>
          <button
            type="button"
            aria-current={revision.revision === shown ? "true" : undefined}
            onClick={() => go({ revision: revision.revision === head ? null : revision.revision })}
          >
            <span className="history-number">{revision.revision}</span>
            <span className="history-text">
              <strong>{revision.reason || revision.operation}</strong>
              <span className="quiet">
                {revision.actor} · {revision.operation} · <time title={`${instant(revision.at)} UTC`}>{ago(revision.at, now)}</time>
              </span>
              <ChangeChips revision={revision} names={names} />
            </span>
          </button>
        </li>
      ))}
    </ol>
    </>
  );
}
