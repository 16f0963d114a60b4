/** From a run's report to what the timeline draws: lanes, spans, dots, rows and ticks. */

import type { Match, Report, RunEvent } from "../api";
import { keyText, plural } from "../format";

export interface Dot {
  id: string;
  at: number;
  label: string;
  kind: "matched" | "ended" | "open";
  matches: string[];
}

export interface Span {
  id: string;
  from: number;
  to: number;
  decided: number;
  text: { from: string; to: string };
}

export interface Lane {
  id: string;
  label: string;
  note: string;
  matches: Span[];
  dots: Dot[];
}

export interface Window {
  from: number;
  to: number;
}

class LaneMaker {
  readonly dots = new Map<string, Dot>();
  readonly matches: Span[] = [];

  /** `note` is the match's id, or how the partial match ended. */
  add(event: RunEvent, kind: Dot["kind"], note = ""): void {
    const at = Date.parse(event.at ?? "");
    if (Number.isNaN(at)) return;
    const id = event.event === undefined ? `${event.at}:${event.step ?? ""}` : String(event.event);
    const step = event.step ?? "event";
    const dot = this.dots.get(id) ?? { id, at, label: kind === "matched" ? step : `${step}, ${note}`, kind, matches: [] };
    if (kind === "matched") dot.matches.push(note);
    this.dots.set(id, dot);
  }
}

function spanOf(match: Match): Span {
  return {
    id: match.match_id,
    from: Date.parse(match.started_at),
    to: Date.parse(match.ended_at),
    decided: Date.parse(match.detected_at),
    text: { from: match.started_at, to: match.ended_at },
  };
}

/** One lane for each pattern and key; those with matches first, then by their first event. */
export function lanesOf(report: Report): Lane[] {
  const makers = new Map<string, LaneMaker>();
  const facts = new Map<string, { pattern: string; label: string }>();
  const at = (of: { pattern: string; key: Match["key"] }) => {
    const id = `${of.pattern}|${JSON.stringify(of.key)}`;
    const maker = makers.get(id) ?? new LaneMaker();
    makers.set(id, maker);
    facts.set(id, { pattern: of.pattern, label: keyText(of.key) });
    return maker;
  };
  for (const match of report.matches ?? []) {
    const maker = at(match);
    maker.matches.push(spanOf(match));
    for (const event of match.events) maker.add(event, "matched", match.match_id);
  }
  for (const partial of report.ended ?? []) {
    for (const event of partial.events) at(partial).add(event, "ended", partial.reason);
  }
  for (const partial of report.waiting ?? []) {
    for (const event of partial.events) at(partial).add(event, "open", "still open");
  }
  const several = new Set([...facts.values()].map((f) => f.pattern)).size > 1;
  const lanes = [...makers].map(([id, maker]): Lane => {
    const { label, pattern } = facts.get(id) ?? { label: id, pattern: "" };
    const count = maker.matches.length > 0 ? plural(maker.matches.length, "match") : "no match";
    const dots = [...maker.dots.values()].sort((a, b) => a.at - b.at);
    return { id, label, note: several ? `${pattern} · ${count}` : count, matches: maker.matches, dots };
  });
  const first = (lane: Lane) => lane.dots[0]?.at ?? lane.matches[0]?.from ?? Infinity;
  return lanes.sort((a, b) => b.matches.length - a.matches.length || first(a) - first(b));
}

/** From the first to the last thing drawn, with a little room. */
export function windowOf(lanes: Lane[]): Window {
  let [from, to] = [Infinity, -Infinity];
  for (const lane of lanes) {
    for (const { at } of lane.dots) [from, to] = [Math.min(from, at), Math.max(to, at)];
    for (const m of lane.matches) [from, to] = [Math.min(from, m.from), Math.max(to, m.to)];
  }
  if (from > to) return { from: 0, to: 1 };
  const room = Math.max((to - from) * 0.03, 500);
  return { from: from - room, to: to + room };
}

const rowsMax = 5;

/** Spans into rows so that none overlaps; what does not fit shares the last row. */
export function pack(matches: Span[]): { rows: number; row: Map<string, number> } {
  const ends: number[] = [];
  const row = new Map<string, number>();
  for (const match of [...matches].sort((a, b) => a.from - b.from)) {
    let free = ends.findIndex((end) => end < match.from);
    if (free < 0) free = Math.min(ends.length, rowsMax - 1);
    ends[free] = Math.max(ends[free] ?? 0, match.to);
    row.set(match.id, free);
  }
  return { rows: Math.max(ends.length, 0), row };
}

const steps = [
  1, 10, 100, 1000, 5000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
  172_800_000, 604_800_000, 2_592_000_000, 31_536_000_000,
];

/** Round instants of the window with their text: days, minutes or parts of a second. */
export function ticks(view: Window, count: number): [number, string][] {
  const wanted = (view.to - view.from) / count;
  const step = steps.find((s) => s >= wanted) ?? steps[steps.length - 1] ?? 1;
  const marks: [number, string][] = [];
  for (let ms = Math.ceil(view.from / step) * step; ms <= view.to; ms += step) {
    const iso = new Date(ms).toISOString();
    const text = step >= 86_400_000 ? iso.slice(0, 10) : step >= 60_000 ? iso.slice(5, 16).replace("T", " ") : iso.slice(11, step >= 1000 ? 19 : 23);
    marks.push([ms, text]);
  }
  return marks;
}
