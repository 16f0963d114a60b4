/** The revisions, newest first: what, why, by whom. A click shows the pipeline as it was then. */

import type { PipelineNode, PipelineView, Revision } from "../api";
import { ago, instant } from "../format";
import { go } from "../place";

const signs = { added: "+", changed: "~", removed: "−" };
const chipsMax = 6;

/** The nodes a revision changed, by name where it is known. */
export function ChangeChips({ revision, nodes }: { revision: Revision; nodes: PipelineNode[] }) {
  const { added, updated, removed } = revision.changed;
  const names = new Map(nodes.map((node) => [node.id, node.name]));
  const chips = Object.entries({ added, changed: updated, removed }).flatMap(([kind, ids]) => ids.map((id) => [kind, id] as const));
  return (
    <span className="chips">
      {chips.slice(0, chipsMax).map(([kind, id]) => (
        <span key={kind + id} className={`chip chip-${kind}`}>
          <span className="sr-only">{kind} </span>
          <span aria-hidden="true">{signs[kind as keyof typeof signs]}</span>{names.get(id) ?? id}
        </span>
      ))}
      {chips.length > chipsMax && <span className="chip">{chips.length - chipsMax} more</span>}
    </span>
  );
}

export function History({ view, head }: { view: PipelineView; head: number }) {
  return (
    <>
      <h2 className="panel-title">History</h2>
      <ol className="history">{view.history.map((revision) => {
        const { revision: number, reason, operation, actor, at } = revision;
        return (
          <li key={number}>
            <button
              type="button" aria-current={number === view.pipeline.revision || undefined}
              onClick={() => go({ revision: number === head ? null : number })}
            >
              <span className="history-number">{number}</span>
              <span className="history-text">
                <strong>{reason || operation}</strong>
                <span className="quiet">{actor} · {operation} · <time title={`${instant(at)} UTC`}>{ago(at)}</time></span>
                <ChangeChips revision={revision} nodes={view.nodes} />
              </span>
            </button>
          </li>
        );
      })}</ol>
    </>
  );
}
