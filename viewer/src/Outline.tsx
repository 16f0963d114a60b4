/** The nodes as a list in the order rows flow: search, filter by status, and the accessible view. */

import { type RefObject, useMemo, useState } from "react";
import type { PipelineNode, PipelineView } from "./api";
import { type Changes, inOrder } from "./changes";
import { categoryOf } from "./NodeCard";
import { Icon } from "./icons";

function matches(node: PipelineNode, words: string[]): boolean {
  const text = [node.name, node.id, node.type, node.title, node.status.label, JSON.stringify(node.config)]
    .join(" ")
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

interface OutlineProps {
  view: PipelineView;
  lit: Changes;
  selected: string | null;
  search: RefObject<HTMLInputElement | null>;
  onFocus: (id: string) => void;
}

export function Outline({ view, lit, selected, search, onFocus }: OutlineProps) {
  const [query, setQuery] = useState("");
  const [state, setState] = useState<string | null>(null);
  const ordered = useMemo(() => inOrder(view.nodes, view.edges), [view]);
  const states = useMemo(() => {
    const count = new Map<string, { label: string; count: number }>();
    for (const { status } of view.nodes) {
      count.set(status.state, { label: status.label, count: (count.get(status.state)?.count ?? 0) + 1 });
    }
    return [...count];
  }, [view]);
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = states.some(([s]) => s === state) ? state : null;
  const found = ordered.filter(([n]) => matches(n, words) && (chosen === null || n.status.state === chosen));
  return (
    <nav className="outline" aria-label="Nodes">
      <label className="search">
        <Icon name="search" size={14} />
        <input
          ref={search}
          type="search"
          value={query}
          placeholder="Search"
          aria-label="Search nodes and configuration values"
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            const first = found[0]?.[0];
            if (event.key === "Enter" && first) onFocus(first.id);
            if (event.key === "Escape") event.currentTarget.blur();
          }}
        />
        <kbd>/</kbd>
      </label>
      {states.length > 1 && (
        <div className="filters" role="group" aria-label="Filter by status">
          {states.map(([name, { label, count }]) => (
            <button
              type="button"
              key={name}
              className={`filter status-${name}`}
              aria-pressed={name === chosen}
              onClick={() => setState(name === chosen ? null : name)}
            >
              <Icon name={name} size={12} /> {label} <b>{count}</b>
            </button>
          ))}
        </div>
      )}
      <ul>
        {found.map(([node, depth]) => (
          <li key={node.id}>
            <button
              type="button"
              className={`category-${categoryOf(node)}`}
              aria-current={node.id === selected ? "true" : undefined}
              style={{ paddingLeft: 10 + Math.min(depth, 6) * 10 }}
              onClick={() => onFocus(node.id)}
            >
              <span className="outline-icon"><Icon name={categoryOf(node)} size={14} /></span>
              <span className="outline-name">{node.name}</span>
              {lit.marks[node.id] && <span className={`chip chip-${lit.marks[node.id]?.kind}`}>{lit.marks[node.id]?.kind}</span>}
              <span className={`outline-status status-${node.status.state}`} title={node.status.label}>
                <Icon name={node.status.state} size={13} />
                <span className="sr-only">{node.status.label}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {found.length === 0 && view.nodes.length > 0 && <p className="empty">No node matches.</p>}
    </nav>
  );
}
