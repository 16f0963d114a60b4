/** The selected node's configuration: what was given, what applies by default, what just changed. */

import type { Json, PipelineNode, PipelineView } from "../api";
import { changedKeys } from "../changes";
import { Icon } from "../icons";
import { categoryOf, StatusBadge } from "../NodeCard";
import { useRead } from "../useRead";
import { FindingItem } from "./Findings";
import { Prose, Value } from "./Value";

interface NodeTypes { types: { config_schema?: { properties?: Record<string, { description?: string }> } }[] }
interface Field { key: string; value: Json | undefined; given: boolean; changed: boolean; was: Json | undefined; about: string | undefined }

/** Given fields first, each in the order of the schema. */
function fieldsOf(node: PipelineNode, before: PipelineNode | undefined, types: NodeTypes | null): Field[] {
  const schema = types?.types[0]?.config_schema?.properties ?? {};
  const all = { ...node.defaults, ...node.config };
  const changed = new Set(before ? changedKeys(before.config, node.config) : []);
  const known = [...new Set([...Object.keys(schema), ...Object.keys(all), ...changed])];
  const fields = known.filter((key) => key in all || changed.has(key)).map((key) => ({
    key, value: all[key], given: key in node.config, changed: changed.has(key),
    was: before?.config[key] ?? before?.defaults?.[key], about: schema[key]?.description,
  }));
  return fields.sort((a, b) => Number(b.given) - Number(a.given));
}

function FieldRow({ field: { key, value, given, changed, was, about } }: { field: Field }) {
  return (
    <div className={`field${given ? "" : " is-default"}${changed ? " is-changed" : ""}`} data-field={key}>
      <dt title={about}>
        {key}{changed && <span className="chip chip-changed">changed</span>}{!given && <span className="chip">default</span>}
      </dt>
      <dd>
        <Value value={value} />
        {changed && <span className="was">before: {was === undefined ? "not given" : <Value value={was} />}</span>}
        {about && given && <span className="hint"><Prose text={about} /></span>}
      </dd>
    </div>
  );
}

function Columns({ node }: { node: PipelineNode }) {
  if (!node.columns) return <p className="quiet">The columns are not known yet.</p>;
  return (
    <table className="grid columns">
      <thead><tr><th scope="col">Column</th><th scope="col">Type</th></tr></thead>
      <tbody>{node.columns.map(({ name, type }) => (
        <tr key={name}>
          <td>{name}{name === node.event_time && <span className="chip chip-time">event time</span>}</td>
          <td className="type">{type}</td>
        </tr>
      ))}</tbody>
    </table>
  );
}

export function Config({ view, before, selected }: { view: PipelineView; before: PipelineView | null; selected: string | null }) {
  const node = view.nodes.find((n) => n.id === selected);
  const types = useRead<NodeTypes>(node?.schema_ref ?? null);
  if (!node) {
    return (
      <>
        <h2>{view.pipeline.name}</h2>
        <p className="sentence">{view.pipeline.description}</p>
        <p className="empty">Select a node to read its configuration and its columns.</p>
      </>
    );
  }
  const fields = fieldsOf(node, before?.nodes.find((n) => n.id === node.id), types.data);
  return (
    <>
      <header className={`panel-node category-${categoryOf(node)}`}>
        <span className="card-icon"><Icon name={categoryOf(node)} /></span>
        <div><h2>{node.name}</h2><p className="quiet">{node.title} · <code>{node.id}</code></p></div>
        <StatusBadge node={node} />
      </header>
      <p className="sentence">{node.sentence}</p>
      <p className="quiet">{node.status.detail}</p>
      <ul className="findings">{node.findings.map((finding, i) => <FindingItem key={i} finding={finding} />)}</ul>
      <h3>Configuration</h3>
      {fields.length === 0 && <p className="quiet">Nothing to configure.</p>}
      <dl className="fields">{fields.map((field) => <FieldRow key={field.key} field={field} />)}</dl>
      <h3>Columns it gives</h3>
      <Columns node={node} />
    </>
  );
}
