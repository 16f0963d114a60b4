/** What differs between two revisions of one pipeline, as the canvas and the panels show it. */

import type { Json, PipelineEdge, PipelineNode, PipelineView, Row } from "./api";

export type MarkKind = "added" | "changed" | "removed";

export interface Mark {
  kind: MarkKind;
  /** Config keys that changed; `name` when the title did. */
  keys: string[];
  /** The node as it was last seen: what a ghost shows. */
  node: PipelineNode;
  /** When the mark fades, in milliseconds since the epoch. */
  until: number;
}

export interface Changes {
  marks: Record<string, Mark>;
  edgesAdded: Set<string>;
  edgesRemoved: PipelineEdge[];
}

export const noChanges: Changes = { marks: {}, edgesAdded: new Set(), edgesRemoved: [] };

const text = (value: Json | undefined): string => JSON.stringify(value ?? null);

/** Keys whose value differs, in the order they appear. */
export function changedKeys(before: Row, after: Row): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => text(before[key]) !== text(after[key]));
}

function nodeKeys(before: PipelineNode, after: PipelineNode): string[] {
  const keys = changedKeys(before.config, after.config);
  if (before.name !== after.name) keys.unshift("name");
  if (before.type !== after.type) keys.unshift("type");
  return keys;
}

export function compare(before: PipelineView, after: PipelineView, until: number): Changes {
  const marks: Record<string, Mark> = {};
  const old = new Map(before.nodes.map((node) => [node.id, node]));
  for (const node of after.nodes) {
    const was = old.get(node.id);
    old.delete(node.id);
    const keys = was ? nodeKeys(was, node) : [];
    if (!was) marks[node.id] = { kind: "added", keys, node, until };
    else if (keys.length > 0) marks[node.id] = { kind: "changed", keys, node, until };
  }
  for (const node of old.values()) marks[node.id] = { kind: "removed", keys: [], node, until };
  const oldEdges = new Set(before.edges.map((edge) => edge.id));
  const newEdges = new Set(after.edges.map((edge) => edge.id));
  return {
    marks,
    edgesAdded: new Set(after.edges.filter((e) => !oldEdges.has(e.id)).map((e) => e.id)),
    edgesRemoved: before.edges.filter((edge) => !newEdges.has(edge.id)),
  };
}

/** Newer changes over those still lit: what was just added stays "added" when edited again. */
export function merge(lit: Changes, newer: Changes): Changes {
  const marks = { ...lit.marks };
  for (const [id, mark] of Object.entries(newer.marks)) {
    const fresh = marks[id]?.kind === "added" && mark.kind === "changed";
    marks[id] = fresh ? { ...mark, kind: "added" } : mark;
  }
  const edgesAdded = new Set([...lit.edgesAdded, ...newer.edgesAdded]);
  return { ...newer, marks, edgesAdded };
}

/** The marks that have not faded at `now`; edges fade with the last of them. */
export function remaining(lit: Changes, now: number): Changes {
  const marks = Object.fromEntries(Object.entries(lit.marks).filter(([, m]) => m.until > now));
  return Object.keys(marks).length > 0 ? { ...lit, marks } : noChanges;
}

/** The new view with the old node objects where nothing changed, so their cards are not redrawn. */
export function reuse(old: PipelineView | null, view: PipelineView): PipelineView {
  const known = new Map(old?.nodes.map((node) => [node.id, node]));
  const nodes = view.nodes.map((node) => {
    const was = known.get(node.id);
    return was && JSON.stringify(was) === JSON.stringify(node) ? was : node;
  });
  return { ...view, nodes };
}

/** The selected node with all that it reads from and all that reads from it. */
export function lineage(id: string, edges: PipelineEdge[]): Set<string> {
  const reached = new Set([id]);
  const walk = (from: "source" | "target", to: "source" | "target") => {
    const open = [id];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const edge of edges) {
        if (edge[from] === node && !reached.has(edge[to])) {
          reached.add(edge[to]);
          open.push(edge[to]);
        }
      }
    }
  };
  walk("target", "source");
  walk("source", "target");
  return reached;
}

/** Nodes in the order rows flow, with how deep each stands; ties by place on the canvas. */
export function inOrder(nodes: PipelineNode[], edges: PipelineEdge[]): [PipelineNode, number][] {
  const depth = new Map(nodes.map((node) => [node.id, 0]));
  for (let round = 0; round < nodes.length; round++) {
    let moved = false;
    for (const { source, target } of edges) {
      const wanted = (depth.get(source) ?? 0) + 1;
      if (wanted > (depth.get(target) ?? 0) && wanted < nodes.length) {
        depth.set(target, wanted);
        moved = true;
      }
    }
    if (!moved) break;
  }
  const y = (node: PipelineNode) => node.position?.y ?? 0;
  return nodes
    .map((node): [PipelineNode, number] => [node, depth.get(node.id) ?? 0])
    .sort(([a, i], [b, j]) => i - j || y(a) - y(b));
}
