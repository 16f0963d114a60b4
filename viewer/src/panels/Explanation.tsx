/** Why a match matched, in the sentences of `explain_match`. */

import { type Json, paths } from "../api";
import { useRead } from "../useRead";
import { Failure } from "./Failure";
import { Prose, Value } from "./Value";

interface Explained { rule?: string; sentences?: string[]; events?: Json }

export function Explanation({ run, match }: { run: string; match: string }) {
  const { data, error } = useRead<Explained>(paths.explanation(run, match));
  if (error) return <Failure error={error} />;
  if (!data) return <p className="quiet">Explaining…</p>;
  return (
    <div className="explanation">
      <ul>{data.sentences?.map((sentence, i) => <li key={i}><Prose text={sentence} /></li>)}</ul>
      {data.events && <details><summary>Conditions and the values they read</summary><Value value={data.events} /></details>}
    </div>
  );
}
