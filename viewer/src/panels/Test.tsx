/** A test run: its counts, its timeline, and the evidence of the match that is looked at. */

import { useEffect } from "react";
import { type Json, type Match, type PipelineView, paths, type Report, type Run, type RunSummary } from "../api";
import { instant, keyText, plural, short, span } from "../format";
import { Icon } from "../icons";
import { go, type Place } from "../place";
import { useRead } from "../useRead";
import { Explanation } from "./Explanation";
import { Failure } from "./Failure";
import { Timeline } from "./Timeline";

function Counts({ report }: { report: Report }) {
  return (
    <dl className="counts">
      {Object.entries(report.counts ?? {}).map(([name, count]) => (
        <div key={name} className={count === 0 ? "is-zero" : ""}>
          <dt>{name.replaceAll("_", " ")}</dt>
          <dd>{count.toLocaleString("en")}</dd>
        </div>
      ))}
    </dl>
  );
}

function warningText(warning: Json): string {
  if (typeof warning === "object" && warning !== null && !Array.isArray(warning)) {
    return short(warning.message ?? warning);
  }
  return short(warning);
}

function EventRows({ match }: { match: Match }) {
  const columns = [...new Set(match.events.flatMap((event) => Object.keys(event.row ?? {})))];
  return (
    <div className="scroll-x" role="region" aria-label="Events of this match" tabIndex={0}>
      <table className="grid evidence-events">
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Time (UTC)</th>
            {columns.map((column) => (
              <th scope="col" key={column}>{column}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {match.events.map((event, i) => (
            <tr key={i}>
              <td><span className="chip chip-step">{event.step ?? i + 1}</span></td>
              <td className="time">{instant(event.at)}</td>
              {columns.map((column) => (
                <td key={column}>{short(event.row?.[column])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface EvidenceProps {
  run: Run;
  match: string | null;
  explain: boolean;
}

function Evidence({ run, match, explain }: EvidenceProps) {
  const matches = run.report.matches ?? [];
  if (matches.length === 0) return <p className="empty">No match in this run.</p>;
  const index = matches.findIndex((m) => m.match_id === match);
  const step = (by: number) => {
    const next = matches[(index + by + matches.length) % matches.length];
    if (next) go({ match: next.match_id });
  };
  const found = matches[index];
  return (
    <section className="evidence" aria-label="Evidence">
      <div className="evidence-bar">
        <button type="button" className="button square" onClick={() => step(index < 0 ? 0 : -1)} aria-label="Previous match">
          <Icon name="previous" size={14} />
        </button>
        <span>{found ? `Match ${index + 1} of ${matches.length}` : plural(matches.length, "match")}</span>
        <button type="button" className="button square" onClick={() => step(1)} aria-label="Next match">
          <Icon name="next" size={14} />
        </button>
        <span className="grow" />
        {found && (
          <button type="button" className="button" aria-pressed={explain} onClick={() => go({ panel: explain ? "test" : "explain" })}>
            Why it matched
          </button>
        )}
      </div>
      {!found && <p className="empty">{match ? "This run has no match of that id." : "Select a match or an event to see its evidence."}</p>}
      {found && (
        <>
          <h3>{keyText(found.key)}</h3>
          <p className="quiet">
            {instant(found.started_at)} to {instant(found.ended_at)} · {span(Date.parse(found.ended_at) - Date.parse(found.started_at))}
            <br />
            detected {instant(found.detected_at)} by <code>{found.pattern}</code>
          </p>
          {explain && <Explanation run={run.run_id} match={found.match_id} />}
          <EventRows match={found} />
          {found.measures && Object.keys(found.measures).length > 0 && (
            <dl className="facts">
              {Object.entries(found.measures).map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd><code>{short(value)}</code></dd>
                </div>
              ))}
            </dl>
          )}
          <p className="quiet match-id">match <code>{found.match_id}</code></p>
        </>
      )}
    </section>
  );
}

function RunChoice({ runs, run }: { runs: RunSummary[]; run: string }) {
  const known = runs.some((r) => r.run_id === run);
  return (
    <select value={run} aria-label="Run" onChange={(event) => go({ run: event.target.value, match: null })}>
      {!known && <option value={run}>{run}</option>}
      {runs.map((r) => (
        <option key={r.run_id} value={r.run_id}>
          {instant(r.at).slice(0, 19)} · revision {r.revision} · {plural(r.matches ?? 0, "match")}
        </option>
      ))}
    </select>
  );
}

export function Test({ view, place, runs: version }: { view: PipelineView; place: Place; runs: number }) {
  const list = useRead<{ runs: RunSummary[] }>(paths.runs(view.pipeline.id), version);
  const id = place.run ?? view.last_run?.run_id ?? null;
  const { data: run, error } = useRead<Run>(id ? paths.run(id) : null);
  const first = run?.report.matches?.[0]?.match_id;
  const { match } = place;
  useEffect(() => {
    if (!match && first) go({ match: first }, true);
  }, [match, first]);
  if (error) return <Failure error={error} />;
  if (!id) {
    return (
      <div className="empty">
        <Icon name="untested" size={28} />
        <p>This pipeline has not been tested.</p>
        <p className="quiet">Ask the agent to run <code>test_pattern</code> on some events; the matches appear here.</p>
      </div>
    );
  }
  if (!run) return <p className="empty">Reading the run…</p>;
  const { report } = run;
  return (
    <div className="test">
      <div className="test-bar">
        <RunChoice runs={list.data?.runs ?? []} run={run.run_id} />
        {run.revision !== view.pipeline.revision && (
          <span className="chip chip-changed">tested at revision {run.revision}</span>
        )}
        <Counts report={report} />
      </div>
      {(report.warnings ?? []).map((warning, i) => (
        <p className="note" key={i}>{warningText(warning)}</p>
      ))}
      <div className="test-body">
        <Timeline report={report} match={match} onMatch={(chosen) => go({ match: chosen })} />
        <Evidence run={run} match={match} explain={place.panel === "explain"} />
      </div>
    </div>
  );
}
