/** A JSON value as a person reads it: scalars in one line, lists and objects as nested rows. */

import type { Json } from "../api";
import { short } from "../format";

export function Value({ value }: { value: Json | undefined }) {
  if (Array.isArray(value)) {
    if (value.length === 0) return <code className="value">none</code>;
    if (value.every((item) => typeof item !== "object" || item === null)) {
      return (
        <span className="value-list">
          {value.map((item, i) => (
            <code className="value" key={i}>
              {short(item)}
            </code>
          ))}
        </span>
      );
    }
    return (
      <ol className="value-items">
        {value.map((item, i) => (
          <li key={i}>
            <Value value={item} />
          </li>
        ))}
      </ol>
    );
  }
  if (typeof value === "object" && value !== null) {
    return (
      <dl className="value-object">
        {Object.entries(value).map(([key, item]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>
              <Value value={item} />
            </dd>
          </div>
        ))}
      </dl>
    );
  }
  const kind = value === null || value === undefined ? "null" : typeof value;
  return <code className={`value value-${kind}`}>{short(value)}</code>;
}
