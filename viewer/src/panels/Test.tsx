/** A test run: its counts, its timeline, and the evidence of the match that is looked at. */

import { useEffect } from "react";
import { type Match, type PipelineView, paths, type Run, type RunSummary } from "../api";
import { instant, keyText, plural, short, span } from "../format";
import { Icon } from "../icons";
import { go, type Place } from "../place";
import { useRead } from "../useRead";
import { Explanation } from "./Explanation";
import { Failure } from "./Failure";
import { Timeline } from "./Timeline";

function Counts({ counts }: { counts: Record<string, number> }) {
  return (
    <dl className="counts">{Object.entries(counts).map(([name, count]) => (
      <div key={name} className={count === 0 ? "is-zero" : ""}>
        <dt>{name.replaceAll("_", " ")}</dt><dd>{count.toLocaleString("en")}</dd>
      </div>
    ))}</dl>
  );
}

function EventRows({ match }: { match: Match }) {
  const columns = [...new Set(match.events.flatMap((event) => Object.keys(event.row ?? {})))];
  return (
    <div className="scroll-x" role="region" aria-label="Events of this match" tabIndex={0}>
      <table className="grid evidence-events">
        <thead>
          <tr>{["Step", "Time (UTC)", ...columns].map((column) => <th scope="col" key={column}>{column}</th>)}</tr>
        </thead>
        <tbody>{match.events.map((event, i) => (
          <tr key={i}>
            <td><span className="chip chip-step">{event.step ?? i + 1}</span></td>
            <td className="time">{instant(event.at)}</td>
            {columns.map((column) => <td key={column}>{short(event.row?.[column])}</td>)}
          </tr>
        ))}</tbody>
      </table>
    </div>
  );
}

function MatchFacts({ run, match, explain }: { run: string; match: Match; explain: boolean }) {
  const { started_at, ended_at, measures = {} } = match;
  return (
    <>
      <h3>{keyText(match.key)}</h3>
      <p className="quiet">
        {instant(started_at)} to {instant(ended_at)} · {span(Date.parse(ended_at) - Date.parse(started_at))}<br />
        detected {instant(match.detected_at)} by <code>{match.pattern}</code>
      </p>
      {explain && <Explanation run={run} match={match.match_id} />}
      <EventRows match={match} />
      <dl className="facts">{Object.entries(measures).map(([name, value]) => (
        <div key={name}><dt>{name}</dt><dd><code>{short(value)}</code></dd></div>
      ))}</dl>
      <p className="quiet match-id">match <code>{match.match_id}</code></p>
    </>
  );
}

function Evidence({ run, match, explain }: { run: Run; match: string | null; explain: boolean }) {
  const matches = run.report.matches ?? [];
  if (matches.length === 0) return <p className="empty">No match in this run.</p>;
  const index = match ? matches.findIndex((m) => m.match_id.startsWith(match)) : -1;
  const found = matches[index];
  const step = (by: number) => go({ match: matches.at((index + by) % matches.length)?.match_id ?? null });
  return (
    <section className="evidence" aria-label="Evidence">
      <div className="evidence-bar">
        <button type="button" className="button square" onClick={() => step(-1)} aria-label="Previous match"><Icon name="previous" size={14} /></button>
        <span>{found ? `Match ${index + 1} of ${matches.length}` : plural(matches.length, "match")}</span>
        <button type="button" className="button square" onClick={() => step(1)} aria-label="Next match"><Icon name="next" size={14} /></button>
        <span className="grow" />
        <button type="button" className="button" aria-pressed={explain} onClick={() => go({ panel: explain ? "test" : "explain" })}>Why it matched</button>
      </div>
      {found && <MatchFacts run={run.run_id} match={found} explain={explain} />}
      {!found && <p className="empty">{match ? "This run has no match of that id." : "Select a match or an event to see its evidence."}</p>}
    </section>
  );
}

function RunChoice({ runs, run }: { runs: RunSummary[]; run: Run }) {
  const all = runs.some((r) => r.run_id === run.run_id) ? runs : [run, ...runs];
  const textOf = (r: RunSummary) => `${instant(r.at).slice(0, 19)} · revision ${r.revision} · ${plural(r.matches ?? 0, "match")}`;
  return (
    <select value={run.run_id} aria-label="Run" onChange={(event) => go({ run: event.target.value, match: null })}>
      {all.map((r) => <option key={r.run_id} value={r.run_id}>{textOf(r)}</option>)}
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
  const older = run.revision !== view.pipeline.revision;
  return (
    <div className="test">
      <div className="test-bar">
        <RunChoice runs={list.data?.runs ?? []} run={run} />
        {older && <span className="chip chip-changed">tested at revision {run.revision}</span>}
        <Counts counts={run.report.counts ?? {}} />
      </div>
      {run.report.warnings?.map((warning, i) => <p className="note" key={i}>{short(warning)}</p>)}
      <div className="test-body">
        <Timeline report={run.report} match={match} onMatch={(chosen) => go({ match: chosen })} />
        <Evidence run={run} match={match} explain={place.panel === "explain"} />
      </div>
    </div>
  );
}
