/** One node on the canvas: what it is, what it does in a sentence, how it stands. */

import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import type { NodeLoad, PipelineNode } from "./api";
import type { Mark } from "./changes";
import { count, plural, span } from "./format";
import { Icon } from "./icons";

export const cardWidth = 248;
export const cardHeight = 116;

export interface Port { id: string; side: "in" | "out"; y: number }
export type CardNode = Node<{ node: PipelineNode; ports: Port[]; mark: Mark | undefined; dim: boolean; load: NodeLoad | undefined }, "card">;

const categories = ["source", "transform", "pattern", "sink"];
export const categoryOf = (node: PipelineNode) => (categories.includes(node.category) ? node.category : "unknown");

export function StatusBadge({ node: { status } }: { node: PipelineNode }) {
  return (
    <span className={`status status-${status.state}`} title={status.detail}>
      <Icon name={status.state} size={13} /> {status.label}
    </span>
  );
}

function FindingsCount({ node: { findings } }: { node: PipelineNode }) {
  const worst = ["error", "warning", "info"].find((s) => findings.some((f) => f.severity === s));
  if (!worst) return null;
  return <span className={`count count-${worst}`} title={findings[0]?.message}>{plural(findings.length, "finding")}</span>;
}

/** What flows through the node while the pipeline runs, most telling first. */
export function loadText({ rows_per_s, matches, late_rows, lag_ms }: NodeLoad): string {
  const parts = [
    matches !== undefined && plural(matches, "match"),
    rows_per_s !== undefined && `${count(rows_per_s)} rows/s`,
    late_rows ? `${count(late_rows)} late` : false,
    lag_ms !== undefined && `lag ${span(lag_ms)}`,
  ];
  return parts.filter(Boolean).slice(0, 3).join(" · ");
}

export const NodeCard = memo(({ data: { node, ports, mark, dim, load }, selected }: NodeProps<CardNode>) => {
  const category = categoryOf(node);
  const marked = mark ? ` mark-${mark.kind}` : "";
  const classes = `card category-${category} is-${node.status.state}${marked}`;
  return (
    <div className={`${classes}${selected ? " is-selected" : ""}${dim ? " is-dim" : ""}`} data-node={node.id} data-mark={mark?.kind}>
      {ports.map(({ id, side, y }) => {
        const [type, position] = side === "in" ? (["target", Position.Left] as const) : (["source", Position.Right] as const);
        return <Handle key={side + id} id={id} type={type} position={position} style={{ top: y }} isConnectable={false} />;
      })}
      {mark && <span className={`mark-badge mark-badge-${mark.kind}`}>{mark.kind}</span>}
      <div className="card-head">
        <span className="card-icon"><Icon name={category} /></span>
        <span className="card-titles"><strong>{node.name}</strong><span>{node.title}</span></span>
      </div>
      <p className="card-sentence">{node.sentence}</p>
      {load && loadText(load) && <span className="load" title="On the server's machine, now">{loadText(load)}</span>}
      <div className="card-foot"><StatusBadge node={node} /><FindingsCount node={node} /></div>
    </div>
  );
});
