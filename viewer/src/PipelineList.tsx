/** The page at `/`: all pipelines, the ones worked on last first. */

import { useEffect, useState } from "react";
import { paths, type PipelineSummary } from "./api";
import { ago, instant, plural } from "./format";
import { Icon, Mark } from "./icons";
import { go } from "./place";
import { Failure } from "./panels/Failure";
import { useRead } from "./useRead";

function PipelineCard({ pipeline }: { pipeline: PipelineSummary }) {
  const href = `/p/${encodeURIComponent(pipeline.id)}`;
  return (
    <li>
      <a
        href={href}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
          event.preventDefault();
          go({ pipeline: pipeline.id });
        }}
      >
        <span className="list-title">
          <strong>{pipeline.name}</strong>
          <span className={`pipeline-status is-${pipeline.status}`}>{pipeline.status}</span>
        </span>
        <span className="list-text">{pipeline.description || <span className="quiet">{pipeline.id}</span>}</span>
        <span className="list-foot quiet">
          {plural(pipeline.nodes, "node")} · revision {pipeline.revision} ·{" "}
          <time title={`${instant(pipeline.updated_at)} UTC`}>{ago(pipeline.updated_at, Date.now())}</time>
          {pipeline.tags?.map((tag) => (
            <span className="chip" key={tag}>{tag}</span>
          ))}
        </span>
      </a>
    </li>
  );
}

export function PipelineList() {
  const [query, setQuery] = useState("");
  const [version, setVersion] = useState(0);
  const { data, error } = useRead<{ pipelines: PipelineSummary[] }>(paths.pipelines(), version);
  useEffect(() => {
    document.title = "LakeStream";
    const again = () => document.visibilityState === "visible" && setVersion((v) => v + 1);
    document.addEventListener("visibilitychange", again);
    return () => document.removeEventListener("visibilitychange", again);
  }, []);
  const wanted = query.toLowerCase();
  const found = (data?.pipelines ?? [])
    .filter((p) => `${p.name} ${p.id} ${p.description ?? ""} ${(p.tags ?? []).join(" ")}`.toLowerCase().includes(wanted))
    .sort((a, b) => b.updated_at.localeCompare(a.updated_at));
  return (
    <div className="list-page">
      <header>
        <Mark />
        <h1>LakeStream</h1>
        <span className="grow" />
        {data && data.pipelines.length > 6 && (
          <label className="search">
            <Icon name="search" size={14} />
            <input type="search" value={query} placeholder="Search pipelines" aria-label="Search pipelines" onChange={(e) => setQuery(e.target.value)} />
          </label>
        )}
      </header>
      <main>
        <h2>Pipelines</h2>
        {error && <Failure error={error} />}
        {data?.pipelines.length === 0 && (
          <div className="empty">
            <Icon name="pattern" size={32} />
            <p>No pipeline yet.</p>
            <p className="quiet">Ask your agent to create one: “Watch the orders topic for orders that are not shipped within an hour.” It appears here, and you can watch it grow.</p>
          </div>
        )}
        <ul className="list">
          {found.map((pipeline) => (
            <PipelineCard key={pipeline.id} pipeline={pipeline} />
          ))}
        </ul>
        {data && data.pipelines.length > 0 && found.length === 0 && <p className="empty">No pipeline matches.</p>}
      </main>
    </div>
  );
}
