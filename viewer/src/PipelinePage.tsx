/** The page of one pipeline: canvas, outline, panels, and the caption of the last change. */

import { ReactFlowProvider } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useReducer, useRef, useSyncExternalStore } from "react";
import type { Deployment, PipelineView, Running } from "./api";
import { type Camera, Canvas } from "./Canvas";
import { ago, count, instant, plural } from "./format";
import { Icon, Mark } from "./icons";
import { LivePipeline, type LiveState } from "./live";
import { Outline } from "./Outline";
import { Code } from "./panels/Code";
import { Config } from "./panels/Config";
import { Failure } from "./panels/Failure";
import { Findings } from "./panels/Findings";
import { ChangeChips, History } from "./panels/History";
import { Test } from "./panels/Test";
import { go, type Panel, type Place, panels } from "./place";
import { ThemeChoice } from "./theme";

function useLive(id: string, revision: number | null): LiveState {
  const live = useMemo(() => new LivePipeline(id, (newer) => go({ revision: newer }, true)), [id]);
  useEffect(() => {
    live.start(revision);
    return () => live.stop();
    // The revision at the start only: later ones go through show().
  }, [live]);
  useEffect(() => live.show(revision), [live, revision]);
  return useSyncExternalStore(live.subscribe, live.snapshot);
}

/** Another revision; the newest one without its number, so that the page follows. */
const walk = (to: number, head: number) => {
  if (to >= 1 && to <= head) go({ revision: to === head ? null : to });
};

/** `/` searches, `[` and `]` walk the revisions, `f` fits, Escape closes; never while typing. */
function useKeys(state: LiveState, camera: { current: Camera | null }, search: { current: HTMLInputElement | null }) {
  useEffect(() => {
    const shown = state.view?.pipeline.revision ?? 0;
    const actions: Record<string, () => void> = {
      "/": () => search.current?.focus(),
      "[": () => walk(shown - 1, state.head),
      "]": () => walk(shown + 1, state.head),
      f: () => camera.current?.fit(),
      Escape: () => go({ panel: null, node: null }),
    };
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input,select,textarea");
      const action = actions[event.key];
      if (!action || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [state, camera, search]);
}

function Banner({ state, view }: { state: LiveState; view: PipelineView }) {
  const { revision } = view.pipeline;
  const wrong = {
    deleted: "This pipeline was deleted. What you see is its last graph.",
    lost: `Connection lost. Reconnecting… This is revision ${revision}, the last one received.`,
    live: state.error?.message,
    connecting: state.error?.message,
  }[state.connection];
  if (wrong) return <p className="banner banner-bad" role="alert">{wrong}</p>;
  if (revision >= state.head) return null;
  return (
    <p className="banner">
      Revision {revision} of {state.head}.
      <button type="button" className="link" onClick={() => go({ revision: null })}>Go to the newest and follow it</button>
    </p>
  );
}

/** How it runs on the server's machine; nothing where it was never started there. */
function RunLine({ running, head }: { running: Running | null; head: number }) {
  if (!running) return null;
  const { phase, revision, restarts, next_at, said } = running;
  const rates = Object.values(running.queries).map((query) => query.rows_per_s);
  const parts = [
    `${running.rehearsal ? "rehearsal, " : ""}revision ${revision}${revision === head ? "" : `, not ${head}`}`,
    phase === "running" && rates.length > 0 && `${count(Math.max(...rates))} rows/s`,
    restarts ? plural(restarts, "restart") : false,
    next_at && `again at ${instant(next_at)}`,
  ];
  return (
    <p className={`run-line is-${phase}`} title={said}>
      <b>{phase}</b> {parts.filter(Boolean).join(" · ")}
    </p>
  );
}

/** The latest deployment: as it goes, and what became of it. */
function DeploymentLine({ deployment, head }: { deployment: Deployment | undefined; head: number }) {
  if (!deployment) return null;
  const { status, action, target, revision, actor, steps, at } = deployment;
  const parts = [
    `${action} to ${target === "local" ? "this machine" : `the ${target}`}`,
    `revision ${revision}${revision === head ? "" : `, not ${head}`}`,
    status === "applying" ? `${plural(steps, "step")} done` : `by ${actor}, ${ago(at)}`,
  ];
  return (
    <p className={`deployment-line is-${status}`} title={deployment.deployment} role="status">
      <b>{status}</b> {parts.join(" · ")}
    </p>
  );
}

/** The last change in words. Screen readers hear it politely as it comes. */
function Caption({ state, view }: { state: LiveState; view: PipelineView }) {
  const [, tick] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    const timer = setInterval(tick, 30_000);
    return () => clearInterval(timer);
  }, []);
  const revision = view.history.find((r) => r.revision === view.pipeline.revision);
  const nodes = [...(state.before?.nodes ?? []), ...view.nodes];
  const missed = state.missed > 0 ? `, after ${plural(state.missed, "other change")}` : "";
  return (
    <div className={`caption${state.fresh ? " is-fresh" : ""}`} role="status" aria-live="polite">
      {revision && (
        <>
          <span className="caption-number" title="Revision">{revision.revision}</span>
          <span className="caption-text">
            <strong>{revision.reason || revision.operation}</strong>
            <span className="quiet">{revision.operation} by {revision.actor}, {ago(revision.at)}{missed}</span>
          </span>
          <ChangeChips revision={revision} nodes={nodes} />
        </>
      )}
    </div>
  );
}

