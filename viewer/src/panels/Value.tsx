/** A JSON value as a person reads it: scalars in one line, lists and objects as nested rows. */

import type { Json } from "../api";
import { short } from "../format";

const isScalar = (value: Json | undefined) => typeof value !== "object" || value === null;

export function Value({ value }: { value: Json | undefined }) {
  if (isScalar(value)) return <code className={`value value-${value === null ? "null" : typeof value}`}>{short(value)}</code>;
  if (!Array.isArray(value)) {
    return (
      <dl className="value-object">{Object.entries(value as object).map(([key, item]) => (
        <div key={key}><dt>{key}</dt><dd><Value value={item} /></dd></div>
      ))}</dl>
    );
  }
  if (value.length === 0) return <code className="value">none</code>;
  if (!value.every(isScalar)) return <ol className="value-items">{value.map((item, i) => <li key={i}><Value value={item} /></li>)}</ol>;
  return <span className="value-list">{value.map((item, i) => <Value key={i} value={item} />)}</span>;
}

/** A sentence of the server: what stands between backticks is code. */
export function Prose({ text }: { text: string }) {
  return text.split("`").map((piece, i) => (i % 2 === 0 ? piece : <code key={i}>{piece}</code>));
}
