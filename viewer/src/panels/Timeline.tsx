/** Events on one lane per key, matches as spans above them, the watermark as a line. */

import { useEffect, useMemo, useRef, useState } from "react";
import type { Report } from "../api";
import { instant, span } from "../format";
import { Icon } from "../icons";
import { type Dot, type Lane, lanesOf, pack, ticks, type Window, windowOf } from "./lanes";

const labelWidth = 132;
const rowHeight = 9;
const firstLanes = 40;

interface TimelineProps {
  report: Report;
  match: string | null;
  onMatch: (id: string | null) => void;
}

function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { box, width };
}

interface LaneProps {
  lane: Lane;
  y: number;
  rows: number;
  placed: Map<string, number>;
  x: (ms: number) => number;
  match: string | null;
  until: number;
  onMatch: (id: string) => void;
}

function LaneBody({ lane, y, rows, placed, x, match, until, onMatch }: LaneProps) {
  const line = y + rows * rowHeight + 10;
  const seen = new Set<string>();
  const press = (id: string) => (event: React.KeyboardEvent) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      onMatch(id);
    }
  };
  const spans = lane.matches.flatMap((m) => {
    const [from, to] = [x(m.from), Math.max(x(m.to), x(m.from) + 5)];
    const row = placed.get(m.id) ?? 0;
    const spot = `${row}:${Math.round(from)}:${Math.round(to)}`;
    // What falls on the same pixels is drawn once, except the match that is looked at.
    if (seen.has(spot) && m.id !== match) return [];
    seen.add(spot);
    const top = y + 5 + row * rowHeight;
    return (
      <g
        key={m.id}
        role="button"
        tabIndex={0}
        aria-pressed={m.id === match}
        aria-label={`Match of ${lane.label}, ${instant(m.text.from)} to ${instant(m.text.to)}`}
        className={`span${m.id === match ? " is-selected" : ""}${m.decided > until ? " is-later" : ""}`}
        data-match={m.id}
        onClick={() => onMatch(m.id)}
        onKeyDown={press(m.id)}
      >
        <title>{`${instant(m.text.from)} – ${instant(m.text.to)} (${span(m.to - m.from)})`}</title>
        <rect className="span-hit" x={from - 3} y={top - 3} width={to - from + 6} height={rowHeight + 4} />
        <rect x={from} y={top} width={to - from} height={6} rx={3} />
      </g>
    );
  });
  const dots = lane.dots.flatMap((dot: Dot) => {
    const spot = `${dot.kind}:${Math.round(x(dot.at))}`;
    const here = match !== null && dot.matches.includes(match);
    if (seen.has(spot) && !here) return [];
    seen.add(spot);
    const id = dot.matches[0];
    return (
      <circle
        key={dot.id}
        className={`dot dot-${dot.kind}${here ? " is-selected" : ""}${dot.at > until ? " is-later" : ""}`}
        cx={x(dot.at)}
        cy={line}
        r={here ? 5 : 3.5}
        data-event={dot.id}
        onClick={() => id && onMatch(here && match ? match : id)}
      >
        <title>{`${dot.label} · ${instant(new Date(dot.at).toISOString())}`}</title>
      </circle>
    );
  });
  return (
    <g className="lane">
      <line className="lane-line" x1={labelWidth} x2={x(Infinity)} y1={line} y2={line} />
      {spans}
      {dots}
    </g>
  );
}

function usePan(view: Window, width: number, setView: (view: Window) => void) {
  const start = useRef<{ x: number; view: Window } | null>(null);
  return {
    onPointerDown: (event: React.PointerEvent) => {
      if (event.target === event.currentTarget) start.current = { x: event.clientX, view };
    },
    onPointerMove: (event: React.PointerEvent) => {
      if (!start.current) return;
      const { x, view: from } = start.current;
      const moved = ((x - event.clientX) / (width - labelWidth)) * (from.to - from.from);
      setView({ from: from.from + moved, to: from.to + moved });
    },
    onPointerUp: () => {
      start.current = null;
    },
    onPointerLeave: () => {
      start.current = null;
    },
  };
}

