/** The graph itself: React Flow, read-only, with what changed lit and what was removed as a ghost. */

import {
  Background, BackgroundVariant, Controls, type Edge, MarkerType, MiniMap, type NodeChange, Position, ReactFlow,
  useReactFlow, useStore,
} from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef } from "react";
import type { NodeLoad, PipelineEdge, PipelineNode, PipelineView, Running } from "./api";
import { type Changes, lineage, type Mark } from "./changes";
import { type CardNode, cardHeight, cardWidth, loadText, NodeCard, type Port } from "./NodeCard";
import { go } from "./place";
import { useTheme } from "./theme";

const nodeTypes = { card: NodeCard };
const manyNodes = 200;
/** The server places nodes on a grid of 280 by 120; the cards here are larger, so it is stretched. */
const stretch = { x: 1.18, y: 1.25 };
const fitting = { padding: 0.12, maxZoom: 1.1 };
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const duration = () => (calm.matches ? 0 : 250);

const nodeHint = "Press enter to select this node and read about it. The canvas is read-only.";
const readOnlyLabels = {
  "node.a11yDescription.default": nodeHint,
  "node.a11yDescription.keyboardDisabled": nodeHint,
  "edge.a11yDescription.default": "A connection between two nodes. The canvas is read-only.",
  "controls.ariaLabel": "Zoom",
};

/** Ports along the sides, evenly spaced; what may have an input shows one even while it has no edge. */
function portsOf(node: PipelineNode, edges: PipelineEdge[]): Port[] {
  const ins = new Set(edges.filter((e) => e.target === node.id).map((e) => e.target_port));
  const outs = new Set(edges.filter((e) => e.source === node.id).map((e) => e.source_port));
  if (ins.size === 0 && node.category !== "source") ins.add("in");
  const place = (ids: Set<string>, side: Port["side"]) =>
    [...ids].sort().map((id, i) => ({ id, side, y: (cardHeight * (i + 1)) / (ids.size + 1) }));
  return [...place(ins, "in"), ...place(outs, "out")];
}

function handleOf({ id, side, y }: Port) {
  const at = { id, y, width: 1, height: 1 };
  return side === "in"
    ? { ...at, type: "target" as const, position: Position.Left, x: 0 }
    : { ...at, type: "source" as const, position: Position.Right, x: cardWidth };
}

/** Size and handles are told, not measured: the first paint is complete, and so is each update. */
function cardOf(
  node: PipelineNode, i: number, edges: PipelineEdge[], mark: Mark | undefined, dim: boolean, load: NodeLoad | undefined,
): CardNode {
  const ports = portsOf(node, edges);
  const { x, y } = node.position ?? { x: i * 280, y: 0 };
  const size = { width: cardWidth, height: cardHeight };
  return {
    id: node.id, type: "card", position: { x: x * stretch.x, y: y * stretch.y }, ...size, measured: size,
    handles: ports.map(handleOf), data: { node, ports, mark, dim, load },
    ariaLabel: `${node.name}, ${node.title}, ${node.status.label}${mark ? `, ${mark.kind}` : ""}${load ? `, ${loadText(load)}` : ""}`,
  };
}

function lineOf(edge: PipelineEdge, kind: string, names: Map<string, string>): Edge {
  const { source, target } = edge;
  const change = kind === "added" || kind === "removed" ? `, ${kind}` : "";
  return {
    id: kind === "removed" ? `removed:${edge.id}` : edge.id, source, target,
    sourceHandle: edge.source_port, targetHandle: edge.target_port, className: kind,
    markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16, color: "var(--edge)" },
    ariaLabel: `${names.get(source) ?? source} to ${names.get(target) ?? target}${change}`,
  };
}

