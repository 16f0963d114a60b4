/** Values as text: the same everywhere, independent of the reader's locale. */

import type { Json, Row } from "./api";

/** `2018-01-31 02:00:31.8` of an instant, in UTC. */
export function instant(at: string | number | null | undefined): string {
  const ms = typeof at === "string" ? Date.parse(at) : at;
  if (ms === null || ms === undefined || Number.isNaN(ms)) return String(at ?? "");
  return new Date(ms).toISOString().replace("T", " ").replace(/\.?0*Z$/, "");
}

/** `just now`, `5 min ago`, or the day. */
export function ago(iso: string): string {
  const seconds = (Date.now() - Date.parse(iso)) / 1000;
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 86_400 ? `${Math.round(seconds / 3600)} h ago` : instant(iso).slice(0, 10);
}

const units: [string, number][] = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1000], ["ms", 1]];

/** A span of milliseconds in its two largest units: `2 h 5 min`. */
export function span(ms: number): string {
  let rest = Math.round(Math.abs(ms));
  const counts = units.map(([name, size]): [number, string] => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return [count, name];
  });
  const parts = counts.filter(([count]) => count > 0).map(([count, name]) => `${count} ${name}`);
  return parts.slice(0, 2).join(" ") || "0 s";
}

/** A number short enough for a badge: `7`, `1.2 k`, `34 M`. */
export const count = (value: number): string =>
  value.toLocaleString("en", { notation: "compact", maximumFractionDigits: 1 });

export function plural(count: number, word: string): string {
  const ending = count === 1 ? "" : /(ch|s)$/.test(word) ? "es" : "s";
  return `${count.toLocaleString("en")} ${word}${ending}`;
}

export function short(value: Json | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

/** The values of a key: `us`, or `us · 7` for a key of two columns. */
export const keyText = (key: Row): string => Object.values(key).map(short).join(" · ") || "all events";
