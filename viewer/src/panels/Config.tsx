/** The selected node's configuration: what was given, what applies by default, what just changed. */

import type { Json, PipelineNode, PipelineView, Row } from "../api";
import { changedKeys } from "../changes";
import { categoryOf, StatusBadge } from "../NodeCard";
import { Icon } from "../icons";
import { useRead } from "../useRead";
import { FindingItem } from "./Findings";
import { Value } from "./Value";

interface NodeTypes {
  types: { config_schema?: { properties?: Record<string, { description?: string }> } }[];
}

interface Field {
  key: string;
  value: Json | undefined;
  given: boolean;
  changed: boolean;
  was: Json | undefined;
  description: string | undefined;
}

function fieldsOf(node: PipelineNode, before: PipelineNode | undefined, types: NodeTypes | null): Field[] {
  const schema = types?.types[0]?.config_schema?.properties ?? {};
  const defaults: Row = node.defaults ?? {};
  const changed = new Set(before ? changedKeys(before.config, node.config) : []);
  const known = new Set([...Object.keys(schema), ...Object.keys(node.config), ...Object.keys(defaults)]);
  return [...known]
    .filter((key) => key in node.config || key in defaults || changed.has(key))
    .map((key) => ({
      key,
      value: key in node.config ? node.config[key] : defaults[key],
      given: key in node.config,
      changed: changed.has(key),
      was: before?.config[key] ?? before?.defaults?.[key],
      description: schema[key]?.description,
    }))
    .sort((a, b) => Number(b.given) - Number(a.given));
}

function FieldRow({ field }: { field: Field }) {
  const classes = `field${field.given ? "" : " is-default"}${field.changed ? " is-changed" : ""}`;
  return (
    <div className={classes} data-field={field.key}>
      <dt title={field.description}>
        {field.key}
        {field.changed && <span className="chip chip-changed">changed</span>}
        {!field.given && <span className="chip">default</span>}
      </dt>
      <dd>
        <Value value={field.value} />
        {field.changed && (
          <span className="was">
            before: {field.was === undefined ? "not given" : <Value value={field.was} />}
          </span>
        )}
      </dd>
      {field.description && field.given && <p className="hint">{field.description}</p>}
    </div>
  );
}

function Columns({ node }: { node: PipelineNode }) {
  if (!node.columns) return <p className="quiet">The columns are not known yet.</p>;
  return (
    <table className="grid">
      <thead>
        <tr>
          <th scope="col">Column</th>
          <th scope="col">Type</th>
        </tr>
      </thead>
      <tbody>
        {node.columns.map((column) => (
          <tr key={column.name}>
            <td>
              {column.name}
              {column.name === node.event_time && <span className="chip chip-time">event time</span>}
            </td>
            <td className="type">{column.type}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function PipelineFacts({ view }: { view: PipelineView }) {
  const { pipeline } = view;
  return (
    <>
      <header className="panel-node">
        <h2>{pipeline.name}</h2>
        <p className="quiet">{pipeline.id}</p>
      </header>
      {pipeline.description && <p className="sentence">{pipeline.description}</p>}
      <p className="empty">Select a node to read its configuration and its columns.</p>
    </>
  );
}

export function Config({ view, before, selected }: { view: PipelineView; before: PipelineView | null; selected: string | null }) {
  const node = view.nodes.find((n) => n.id === selected);
  const types = useRead<NodeTypes>(node?.schema_ref ?? null);
  if (!node) return <PipelineFacts view={view} />;
  const fields = fieldsOf(node, before?.nodes.find((n) => n.id === node.id), types.data);
  return (
    <>
      <header className={`panel-node category-${categoryOf(node)}`}>
        <span className="card-icon">
          <Icon name={categoryOf(node)} />
        </span>
        <div>
          <h2>{node.name}</h2>
          <p className="quiet">
            {node.title} · <code>{node.id}</code>
          </p>
        </div>
        <StatusBadge node={node} />
      </header>
      {node.sentence && <p className="sentence">{node.sentence}</p>}
      {node.status.detail && <p className="quiet">{node.status.detail}</p>}
      {node.findings.length > 0 && (
        <ul className="findings">
          {node.findings.map((finding, i) => (
            <FindingItem key={i} finding={finding} />
          ))}
        </ul>
      )}
      <h3>Configuration</h3>
      {fields.length === 0 && <p className="quiet">Nothing to configure.</p>}
      <dl className="fields">
        {fields.map((field) => (
          <FieldRow key={field.key} field={field} />
        ))}
      </dl>
      <h3>Columns it gives</h3>
      <Columns node={node} />
    </>
  );
}
