/** The page of one pipeline: canvas, outline, panels, and the caption of the last change. */

import { ReactFlowProvider } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { PipelineView } from "./api";
import { type Camera, Canvas } from "./Canvas";
import { ago, plural } from "./format";
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

function useLive(id: string, revision: number | null): LiveState {
  const live = useMemo(() => new LivePipeline(id, (newer) => go({ revision: newer }, true)), [id]);
  // biome-ignore lint: the revision at the start only; later ones go through show()
  useEffect(() => {
    live.start(revision);
    return () => live.stop();
  }, [live]);
  useEffect(() => live.show(revision), [live, revision]);
  return useSyncExternalStore(live.subscribe, live.snapshot);
}

/** `/` searches, `[` and `]` walk the revisions, `f` fits, Escape closes; never while typing. */
function useKeys(state: LiveState, camera: { current: Camera | null }, search: { current: HTMLInputElement | null }) {
  useEffect(() => {
    const shown = state.view?.pipeline.revision ?? 0;
    const walk = (to: number) => {
      if (to >= 1 && to <= state.head) go({ revision: to === state.head ? null : to });
    };
    const actions: Record<string, () => void> = {
      "/": () => search.current?.focus(),
      "[": () => walk(shown - 1),
      "]": () => walk(shown + 1),
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

function Banner({ state, pinned }: { state: LiveState; pinned: boolean }) {
  const shown = state.view?.pipeline.revision ?? 0;
  if (state.connection === "deleted") {
    return <p className="banner banner-bad" role="alert">This pipeline was deleted. What you see is its last graph.</p>;
  }
  if (state.connection === "lost") {
    return <p className="banner banner-bad" role="alert">Connection lost. Reconnecting… This is revision {shown}, the last one received.</p>;
  }
  if (state.error && state.view) {
    return <p className="banner banner-bad" role="alert">{state.error.message}</p>;
  }
  if (!pinned || shown >= state.head) return null;
  return (
    <p className="banner">
      Revision {shown} of {state.head}.
      <button type="button" className="link" onClick={() => go({ revision: null })}>Go to the newest and follow it</button>
    </p>
  );
}

/** The last change in words. Screen readers hear it politely as it comes. */
function Caption({ state, view }: { state: LiveState; view: PipelineView }) {
  const revision = view.history.find((r) => r.revision === view.pipeline.revision);
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
  const nodes = [...view.nodes, ...Object.values(state.lit.marks).map((m) => m.node), ...(state.before?.nodes ?? [])];
  const names = new Map(nodes.map((n) => [n.id, n.name]));
  return (
    <div className={`caption${state.fresh ? " is-fresh" : ""}`} role="status" aria-live="polite">
      {revision && (
        <>
          <span className="caption-number" title="Revision">{revision.revision}</span>
          <span className="caption-text">
            <strong>{revision.reason || revision.operation}</strong>
            <span className="quiet">
              {revision.reason ? `${revision.operation} by ` : "by "}
              {revision.actor}, {ago(revision.at, Date.now())}
              {state.missed > 0 && `, after ${plural(state.missed, "other change")}`}
            </span>
          </span>
          <ChangeChips revision={revision} names={names} />
        </>
      )}
    </div>
  );
}

const titles: Record<Panel, string> = {
  config: "Config",
  code: "Code",
  findings: "Findings",
  test: "Test",
  explain: "Test",
  history: "History",
};

function Header({ state, view, place }: { state: LiveState; view: PipelineView; place: Place }) {
  const { pipeline } = view;
  const open = place.panel === "explain" ? "test" : place.panel;
  const bad = view.findings.filter((f) => f.severity === "error").length;
  const live = state.connection === "live" && pipeline.revision >= state.head;
  return (
    <header className="top">
      <a className="home" href="/" aria-label="All pipelines" onClick={(e) => { e.preventDefault(); go({ pipeline: null }); }}>
        <Mark />
      </a>
      <div className="top-title">
        <h1>{pipeline.name}</h1>
        <span className={`pipeline-status is-${pipeline.status}`}>{pipeline.status}</span>
      </div>
      <div className="revisions">
        <button type="button" className="button square" aria-label="Previous revision" title="Previous revision  [" disabled={pipeline.revision <= 1} onClick={() => go({ revision: pipeline.revision - 1 })}>
          <Icon name="previous" size={14} />
        </button>
        <span className="revision-number" data-revision={pipeline.revision}>r{pipeline.revision}</span>
        <button type="button" className="button square" aria-label="Next revision" title="Next revision  ]" disabled={pipeline.revision >= state.head} onClick={() => go({ revision: pipeline.revision + 1 >= state.head ? null : pipeline.revision + 1 })}>
          <Icon name="next" size={14} />
        </button>
        <span className={`live live-${live ? "on" : state.connection}`}>{live ? "live" : state.connection === "live" ? "past" : state.connection}</span>
      </div>
      <span className="grow" />
      <nav className="tabs" aria-label="Panels">
        {panels.map((panel) => (
          <button type="button" key={panel} aria-pressed={panel === open} onClick={() => go({ panel: panel === open ? null : panel })}>
            {titles[panel]}
            {panel === "findings" && view.findings.length > 0 && (
              <b className={bad > 0 ? "is-bad" : ""}>{view.findings.length}</b>
            )}
          </button>
        ))}
      </nav>
    </header>
  );
}

interface DockProps {
  state: LiveState;
  view: PipelineView;
  place: Place;
  panel: Panel;
  onFocus: (id: string) => void;
}

function Dock({ state, view, place, panel, onFocus }: DockProps) {
  const body = {
    config: () => <Config view={view} before={state.before} selected={place.node} />,
    code: () => <Code view={view} selected={place.node} />,
    findings: () => <Findings view={view} onFocus={onFocus} />,
    history: () => <History view={view} head={state.head} />,
    test: () => <Test view={view} place={place} runs={state.runs} />,
    explain: () => <Test view={view} place={place} runs={state.runs} />,
  }[panel];
  return (
    <aside className={`dock dock-${panel === "explain" ? "test" : panel}`} aria-label={titles[panel]}>
      <button type="button" className="dock-close" aria-label="Close panel" onClick={() => go({ panel: null })}>
        <Icon name="close" />
      </button>
      <div className="dock-body">{body()}</div>
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
  return (
    <div className={`page${place.panel ? " has-dock" : ""}`}>
      <Header state={state} view={view} place={place} />
      <Banner state={state} pinned={place.revision !== null} />
      <div className={`work dock-at-${place.panel === "test" || place.panel === "explain" ? "bottom" : "right"}`}>
        <Outline view={view} lit={state.lit} selected={place.node} search={search} onFocus={onFocus} />
        <main className="canvas">
          <ReactFlowProvider>
            <Canvas view={view} lit={state.lit} selected={place.node} camera={camera} />
          </ReactFlowProvider>
          {view.nodes.length === 0 && (
            <div className="empty canvas-empty">
              <Icon name="pattern" size={32} />
              <p>This pipeline has no nodes yet.</p>
              <p className="quiet">They appear here as the agent adds them.</p>
            </div>
          )}
          <Caption state={state} view={view} />
        </main>
        {place.panel && <Dock state={state} view={view} place={place} panel={place.panel} onFocus={onFocus} />}
      </div>
    </div>
  );
}
