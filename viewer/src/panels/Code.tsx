/** The generated code: whole files, the selected node's lines lit, each line leading to its node. */

import { useEffect, useMemo, useRef, useState } from "react";
import { type GeneratedCode, type LineMap, type PipelineView, paths } from "../api";
import { plural } from "../format";
import { Icon } from "../icons";
import { go } from "../place";
import { useRead } from "../useRead";
import { Failure } from "./Failure";
import { colour } from "./python";

type Ranges = LineMap[string];

function nodeByLine(map: Ranges): Map<number, string> {
  const owner = new Map<number, string>();
  for (const [node, ranges] of Object.entries(map)) {
    for (const [first, last] of ranges) for (let line = first; line <= last; line++) owner.set(line, node);
  }
  return owner;
}

function Listing({ text, map, selected }: { text: string; map: Ranges; selected: string | null }) {
  const lines = useMemo(() => colour(text.replace(/\n$/, "")), [text]);
  const owner = useMemo(() => nodeByLine(map), [map]);
  const first = selected ? map[selected]?.[0]?.[0] : undefined;
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (first) body.current?.children[Math.max(0, first - 3)]?.scrollIntoView({ block: "start" });
  }, [first, text]);
  return (
    <div className="listing" ref={body} role="region" aria-label="Generated code" tabIndex={0}>
      {lines.map((pieces, i) => {
        const node = owner.get(i + 1);
        const classes = `line${node && node === selected ? " is-here" : ""}${node ? " has-node" : ""}`;
        return (
          <div key={i} className={classes} title={node} onClick={() => node && getSelection()?.isCollapsed && go({ node })}>
            <span className="number">{i + 1}</span>
            <code>{pieces.map(({ text, kind }, j) => <span key={j} className={kind && `code-${kind}`}>{text}</span>)}{"\n"}</code>
          </div>
        );
      })}
    </div>
  );
}

function CopyButton({ text }: { text: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return (
    <button type="button" className="button" onClick={() => void copy()}>
      <Icon name={done ? "tested" : "copy"} size={14} /><span aria-live="polite">{done ? "Copied" : "Copy"}</span>
    </button>
  );
}

export function Code({ view, selected }: { view: PipelineView; selected: string | null }) {
  const { data, error } = useRead<GeneratedCode>(paths.code(view.pipeline.id, view.pipeline.revision));
  const [chosen, setChosen] = useState<string | null>(null);
  if (error) return <Failure error={error} />;
  if (!data) return <p className="empty">Generating…</p>;
  const names = Object.keys(data.files);
  const name = names.find((file) => file === chosen) ?? names[0] ?? "";
  const text = data.files[name] ?? "";
  const map = data.line_map[name] ?? {};
  return (
    <div className="code-panel">
      <div className="code-bar">
        {names.map((file) => (
          <button type="button" key={file} className="file" aria-pressed={file === name} onClick={() => setChosen(file)}>{file}</button>
        ))}
        <span className="quiet">{plural(text.split("\n").length - 1, "line")}</span>
        <span className="grow" />
        <CopyButton text={text} />
      </div>
      {selected && !map[selected] && <p className="note">No line of this file belongs to {selected} alone.</p>}
      <Listing text={text} map={map} selected={selected} />
    </div>
  );
}
