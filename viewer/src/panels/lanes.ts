/** From a run's report to what the timeline draws: lanes, spans, dots, rows and ticks. */

import type { Match, Report, RunEvent } from "../api";
import { keyText, plural } from "../format";

export interface Dot { id: string; at: number; label: string; kind: "matched" | "ended" | "open"; matches: string[] }
export interface Span { id: string; from: number; to: number; decided: number }
export interface Lane { id: string; label: string; note: string; spans: Span[]; dots: Dot[]; rows: number; row: Map<string, number> }
export interface Window { from: number; to: number }

const rowsMax = 5;

/** Spans into rows so that none overlaps; what does not fit shares the last row. */
function pack(spans: Span[]): { rows: number; row: Map<string, number> } {
  const ends: number[] = [];
  const row = new Map<string, number>();
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    let free = ends.findIndex((end) => end < span.from);
    if (free < 0) free = Math.min(ends.length, rowsMax - 1);
    ends[free] = Math.max(ends[free] ?? 0, span.to);
    row.set(span.id, free);
  }
  return { rows: ends.length, row };
}

class LaneMaker {
  readonly dots = new Map<string, Dot>();
  readonly spans: Span[] = [];
  constructor(readonly pattern: string, readonly key: string) {}

  /** `note` is the match's id, or how the partial match ended. */
  add(event: RunEvent, kind: Dot["kind"], note: string): void {
    const at = Date.parse(event.at ?? "");
    if (Number.isNaN(at)) return;
    const id = String(event.event ?? `${event.at} ${event.step}`);
    const label = kind === "matched" ? (event.step ?? "event") : `${event.step}, ${note}`;
    const dot = this.dots.get(id) ?? { id, at, label, kind, matches: [] };
    if (kind === "matched") dot.matches.push(note);
    this.dots.set(id, dot);
  }

  lane(id: string, several: boolean): Lane {
    const count = plural(this.spans.length, "match");
    const dots = [...this.dots.values()].sort((a, b) => a.at - b.at);
    return { id, label: this.key, note: several ? `${this.pattern} · ${count}` : count, spans: this.spans, dots, ...pack(this.spans) };
  }
}

/** One lane for each pattern and key; those with matches first, then by their first event. */
export function lanesOf(report: Report): Lane[] {
  const makers = new Map<string, LaneMaker>();
  const at = ({ pattern, key }: Pick<Match, "pattern" | "key">) => {
    const id = `${pattern} ${JSON.stringify(key)}`;
    const maker = makers.get(id) ?? new LaneMaker(pattern, keyText(key));
    makers.set(id, maker);
    return maker;
  };
  for (const match of report.matches ?? []) {
    const [from, to, decided] = [match.started_at, match.ended_at, match.detected_at].map(Date.parse) as [number, number, number];
    at(match).spans.push({ id: match.match_id, from, to, decided });
    for (const event of match.events) at(match).add(event, "matched", match.match_id);
  }
  for (const partial of report.ended ?? []) for (const event of partial.events) at(partial).add(event, "ended", partial.reason ?? "ended");
  for (const partial of report.waiting ?? []) for (const event of partial.events) at(partial).add(event, "open", "still open");
  const several = new Set([...makers.values()].map((maker) => maker.pattern)).size > 1;
  const lanes = [...makers].map(([id, maker]) => maker.lane(id, several));
  const first = (lane: Lane) => lane.dots[0]?.at ?? lane.spans[0]?.from ?? Infinity;
  return lanes.sort((a, b) => b.spans.length - a.spans.length || first(a) - first(b));
}

/** From the first to the last thing drawn, with a little room. */
export function windowOf(lanes: Lane[]): Window {
  const times = lanes.flatMap((lane) => [...lane.dots.map((d) => d.at), ...lane.spans.flatMap((s) => [s.from, s.to])]);
  const from = times.reduce((a, b) => Math.min(a, b), Infinity);
  const to = times.reduce((a, b) => Math.max(a, b), -Infinity);
  const room = Math.max((to - from) * 0.03, 500);
  return times.length > 0 ? { from: from - room, to: to + room } : { from: 0, to: 1 };
}

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000] as const;
const steps = [
  1, 10, 100, second, 5 * second, 15 * second, minute, 5 * minute, 15 * minute, hour, 3 * hour, 6 * hour, 12 * hour,
  day, 2 * day, 7 * day, 30 * day, 365 * day,
];

/** Round instants of the window with their text: days, minutes or parts of a second. */
export function ticks(view: Window, count: number): [number, string][] {
  const step = steps.find((s) => s >= (view.to - view.from) / count) ?? 365 * day;
  const [from, to] = step >= day ? [0, 10] : step >= minute ? [5, 16] : [11, step >= second ? 19 : 23];
  const marks: [number, string][] = [];
  for (let ms = Math.ceil(view.from / step) * step; ms <= view.to; ms += step) {
    marks.push([ms, new Date(ms).toISOString().slice(from, to).replace("T", " ")]);
  }
  return marks;
}
