/** Values as text: the same everywhere, independent of the reader's locale. */

import type { Json, Row } from "./api";

/** `2018-01-31 02:00:31.8` of an ISO instant, in UTC. */
export function instant(iso: string | undefined): string {
  if (!iso) return "";
  const ms = Date.parse(iso);
  if (Number.isNaN(ms)) return iso;
  return new Date(ms).toISOString().replace("T", " ").replace(/(\.000|(\.\d*?)0+)Z$/, "$2").replace("Z", "");
}

/** `just now`, `5 min ago`, or the day. */
export function ago(iso: string, now: number): string {
  const seconds = (now - Date.parse(iso)) / 1000;
  if (Number.isNaN(seconds)) return iso;
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  return instant(iso).slice(0, 10);
}

/** A span of milliseconds in its two largest units: `2 h 5 min`. */
export function span(ms: number): string {
  const units: [string, number][] = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1000],
    ["ms", 1],
  ];
  const parts: string[] = [];
  let rest = Math.round(Math.abs(ms));
  for (const [name, size] of units) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count} ${name}`);
    rest -= count * size;
    if (parts.length === 2) break;
  }
  return parts.join(" ") || "0 s";
}

export function plural(count: number, word: string): string {
  const ending = count === 1 ? "" : /(ch|s)$/.test(word) ? "es" : "s";
  return `${count.toLocaleString("en")} ${word}${ending}`;
}

export function short(value: Json | undefined): string {
  if (value === undefined || value === null) return "null";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The values of a key: `us`, or `us · 7` for a key of two columns. */
export function keyText(key: Row | undefined): string {
  const values = Object.values(key ?? {}).map(short);
  return values.length > 0 ? values.join(" · ") : "all events";
}
