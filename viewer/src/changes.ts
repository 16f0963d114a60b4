/** What differs between two revisions of one pipeline, as the canvas and the panels show it. */

import type { Json, PipelineEdge, PipelineNode, PipelineView, Row } from "./api";

/** A node that changed, as last seen (what a ghost shows), and when its mark fades (ms since the epoch). */
export interface Mark { kind: "added" | "changed" | "removed"; node: PipelineNode; until: number }
export interface Changes { marks: Record<string, Mark>; edgesAdded: Set<string>; edgesRemoved: PipelineEdge[] }

export const noChanges: Changes = { marks: {}, edgesAdded: new Set(), edgesRemoved: [] };

const text = (value: Json | undefined): string => JSON.stringify(value ?? null);
const byId = (view: PipelineView | null) => new Map(view?.nodes.map((node) => [node.id, node]));

/** Keys whose value differs, in the order they appear. */
export function changedKeys(before: Row, after: Row): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => text(before[key]) !== text(after[key]));
}

const differs = (a: PipelineNode, b: PipelineNode) =>
  a.name !== b.name || a.type !== b.type || changedKeys(a.config, b.config).length > 0;

export function compare(before: PipelineView, after: PipelineView, until: number): Changes {
  const marks: Record<string, Mark> = {};
  const old = byId(before);
  for (const node of after.nodes) {
    const was = old.get(node.id);
    old.delete(node.id);
    if (!was || differs(was, node)) marks[node.id] = { kind: was ? "changed" : "added", node, until };
  }
  for (const node of old.values()) marks[node.id] = { kind: "removed", node, until };
  const oldEdges = new Set(before.edges.map((edge) => edge.id));
  const newEdges = new Set(after.edges.map((edge) => edge.id));
  return {
    marks,
    edgesAdded: newEdges.difference(oldEdges),
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
  return { ...newer, marks, edgesAdded: lit.edgesAdded.union(newer.edgesAdded) };
}

/** The marks that have not faded at `now`; edges fade with the last of them. */
export function remaining(lit: Changes, now: number): Changes {
  const marks = Object.fromEntries(Object.entries(lit.marks).filter(([, m]) => m.until > now));
  return Object.keys(marks).length > 0 ? { ...lit, marks } : noChanges;
}

/** The new view with the old node objects where nothing changed, so their cards are not redrawn. */
export function reuse(old: PipelineView | null, view: PipelineView): PipelineView {
  const known = byId(old);
  const nodes = view.nodes.map((node) => {
    const was = known.get(node.id);
    return was && JSON.stringify(was) === JSON.stringify(node) ? was : node;
  });
  return { ...view, nodes };
}

/** The selected node with all that it reads from and all that reads from it. */
export function lineage(id: string, edges: PipelineEdge[]): Set<string> {
  const walk = (from: "source" | "target", to: "source" | "target") => {
    const reached = new Set([id]);
    for (const node of reached) for (const edge of edges) if (edge[from] === node) reached.add(edge[to]);
    return reached;
  };
  return walk("target", "source").union(walk("source", "target"));
}

/** Nodes in the order rows flow, with how deep each stands; ties by place on the canvas. */
export function inOrder({ nodes, edges }: PipelineView): [PipelineNode, number][] {
  const depth = new Map(nodes.map((node) => [node.id, 0]));
  const at = (id: string) => depth.get(id) ?? 0;
  for (let round = 0, moved = true; moved && round < nodes.length; round++) {
    moved = false;
    for (const { source, target } of edges) {
      if (at(source) < at(target)) continue;
      depth.set(target, at(source) + 1);
      moved = true;
    }
  }
  const ordered = nodes.map((node): [PipelineNode, number] => [node, at(node.id)]);
  return ordered.sort(([a, i], [b, j]) => i - j || (a.position?.y ?? 0) - (b.position?.y ?? 0));
}
