/** Events on one lane per key, matches as spans above them, the watermark as a line. */

import { type KeyboardEvent, type PointerEvent, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import type { Report } from "../api";
import { instant, span as spanText } from "../format";
import { type Dot, type Lane, lanesOf, type Span, ticks, type Window, windowOf } from "./lanes";

const labelWidth = 132;
const rowHeight = 9;
const lanesAtOnce = 40;

function useWidth(): [RefObject<HTMLDivElement | null>, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}

interface LaneProps {
  lane: Lane; y: number; x: (ms: number) => number; right: number; match: string | null; until: number;
  onMatch: (id: string) => void;
}

function LaneBody({ lane, y, x, right, match, until, onMatch }: LaneProps) {
  const line = y + lane.rows * rowHeight + 10;
  const seen = new Set<string>();
  // What falls on the same pixels is drawn once, except what is looked at.
  const isHidden = (spot: string, here: boolean) => (seen.has(spot) && !here) || !seen.add(spot);
  const spanOf = ({ id, from, to, decided }: Span) => {
    const [left, width, here] = [x(from), Math.max(x(to) - x(from), 5), id === match];
    const row = lane.row.get(id) ?? 0;
    const top = y + 5 + row * rowHeight;
    if (isHidden(`${row} ${Math.round(left)} ${Math.round(width)}`, here)) return null;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      onMatch(id);
    };
    const title = `${instant(from)} to ${instant(to)} (${spanText(to - from)})`;
    return (
      <g
        key={id} className={`span${here ? " is-selected" : ""}${decided > until ? " is-later" : ""}`} data-match={id}
        role="button" tabIndex={0} aria-pressed={here} aria-label={`Match of ${lane.label}, ${title}`}
        onClick={() => onMatch(id)} onKeyDown={onKeyDown}
      >
        <title>{title}</title>
        <rect className="span-hit" x={left - 3} y={top - 3} width={width + 6} height={rowHeight + 4} />
        <rect x={left} y={top} width={width} height={6} rx={3} />
      </g>
    );
  };
  const dotOf = ({ id, at, label, kind, matches }: Dot) => {
    const here = match !== null && matches.includes(match);
    if (isHidden(`${kind} ${Math.round(x(at))}`, here)) return null;
    const classes = `dot dot-${kind}${here ? " is-selected" : ""}${at > until ? " is-later" : ""}`;
    const choose = () => !here && matches[0] && onMatch(matches[0]);
    return (
      <circle key={id} className={classes} cx={x(at)} cy={line} r={here ? 5 : 3.5} data-event={id} onClick={choose}>
        <title>{`${label} · ${instant(at)}`}</title>
      </circle>
    );
  };
  return (
    <g>
      <line className="lane-line" x1={labelWidth} x2={right} y1={line} y2={line} />
      {lane.spans.map(spanOf)}
      {lane.dots.map(dotOf)}
    </g>
  );
}

function LaneLabel({ lane, y }: { lane: Lane; y: number }) {
  const bottom = y + lane.rows * rowHeight;
  return (
    <g className="lane-label">
      <title>{`${lane.label}: ${lane.note}`}</title>
      <text x={16} y={bottom + 14}>{lane.label.length > 16 ? `${lane.label.slice(0, 15)}…` : lane.label}</text>
      {lane.rows > 1 && <text className="lane-note" x={16} y={bottom}>{lane.note}</text>}
    </g>
  );
}

function usePan(view: Window, width: number, setView: (view: Window) => void) {
  const start = useRef<{ x: number; view: Window } | null>(null);
  const end = () => { start.current = null; };
  return {
    onPointerDown: (event: PointerEvent) => { start.current = { x: event.clientX, view }; },
    onPointerMove: (event: PointerEvent) => {
      if (!start.current) return;
      const { from, to } = start.current.view;
      const moved = ((start.current.x - event.clientX) / width) * (to - from);
      setView({ from: from + moved, to: to + moved });
    },
    onPointerUp: end, onPointerLeave: end,
  };
}

