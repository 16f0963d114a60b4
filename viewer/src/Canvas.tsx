/** The graph itself: React Flow, read-only, with what changed lit and what was removed as a ghost. */

import {
  Background,
  BackgroundVariant,
  Controls,
  type Edge,
  MarkerType,
  MiniMap,
  type NodeChange,
  Position,
  ReactFlow,
  useReactFlow,
  useStore,
} from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef } from "react";
import type { PipelineEdge, PipelineNode, PipelineView } from "./api";
import { type Changes, lineage, type Mark } from "./changes";
import { type CardNode, cardHeight, cardWidth, NodeCard } from "./NodeCard";
import { go } from "./place";

const nodeTypes = { card: NodeCard };
const manyNodes = 200;

/** The server places nodes on a grid of 280 by 120; the cards here are larger, so it is stretched. */
const stretch = { x: 1.18, y: 1.25 };

export const calm = matchMedia("(prefers-reduced-motion: reduce)");
const duration = () => (calm.matches ? 0 : 250);

const readOnlyLabels = {
  "node.a11yDescription.default": "Press enter to select this node and read about it. The canvas is read-only.",
  "node.a11yDescription.keyboardDisabled": "Press enter to select this node and read about it.",
  "edge.a11yDescription.default": "A connection between two nodes. The canvas is read-only.",
  "controls.ariaLabel": "Zoom",
};

/** Ports along one side, evenly spaced; two inputs of one name share a port. */
function ports(node: PipelineNode, edges: PipelineEdge[]): CardNode["data"]["ports"] {
  const ins = [...new Set(edges.filter((e) => e.target === node.id).map((e) => e.target_port))].sort();
  const outs = [...new Set(edges.filter((e) => e.source === node.id).map((e) => e.source_port))].sort();
  if (ins.length === 0 && node.category !== "source") ins.push("in");
  const place = (ids: string[], side: "in" | "out") =>
    ids.map((id, i) => ({ id, side, y: (cardHeight * (i + 1)) / (ids.length + 1) }));
  return [...place(ins, "in"), ...place(outs, "out")];
}

function cardOf(
  node: PipelineNode,
  index: number,
  edges: PipelineEdge[],
  mark: Mark | undefined,
  selected: boolean,
  dim: boolean,
): CardNode {
  const here = ports(node, edges);
  const change = mark ? `, ${mark.kind}` : "";
  return {
    id: node.id,
    type: "card",
    position: { x: (node.position?.x ?? index * 280) * stretch.x, y: (node.position?.y ?? 0) * stretch.y },
    width: cardWidth,
    height: cardHeight,
    measured: { width: cardWidth, height: cardHeight },
    handles: here.map((port) => ({
      id: port.id,
      type: port.side === "in" ? "target" : "source",
      position: port.side === "in" ? Position.Left : Position.Right,
      x: port.side === "in" ? 0 : cardWidth,
      y: port.y,
      width: 1,
      height: 1,
    })),
    data: { node, ports: here, dim, ...(mark ? { mark } : {}) },
    selected,
    ariaLabel: `${node.name}, ${node.title}, ${node.status.label}${change}`,
  };
}

function lineOf(edge: PipelineEdge, kind: string, names: Map<string, string>): Edge {
  const source = names.get(edge.source) ?? edge.source;
  const target = names.get(edge.target) ?? edge.target;
  return {
    id: `${kind === "removed" ? "ghost:" : ""}${edge.id}`,
    source: edge.source,
    target: edge.target,
    sourceHandle: edge.source_port,
    targetHandle: edge.target_port,
    className: kind,
    markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16, color: "var(--edge)" },
    ariaLabel: `${source} to ${target}${kind === "added" || kind === "removed" ? `, ${kind}` : ""}`,
  };
}

export interface CanvasProps {
  view: PipelineView;
  lit: Changes;
  selected: string | null;
}