const titles = { config: "Config", code: "Code", findings: "Findings", test: "Test", explain: "Test", history: "History" };

function Revisions({ state, shown }: { state: LiveState; shown: number }) {
  const current = state.connection === "live" && shown >= state.head;
  const word = state.connection === "live" ? (current ? "live" : "past") : state.connection;
  const step = (by: number, icon: string, label: string, key: string) => (
    <button
      type="button" className="button square" aria-label={label} title={`${label}  ${key}`}
      disabled={shown + by < 1 || shown + by > state.head} onClick={() => walk(shown + by, state.head)}
    >
      <Icon name={icon} size={14} />
    </button>
  );
  return (
    <div className="revisions">
      {step(-1, "previous", "Previous revision", "[")}
      <span className="revision-number" data-revision={shown}>r{shown}</span>
      {step(1, "next", "Next revision", "]")}
      <span className={`live live-${current ? "on" : state.connection}`}>{word}</span>
    </div>
  );
}

function Header({ state, view, open }: { state: LiveState; view: PipelineView; open: Panel | null }) {
  const { name, status, revision } = view.pipeline;
  const bad = view.findings.some((f) => f.severity === "error");
  return (
    <header className="top">
      <a className="home" href="/" aria-label="All pipelines"><Mark /></a>
      <div className="top-title"><h1>{name}</h1><span className={`pipeline-status is-${status}`}>{status}</span></div>
      <Revisions state={state} shown={revision} />
      <span className="grow" />
      <nav className="tabs" aria-label="Panels">{panels.map((panel) => (
        <button type="button" key={panel} aria-pressed={panel === open} onClick={() => go({ panel: panel === open ? null : panel })}>
          {titles[panel]}
          {panel === "findings" && view.findings.length > 0 && <b className={bad ? "is-bad" : ""}>{view.findings.length}</b>}
        </button>
      ))}</nav>
      <ThemeChoice />
    </header>
  );
}

interface DockProps { state: LiveState; view: PipelineView; place: Place; panel: (typeof panels)[number]; onFocus: (id: string) => void }

function Dock({ state, view, place, panel, onFocus }: DockProps) {
  return (
    <aside className={`dock dock-${panel}`} aria-label={titles[panel]}>
      <button type="button" className="dock-close" aria-label="Close panel" onClick={() => go({ panel: null })}>
        <Icon name="close" />
      </button>
      <div className="dock-body">
        {panel === "config" && <Config view={view} before={state.before} selected={place.node} />}
        {panel === "code" && <Code view={view} selected={place.node} />}
        {panel === "findings" && <Findings view={view} onFocus={onFocus} />}
        {panel === "history" && <History view={view} head={state.head} />}
        {panel === "test" && <Test view={view} place={place} runs={state.runs} />}
      </div>
    </aside>
  );
}

export function PipelinePage({ id, place }: { id: string; place: Place }) {
  const state = useLive(id, place.revision);
  const camera = useRef<Camera | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const { view } = state;
  useKeys(state, camera, search);
  const name = view?.pipeline.name;
  useEffect(() => {
    document.title = name ? `${name} · LakeStream` : "LakeStream";
  }, [name]);
  const onFocus = useCallback((node: string) => {
    go({ node });
    camera.current?.centre(node);
  }, []);
  if (!view) {
    return (
      <div className="page-message">
        {state.error ? <Failure error={state.error} /> : <p className="empty">Reading the pipeline…</p>}
        {state.error && <a className="button" href="/">All pipelines</a>}
      </div>
    );
  }
  const panel = place.panel === "explain" ? "test" : place.panel;
  return (
    <div className={`page${panel ? " has-dock" : ""}`}>
      <Header state={state} view={view} open={panel} />
      <Banner state={state} view={view} />
      <div className={`work dock-at-${panel === "test" ? "bottom" : "right"}`}>
        <Outline view={view} lit={state.lit} selected={place.node} search={search} onFocus={onFocus} />
        <main className="canvas">
          <ReactFlowProvider>
            <Canvas view={view} lit={state.lit} selected={place.node} camera={camera} running={state.running} />
          </ReactFlowProvider>
          {view.nodes.length === 0 && (
            <div className="empty canvas-empty">
              <Icon name="pattern" size={32} />
              <p>This pipeline has no nodes yet.</p>
              <p className="quiet">They appear here as the agent adds them.</p>
            </div>
          )}
          <div className="lines">
            <DeploymentLine deployment={view.deployment} head={state.head} />
            <RunLine running={state.running} head={state.head} />
          </div>
          <Caption state={state} view={view} />
        </main>
        {panel && <Dock state={state} view={view} place={place} panel={panel} onFocus={onFocus} />}
      </div>
    </div>
  );
}