/** A slider over the events: what comes after the chosen one is dimmed. */
function Scrubber({ times, until, onChange }: { times: number[]; until: number; onChange: (until: number) => void }) {
  const last = times.length - 1;
  const at = until === Infinity ? last : times.indexOf(until);
  return (
    <label className="scrub">
      <span className="quiet">{until === Infinity ? "Replay" : instant(until)}</span>
      <input
        type="range" min={0} max={last} value={at} aria-label="Show the run up to this event" aria-valuetext={instant(times[at])}
        onChange={({ target }) => onChange(Number(target.value) === last ? Infinity : (times[Number(target.value)] ?? Infinity))}
      />
    </label>
  );
}

interface TimelineProps { report: Report; match: string | null; onMatch: (id: string) => void }

export function Timeline({ report, match, onMatch }: TimelineProps) {
  const lanes = useMemo(() => lanesOf(report), [report]);
  const all = useMemo(() => windowOf(lanes), [lanes]);
  const times = useMemo(() => [...new Set(lanes.flatMap((l) => l.dots.map((d) => d.at)))].sort((a, b) => a - b), [lanes]);
  const [view, setView] = useState(all);
  const [shown, setShown] = useState(lanesAtOnce);
  const [until, setUntil] = useState(Infinity);
  const [box, width] = useWidth();
  useEffect(() => setView(all), [all]);
  const right = width - 14;
  const pan = usePan(view, right - labelWidth, setView);
  const x = (ms: number) => labelWidth + ((ms - view.from) / (view.to - view.from)) * (right - labelWidth);
  const around = (from: number, to: number, factor: number) => {
    const [middle, half] = [(from + to) / 2, (Math.max(to - from, 1000) / 2) * factor];
    setView({ from: middle - half, to: middle + half });
  };
  const chosen = lanes.flatMap((lane) => lane.spans).find((s) => s.id === match);
  const drawn = lanes.filter((lane, i) => i < shown || (match && lane.row.has(match)));
  let bottom = 26;
  const placed = drawn.map((lane) => {
    const y = bottom;
    bottom += lane.rows * rowHeight + 22;
    return { lane, y };
  });
  const last = Object.values(report.watermark ?? {}).filter((at) => at !== null).sort().at(-1);
  const watermark = last === undefined ? NaN : x(Date.parse(last));
  if (lanes.length === 0) return <p className="empty">No event took part in a match, and none began one.</p>;
  return (
    <div className="timeline">
      <div className="timeline-bar">
        <button type="button" className="button" onClick={() => setView(all)}>Whole run</button>
        <button type="button" className="button" disabled={!chosen} onClick={() => chosen && around(chosen.from, chosen.to, 2.2)}>This match</button>
        <button type="button" className="button square" aria-label="Zoom in" onClick={() => around(view.from, view.to, 0.5)}>+</button>
        <button type="button" className="button square" aria-label="Zoom out" onClick={() => around(view.from, view.to, 2)}>−</button>
        <Scrubber times={times} until={until} onChange={setUntil} />
      </div>
      <div className="timeline-body" ref={box}>
        <svg width={width} height={bottom + 6} role="group" aria-label="Matches and their events by key" {...pan}>
          <clipPath id="times"><rect x={labelWidth - 8} y={0} width={right - labelWidth + 16} height={bottom + 6} /></clipPath>
          {ticks(view, Math.max(2, Math.floor((right - labelWidth) / 150))).map(([ms, text]) => (
            <g className="tick" key={ms}><line x1={x(ms)} x2={x(ms)} y1={20} y2={bottom} /><text x={x(ms)} y={13}>{text}</text></g>
          ))}
          <g clipPath="url(#times)">
            {!Number.isNaN(watermark) && (
              <g className="watermark">
                <title>{`Watermark at the end: ${instant(last)}`}</title>
                <line x1={watermark} x2={watermark} y1={18} y2={bottom} />
                <text x={watermark - 4} y={bottom + 3}>watermark</text>
              </g>
            )}
            {placed.map(({ lane, y }) => (
              <LaneBody key={lane.id} lane={lane} y={y} x={x} right={right} match={match} until={until} onMatch={onMatch} />
            ))}
          </g>
          {placed.map(({ lane, y }) => <LaneLabel key={lane.id} lane={lane} y={y} />)}
        </svg>
        {lanes.length > shown && (
          <button type="button" className="button more" onClick={() => setShown(shown + 100)}>{lanes.length - shown} more keys</button>
        )}
      </div>
    </div>
  );
}