export function useCards({ view, lit, selected }: CanvasProps): { nodes: CardNode[]; edges: Edge[] } {
  return useMemo(() => {
    const present = new Set(view.nodes.map((node) => node.id));
    const ghosts = Object.values(lit.marks)
      .filter((mark) => mark.kind === "removed" && !present.has(mark.node.id))
      .map((mark) => mark.node);
    const all = [...view.nodes, ...ghosts];
    const names = new Map(all.map((node) => [node.id, node.name]));
    const lines = [...view.edges, ...lit.edgesRemoved];
    const related = selected && present.has(selected) ? lineage(selected, view.edges) : null;
    const dim = (id: string) => related !== null && !related.has(id);
    const nodes = all.map((node, i) =>
      cardOf(node, i, lines, lit.marks[node.id], node.id === selected, dim(node.id)),
    );
    const kindOf = (edge: PipelineEdge) =>
      lit.edgesAdded.has(edge.id) ? "added" : dim(edge.source) || dim(edge.target) ? "dim" : "";
    const gone = lit.edgesRemoved.filter((e) => names.has(e.source) && names.has(e.target));
    const edges = [
      ...view.edges.map((edge) => lineOf(edge, kindOf(edge), names)),
      ...gone.map((edge) => lineOf(edge, "removed", names)),
    ];
    return { nodes, edges };
  }, [view, lit, selected]);
}

/** Keeps everything in sight while the agent works, until the reader moves the canvas. */
function useCamera(nodes: CardNode[], selected: string | null) {
  const flow = useReactFlow();
  const moved = useRef(false);
  const width = useStore((s) => s.width);
  const height = useStore((s) => s.height);
  const fit = useCallback(() => {
    moved.current = false;
    void flow.fitView({ padding: 0.12, maxZoom: 1.1, duration: duration() });
  }, [flow]);
  const shape = nodes.map((n) => `${n.id}@${n.position.x},${n.position.y}`).join(" ");
  // biome-ignore lint: the shape and the size are what the camera answers to
  useEffect(() => {
    if (!moved.current && width > 0) fit();
  }, [shape, width, height, fit]);
  const centre = useCallback(
    (id: string) => {
      const node = flow.getNode(id);
      if (!node) return;
      const { x, y } = node.position;
      const zoom = Math.min(1.1, Math.max(flow.getZoom(), 0.75));
      moved.current = true;
      void flow.setCenter(x + cardWidth / 2, y + cardHeight / 2, { zoom, duration: duration() });
    },
    [flow],
  );
  return { fit, centre, moved, selected };
}

export interface Camera {
  fit: () => void;
  centre: (id: string) => void;
}

export function Canvas(props: CanvasProps & { camera: { current: Camera | null } }) {
  const { nodes, edges } = useCards(props);
  const { fit, centre, moved } = useCamera(nodes, props.selected);
  props.camera.current = { fit, centre };
  const onNodesChange = useCallback((changes: NodeChange<CardNode>[]) => {
    const chosen = changes.find((change) => change.type === "select" && change.selected);
    if (chosen?.type === "select") go({ node: chosen.id });
  }, []);
  return (
    <ReactFlow
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      onNodesChange={onNodesChange}
      onPaneClick={() => go({ node: null })}
      onMoveStart={(event) => {
        if (event) moved.current = true;
      }}
      colorMode="system"
      fitView
      fitViewOptions={{ padding: 0.12, maxZoom: 1.1 }}
      minZoom={0.1}
      maxZoom={2}
      nodesDraggable={false}
      nodesConnectable={false}
      edgesFocusable
      elevateNodesOnSelect={false}
      deleteKeyCode={null}
      selectionKeyCode={null}
      multiSelectionKeyCode={null}
      onlyRenderVisibleElements={nodes.length > manyNodes}
      ariaLabelConfig={readOnlyLabels}
      aria-label="Pipeline canvas"
    >
      <Background variant={BackgroundVariant.Dots} gap={22} size={1.2} />
      <Controls showInteractive={false} onFitView={fit} position="bottom-left" />
      {nodes.length > 24 && <MiniMap pannable zoomable position="bottom-right" />}
    </ReactFlow>
  );
}