function useGraph(view: PipelineView, lit: Changes, selected: string | null, running: Running | null): { nodes: CardNode[]; edges: Edge[] } {
  return useMemo(() => {
    const present = new Set(view.nodes.map((node) => node.id));
    const ghosts = Object.values(lit.marks).map((mark) => mark.node).filter((node) => !present.has(node.id));
    const all = [...view.nodes, ...ghosts];
    const names = new Map(all.map((node) => [node.id, node.name]));
    const gone = lit.edgesRemoved.filter((e) => names.has(e.source) && names.has(e.target));
    const lines = [...view.edges, ...gone];
    const related = selected && present.has(selected) ? lineage(selected, view.edges) : null;
    const dim = (id: string) => related !== null && !related.has(id);
    const kindOf = (e: PipelineEdge) => (lit.edgesAdded.has(e.id) ? "added" : dim(e.source) || dim(e.target) ? "dim" : "");
    const cards = all.map((node, i) => cardOf(node, i, lines, lit.marks[node.id], dim(node.id), running?.nodes[node.id]));
    return {
      nodes: cards.map((card) => ({ ...card, selected: card.id === selected })),
      edges: [...view.edges.map((e) => lineOf(e, kindOf(e), names)), ...gone.map((e) => lineOf(e, "removed", names))],
    };
  }, [view, lit, selected, running]);
}

export interface Camera { fit: () => void; centre: (id: string) => void }

/** Keeps everything in sight while the agent works, until the reader moves the canvas. */
function useCamera(nodes: CardNode[], selected: string | null) {
  const flow = useReactFlow();
  const moved = useRef(false);
  const width = useStore((s) => s.width);
  const height = useStore((s) => s.height);
  const fit = useCallback(() => {
    moved.current = false;
    void flow.fitView({ ...fitting, duration: duration() });
  }, [flow]);
  const shape = nodes.map((n) => `${n.id}@${n.position.x},${n.position.y}`).join(" ");
  const look = useCallback((id: string) => {
    const position = flow.getNode(id)?.position;
    if (!position) return;
    const zoom = Math.min(1.1, Math.max(flow.getZoom(), 0.75));
    void flow.setCenter(position.x + cardWidth / 2, position.y + cardHeight / 2, { zoom, duration: duration() });
  }, [flow]);
  const chosen = useRef(selected);
  chosen.current = selected;
  useEffect(() => {
    if (moved.current || width === 0) return;
    // Where the whole graph would be too small to read, the chosen node is shown instead.
    const readable = width / flow.getNodesBounds(flow.getNodes()).width > 0.6;
    if (chosen.current && !readable) look(chosen.current);
    else fit();
  }, [shape, width, height, flow, fit, look]);
  const centre = useCallback((id: string) => {
    moved.current = true;
    look(id);
  }, [look]);
  return { fit, centre, moved };
}

interface CanvasProps { view: PipelineView; lit: Changes; selected: string | null; camera: { current: Camera | null }; running: Running | null }

export function Canvas({ view, lit, selected, camera, running }: CanvasProps) {
  const { nodes, edges } = useGraph(view, lit, selected, running);
  const { fit, centre, moved } = useCamera(nodes, selected);
  camera.current = { fit, centre };
  const onNodesChange = useCallback((changes: NodeChange<CardNode>[]) => {
    for (const change of changes) if (change.type === "select" && change.selected) go({ node: change.id });
  }, []);
  return (
    <ReactFlow
      nodes={nodes} edges={edges} nodeTypes={nodeTypes} aria-label="Pipeline canvas" ariaLabelConfig={readOnlyLabels}
      onNodesChange={onNodesChange} onPaneClick={() => go({ node: null })}
      onMoveStart={(event) => { moved.current ||= event !== null; }}
      colorMode={useTheme()} minZoom={0.1} maxZoom={2}
      nodesDraggable={false} nodesConnectable={false} elevateNodesOnSelect={false}
      deleteKeyCode={null} selectionKeyCode={null} multiSelectionKeyCode={null}
      onlyRenderVisibleElements={nodes.length > manyNodes}
    >
      <Background variant={BackgroundVariant.Dots} gap={22} size={1.2} />
      <Controls showInteractive={false} onFitView={fit} position="bottom-left" />
      {nodes.length > 24 && <MiniMap pannable zoomable position="bottom-right" />}
    </ReactFlow>
  );
}
