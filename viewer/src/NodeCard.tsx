/** One node on the canvas: what it is, what it does in a sentence, how it stands. */

import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import type { PipelineNode } from "./api";
import type { Mark } from "./changes";
import { plural } from "./format";
import { Icon } from "./icons";

export const cardWidth = 248;
export const cardHeight = 116;

export type CardNode = Node<
  { node: PipelineNode; ports: { id: string; side: "in" | "out"; y: number }[]; mark?: Mark; dim: boolean },
  "card"
>;

const words = { added: "added", changed: "changed", removed: "removed" };

export function categoryOf(node: PipelineNode): string {
  return ["source", "transform", "pattern", "sink"].includes(node.category) ? node.category : "unknown";
}

export function StatusBadge({ node }: { node: PipelineNode }) {
  const { state, label, detail } = node.status;
  return (
    <span className={`status status-${state}`} title={detail}>
      <Icon name={state} size={13} />
      {label}
    </span>
  );
}

function FindingsCount({ node }: { node: PipelineNode }) {
  if (node.findings.length === 0) return null;
  const worst = ["error", "warning", "info"].find((s) => node.findings.some((f) => f.severity === s));
  return (
    <span className={`count count-${worst}`} title={node.findings[0]?.message}>
      {plural(node.findings.length, "finding")}
    </span>
  );
}

function Card({ data, selected }: NodeProps<CardNode>) {
  const { node, ports, mark, dim } = data;
  const category = categoryOf(node);
  const classes = ["card", `category-${category}`, `is-${node.status.state}`];
  if (selected) classes.push("is-selected");
  if (dim) classes.push("is-dim");
  if (mark) classes.push(`mark-${mark.kind}`);
  return (
    <div className={classes.join(" ")} data-node={node.id} data-mark={mark?.kind}>
      {ports.map((port) => (
        <Handle
          key={port.side + port.id}
          id={port.id}
          type={port.side === "in" ? "target" : "source"}
          position={port.side === "in" ? Position.Left : Position.Right}
          style={{ top: port.y }}
          isConnectable={false}
        />
      ))}
      {mark && <span className={`mark-badge mark-badge-${mark.kind}`}>{words[mark.kind]}</span>}
      <div className="card-head">
        <span className="card-icon">
          <Icon name={category} />
        </span>
        <span className="card-titles">
          <strong>{node.name}</strong>
          <span>{node.title}</span>
        </span>
      </div>
      <p className="card-sentence">{node.sentence}</p>
      <div className="card-foot">
        <StatusBadge node={node} />
        <FindingsCount node={node} />
      </div>
    </div>
  );
}

export const NodeCard = memo(Card);
