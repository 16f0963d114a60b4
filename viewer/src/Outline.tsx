/** The nodes as a list in the order rows flow: search, filter by status, and the accessible view. */

import { type KeyboardEvent, type RefObject, useMemo, useState } from "react";
import type { PipelineNode, PipelineView } from "./api";
import { type Changes, inOrder } from "./changes";
import { Icon } from "./icons";
import { categoryOf } from "./NodeCard";

const textOf = (n: PipelineNode) =>
  [n.name, n.id, n.type, n.title, n.status.label, JSON.stringify(n.config)].join(" ").toLowerCase();

interface OutlineProps {
  view: PipelineView; lit: Changes; selected: string | null;
  search: RefObject<HTMLInputElement | null>; onFocus: (id: string) => void;
}

export function Outline({ view, lit, selected, search, onFocus }: OutlineProps) {
  const [query, setQuery] = useState("");
  const [state, setState] = useState<string | null>(null);
  const ordered = useMemo(() => inOrder(view), [view]);
  const states = [...Map.groupBy(view.nodes, (node) => node.status.state)];
  const chosen = states.some(([name]) => name === state) ? state : null;
  const words = query.toLowerCase().split(/\s+/);
  const found = ordered
    .filter(([node]) => chosen === null || node.status.state === chosen)
    .filter(([node]) => words.every((word) => textOf(node).includes(word)));
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const first = found[0]?.[0];
    if (event.key === "Enter" && first) onFocus(first.id);
    if (event.key === "Escape") event.currentTarget.blur();
  };
  return (
    <nav className="outline" aria-label="Nodes">
      <label className="search">
        <Icon name="search" size={14} />
        <input
          ref={search} type="search" value={query} placeholder="Search" aria-label="Search nodes and configuration values"
          onChange={(event) => setQuery(event.target.value)} onKeyDown={onKeyDown}
        />
        <kbd>/</kbd>
      </label>
      {states.length > 1 && (
        <div className="filters" role="group" aria-label="Filter by status">
          {states.map(([name, nodes]) => (
            <button
              type="button" key={name} className={`filter status-${name}`} aria-pressed={name === chosen}
              onClick={() => setState(name === chosen ? null : name)}
            >
              <Icon name={name} size={12} /> {nodes[0]?.status.label} <b>{nodes.length}</b>
            </button>
          ))}
        </div>
      )}
      <ul>{found.map(([node, depth]) => (
        <li key={node.id}>
          <button
            type="button" className={`category-${categoryOf(node)}`} aria-current={node.id === selected || undefined}
            style={{ paddingLeft: 10 + Math.min(depth, 6) * 10 }} onClick={() => onFocus(node.id)}
          >
            <span className="outline-icon"><Icon name={categoryOf(node)} size={14} /></span>
            <span className="outline-name">{node.name}</span>
            {lit.marks[node.id] && <span className={`chip chip-${lit.marks[node.id]?.kind}`}>{lit.marks[node.id]?.kind}</span>}
            <span className={`outline-status status-${node.status.state}`} title={node.status.label}>
              <Icon name={node.status.state} size={13} /><span className="sr-only">{node.status.label}</span>
            </span>
          </button>
        </li>
      ))}</ul>
      {found.length === 0 && view.nodes.length > 0 && <p className="empty">No node matches.</p>}
    </nav>
  );
}
