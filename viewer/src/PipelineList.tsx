/** The page at `/`: all pipelines, the ones worked on last first. */

import { type MouseEvent, useEffect, useState } from "react";
import { type PipelineSummary, paths } from "./api";
import { ago, instant, plural } from "./format";
import { Icon, Mark } from "./icons";
import { Failure } from "./panels/Failure";
import { go } from "./place";
import { ThemeChoice } from "./theme";
import { useRead } from "./useRead";

function PipelineCard({ pipeline }: { pipeline: PipelineSummary }) {
  const onClick = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go({ pipeline: pipeline.id });
  };
  return (
    <li>
      <a href={`/p/${encodeURIComponent(pipeline.id)}`} onClick={onClick}>
        <span className="list-title">
          <strong>{pipeline.name}</strong>
          <span className={`pipeline-status is-${pipeline.status}`}>{pipeline.status}</span>
        </span>
        <span className="list-text">{pipeline.description || <span className="quiet">{pipeline.id}</span>}</span>
        <span className="list-foot quiet">
          {plural(pipeline.nodes, "node")} · revision {pipeline.revision} ·{" "}
          <time title={`${instant(pipeline.updated_at)} UTC`}>{ago(pipeline.updated_at)}</time>
          {pipeline.tags?.map((tag) => <span className="chip" key={tag}>{tag}</span>)}
        </span>
      </a>
    </li>
  );
}

export function PipelineList() {
  const [version, setVersion] = useState(0);
  const { data, error } = useRead<{ pipelines: PipelineSummary[] }>(paths.pipelines, version);
  useEffect(() => {
    document.title = "LakeStream";
    const again = () => document.visibilityState === "visible" && setVersion((v) => v + 1);
    document.addEventListener("visibilitychange", again);
    return () => document.removeEventListener("visibilitychange", again);
  }, []);
  const pipelines = data?.pipelines.toSorted((a, b) => b.updated_at.localeCompare(a.updated_at));
  return (
    <div className="list-page">
      <header><Mark /><h1>LakeStream</h1><span className="grow" /><ThemeChoice /></header>
      <main>
        <h2>Pipelines</h2>
        {error && <Failure error={error} />}
        {pipelines?.length === 0 && (
          <div className="empty">
            <Icon name="pattern" size={32} />
            <p>No pipeline yet.</p>
            <p className="quiet">
              Ask your agent to create one: “Watch the orders topic for orders that are not shipped within an hour.” It
              appears here, and you can watch it grow.
            </p>
          </div>
        )}
        <ul className="list">{pipelines?.map((pipeline) => <PipelineCard key={pipeline.id} pipeline={pipeline} />)}</ul>
      </main>
    </div>
  );
}