export function Timeline({ report, match, onMatch }: TimelineProps) {
  const lanes = useMemo(() => lanesOf(report), [report]);
  const all = useMemo(() => windowOf(lanes), [lanes]);
  const [view, setView] = useState<Window>(all);
  const [shown, setShown] = useState(firstLanes);
  const [until, setUntil] = useState<number | null>(null);
  const { box, width } = useWidth();
  useEffect(() => setView(all), [all]);
  const times = useMemo(() => [...new Set(lanes.flatMap((l) => l.dots.map((d) => d.at)))].sort((a, b) => a - b), [lanes]);
  const pan = usePan(view, width, setView);
  const right = width - 14;
  const x = (ms: number) =>
    ms === Infinity ? right : labelWidth + ((ms - view.from) / (view.to - view.from)) * (right - labelWidth);
  const zoom = (factor: number) => {
    const [middle, half] = [(view.from + view.to) / 2, ((view.to - view.from) / 2) * factor];
    setView({ from: middle - half, to: middle + half });
  };
  const chosen = lanes.flatMap((l) => l.matches).find((m) => m.id === match);
  const toMatch = () => {
    if (!chosen) return;
    const room = Math.max(chosen.to - chosen.from, 1000) * 0.6;
    setView({ from: chosen.from - room, to: chosen.to + room });
  };
  const drawn = lanes.slice(0, shown).concat(lanes.slice(shown).filter((l) => l.matches.some((m) => m.id === match)));
  let y = 26;
  const placed = drawn.map((lane) => {
    const packed = pack(lane.matches);
    const top = y;
    y += packed.rows * rowHeight + 22;
    return { lane, top, ...packed };
  });
  const last = Object.values(report.watermark ?? {}).filter(Boolean).sort().at(-1);
  const watermark = last ? x(Date.parse(last)) : null;
  if (lanes.length === 0) return <p className="empty">No event took part in a match, and none began one.</p>;
  return (
    <div className="timeline">
      <div className="timeline-bar">
        <button type="button" className="button" onClick={() => setView(all)}>Whole run</button>
        <button type="button" className="button" onClick={toMatch} disabled={!chosen}>This match</button>
        <button type="button" className="button square" onClick={() => zoom(0.5)} aria-label="Zoom in">+</button>
        <button type="button" className="button square" onClick={() => zoom(2)} aria-label="Zoom out">−</button>
        <label className="scrub">
          <span className="quiet">{until === null ? "Replay" : instant(new Date(times[until] ?? 0).toISOString())}</span>
          <input
            type="range"
            min={0}
            max={times.length - 1}
            value={until ?? times.length - 1}
            aria-label="Show the run up to this event"
            aria-valuetext={instant(new Date(times[until ?? times.length - 1] ?? 0).toISOString())}
            onChange={(event) => {
              const at = Number(event.target.value);
              setUntil(at === times.length - 1 ? null : at);
            }}
          />
        </label>
      </div>
      <div className="timeline-body" ref={box}>
        <svg width={width} height={y + 6} role="group" aria-label="Matches and their events by key" {...pan}>
          <clipPath id="times">
            <rect x={labelWidth - 8} y={0} width={right - labelWidth + 16} height={y + 6} />
          </clipPath>
          {ticks(view, Math.max(2, Math.floor((right - labelWidth) / 150))).map(([ms, text]) => (
            <g className="tick" key={ms}>
              <line x1={x(ms)} x2={x(ms)} y1={20} y2={y} />
              <text x={x(ms)} y={13}>{text}</text>
            </g>
          ))}
          <g clipPath="url(#times)">
            {watermark !== null && (
              <g className="watermark">
                <title>{`Watermark at the end: ${instant(last)}`}</title>
                <line x1={watermark} x2={watermark} y1={18} y2={y} />
                <text x={watermark - 4} y={y + 3}>watermark</text>
              </g>
            )}
            {placed.map(({ lane, top, rows, row }) => (
              <LaneBody
                key={lane.id}
                lane={lane}
                y={top}
                rows={rows}
                placed={row}
                x={x}
                match={match}
                until={until === null ? Infinity : (times[until] ?? Infinity)}
                onMatch={onMatch}
              />
            ))}
          </g>
          {placed.map(({ lane, top, rows }) => (
            <g className="lane-label" key={lane.id}>
              <text x={16} y={top + rows * rowHeight + 14}>{lane.label.length > 16 ? `${lane.label.slice(0, 15)}…` : lane.label}</text>
              {rows > 1 && <text className="lane-note" x={16} y={top + rows * rowHeight}>{lane.note}</text>}
              <title>{`${lane.label}: ${lane.note}`}</title>
            </g>
          ))}
        </svg>
        {lanes.length > shown && (
          <button type="button" className="button more" onClick={() => setShown(shown + 100)}>
            <Icon name="list" size={14} /> {lanes.length - shown} more keys
          </button>
        )}
      </div>
    </div>
  );
}
