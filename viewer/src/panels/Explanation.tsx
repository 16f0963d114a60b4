/** Why a match matched, in the sentences of `explain_match`. */

import { type Json, paths, type Row } from "../api";
import { useRead } from "../useRead";
import { Failure } from "./Failure";
import { Value } from "./Value";

const prose = (value: Json | undefined): string[] => {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
};

export function Explanation({ run, match }: { run: string; match: string }) {
  const { data, error } = useRead<Row>(paths.explanation(run, match));
  if (error) return <Failure error={error} />;
  if (!data) return <p className="quiet">Explaining…</p>;
  const sentences = [...prose(data.summary), ...prose(data.sentences)];
  const known = ["summary", "sentences", "run_id", "match_id", "pipeline_id", "link", "next", "next_step"];
  const rest = Object.entries(data).filter(([key]) => !known.includes(key));
  return (
    <div className="explanation">
      <ul>
        {sentences.map((sentence, i) => (
          <li key={i}>{sentence}</li>
        ))}
      </ul>
      {rest.length > 0 && (
        <details>
          <summary>The data behind it</summary>
          <Value value={Object.fromEntries(rest)} />
        </details>
      )}
    </div>
  );
}
