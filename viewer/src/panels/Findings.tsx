/** All that validation has to say, in the words the tools give. */

import type { Finding, Json, PipelineView } from "../api";
import { short } from "../format";
import { Icon } from "../icons";

function Fact({ name, value }: { name: string; value: Json | undefined }) {
  if (value === undefined || value === null) return null;
  return <div><dt>{name}</dt><dd><code>{Array.isArray(value) ? value.map(short).join(", ") : short(value)}</code></dd></div>;
}

export function FindingItem({ finding, node, onFocus }: { finding: Finding; node?: string; onFocus?: () => void }) {
  const text = (
    <>
      <span className={`severity severity-${finding.severity}`}><Icon name={finding.severity} size={14} /> {finding.severity}</span>
      <span className="finding-code">{finding.code}</span>
      {node && <span className="finding-node">{node}</span>}
      {finding.field && <span className="finding-field">{finding.field}</span>}
      <span className="finding-message">{finding.message}</span>
    </>
  );
  return (
    <li className="finding" data-severity={finding.severity}>
      {onFocus && <button type="button" className="finding-text" onClick={onFocus}>{text}</button>}
      {!onFocus && <div className="finding-text">{text}</div>}
      <dl className="facts">
        <Fact name="got" value={finding.got} />
        <Fact name="expected" value={finding.expected} />
        <Fact name="hint" value={finding.hint} />
      </dl>
      {finding.fix && <details><summary>Fix, as an edit</summary><pre>{JSON.stringify(finding.fix, null, 2)}</pre></details>}
    </li>
  );
}

const rank = { error: 0, warning: 1, info: 2 };

export function Findings({ view, onFocus }: { view: PipelineView; onFocus: (id: string) => void }) {
  if (view.findings.length === 0) {
    return <div className="empty empty-good"><Icon name="tested" size={28} /><p>No findings. The pipeline is valid.</p></div>;
  }
  const names = new Map(view.nodes.map((node) => [node.id, node.name]));
  const sorted = view.findings.toSorted((a, b) => rank[a.severity] - rank[b.severity]);
  return (
    <>
      <h2 className="panel-title">Findings <span className="quiet">{sorted.length}</span></h2>
      <ul className="findings">{sorted.map((finding, i) => {
        const { node = "" } = finding;
        const name = names.get(node);
        return <FindingItem key={i} finding={finding} {...(name ? { node: name, onFocus: () => onFocus(node) } : {})} />;
      })}</ul>
    </>
  );
}
