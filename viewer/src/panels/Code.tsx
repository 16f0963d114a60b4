/** The generated code: whole files, the selected node's lines lit, each line leading to its node. */

import { useEffect, useMemo, useRef, useState } from "react";
import { type GeneratedCode, type PipelineView, paths } from "../api";
import { plural } from "../format";
import { Icon } from "../icons";
import { go } from "../place";
import { useRead } from "../useRead";
import { Failure } from "./Failure";

const token =
  /(#.*)|("""|''')|([rbfRBF]{0,2}"(?:\\.|[^"\\])*"|[rbfRBF]{0,2}'(?:\\.|[^'\\])*')|\b(def|class|return|if|elif|else|for|while|in|not|and|or|is|import|from|as|with|try|except|finally|raise|yield|lambda|pass|None|True|False|continue|break|global|nonlocal|assert|del)\b|(@[\w.]+)|\b(\d[\d_.]*)\b/g;
const kinds = ["comment", "string", "string", "keyword", "decorator", "number"];

interface Piece {
  text: string;
  kind?: string;
}

/** Python lines as coloured pieces; `open` is the triple quote a line starts inside of. */
function colour(lines: string[]): Piece[][] {
  let open: string | null = null;
  return lines.map((line) => {
    const pieces: Piece[] = [];
    let at = 0;
    const take = (end: number, kind?: string) => {
      if (end > at) pieces.push({ text: line.slice(at, end), ...(kind ? { kind } : {}) });
      at = Math.max(at, end);
    };
    const closeFrom = (from: number) => {
      const end = open === null ? -1 : line.indexOf(open, from);
      if (end >= 0) open = null;
      take(end < 0 ? line.length : end + 3, "string");
    };
    if (open !== null) closeFrom(0);
    while (at < line.length) {
      token.lastIndex = at;
      const found = token.exec(line);
      if (!found) break;
      take(found.index);
      if (found[2]) {
        open = found[2];
        closeFrom(found.index + 3);
      } else {
        take(found.index + found[0].length, kinds[found.slice(1).findIndex(Boolean)]);
      }
    }
    take(line.length);
    return pieces;
  });
}

function nodeByLine(map: Record<string, [number, number][]>): Map<number, string> {
  const owner = new Map<number, string>();
  for (const [node, ranges] of Object.entries(map)) {
    for (const [first, last] of ranges) for (let n = first; n <= last; n++) owner.set(n, node);
  }
  return owner;
}

interface SourceProps {
  text: string;
  map: Record<string, [number, number][]>;
  selected: string | null;
}

function Source({ text, map, selected }: SourceProps) {
  const lines = useMemo(() => colour(text.replace(/\n$/, "").split("\n")), [text]);
  const owner = useMemo(() => nodeByLine(map), [map]);
  const first = selected ? map[selected]?.[0]?.[0] : undefined;
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const line = first ? body.current?.children[Math.max(0, first - 3)] : null;
    line?.scrollIntoView({ block: "start" });
  }, [first, text]);
  return (
    <div className="listing" ref={body} role="region" aria-label="Generated code" tabIndex={0}>
      {lines.map((pieces, i) => {
        const node = owner.get(i + 1);
        const here = node !== undefined && node === selected;
        return (
          <div
            key={i}
            className={`line${here ? " is-here" : ""}${node ? " has-node" : ""}`}
            title={node}
            onClick={() => node && getSelection()?.isCollapsed && go({ node })}
          >
            <span className="number">{i + 1}</span>
            <code>
              {pieces.map((piece, j) => (
                <span key={j} className={piece.kind && `code-${piece.kind}`}>
                  {piece.text}
                </span>
              ))}
              {"\n"}
            </code>
          </div>
        );
      })}
    </div>
  );
}

function CopyButton({ text }: { text: string }) {
  const [done, setDone] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => {
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    });
  };
  return (
    <button type="button" className="button" onClick={copy}>
      <Icon name={done ? "tested" : "copy"} size={14} />
      <span aria-live="polite">{done ? "Copied" : "Copy"}</span>
    </button>
  );
}

export function Code({ view, selected }: { view: PipelineView; selected: string | null }) {
  const { id, revision } = view.pipeline;
  const { data, error } = useRead<GeneratedCode>(paths.code(id, revision));
  const [chosen, setChosen] = useState<string | null>(null);
  if (error) return <Failure error={error} />;
  if (!data) return <p className="empty">Generating…</p>;
  const names = Object.keys(data.files);
  const name = chosen && names.includes(chosen) ? chosen : names[0];
  const text = name ? (data.files[name] ?? "") : "";
  const map = name ? (data.line_map?.[name] ?? {}) : {};
  return (
    <div className="code-panel">
      <div className="code-bar">
        {names.map((file) => (
          <button
            type="button"
            key={file}
            className="file"
            aria-pressed={file === name}
            onClick={() => setChosen(file)}
          >
            {file}
          </button>
        ))}
        <span className="quiet">{plural(text.split("\n").length - 1, "line")}</span>
        <span className="grow" />
        <CopyButton text={text} />
      </div>
      {selected && !map[selected] && <p className="note">No line of this file belongs to {selected} alone.</p>}
      <Source text={text} map={map} selected={selected} />
    </div>
  );
}
