/** Everything that matters about the page is in its URL; this reads, writes and watches it. */

import { useSyncExternalStore } from "react";

export const panels = ["config", "code", "findings", "test", "history"] as const;
export type Panel = (typeof panels)[number] | "explain";

const parts = ["node", "panel", "run", "match"] as const;
export interface Place {
  pipeline: string | null; revision: number | null;
  node: string | null; panel: Panel | null; run: string | null; match: string | null;
}

export function parsePlace(url: URL): Place {
  const found = /^\/p\/([^/@]+)(?:@(\d+))?\/?$/.exec(url.pathname);
  const [node, panel, run, match] = parts.map((name) => url.searchParams.get(name)) as [string, string, string, string];
  const known = panel === "explain" || panels.some((p) => p === panel);
  return {
    pipeline: found?.[1] ? decodeURIComponent(found[1]) : null,
    revision: found?.[2] ? Number(found[2]) : null,
    node, panel: known ? (panel as Panel) : null, run, match,
  };
}

export function formatPlace(place: Place): string {
  if (place.pipeline === null) return "/";
  const query = new URLSearchParams();
  for (const name of parts) if (place[name]) query.set(name, place[name]);
  const at = place.revision === null ? "" : `@${place.revision}`;
  return `/p/${encodeURIComponent(place.pipeline)}${at}${query.size > 0 ? `?${query}` : ""}`;
}

const listeners = new Set<() => void>();
let current = parsePlace(new URL(location.href));

function arrive(): void {
  arriveAt(parsePlace(new URL(location.href)));
}

function arriveAt(place: Place): void {
  current = place;
  for (const listener of listeners) listener();
}
addEventListener("popstate", arrive);

/** Change parts of the URL. `replace` where the back button should not stop. */
export function go(change: Partial<Place>, replace = false): void {
  const next = formatPlace({ ...current, ...change });
  if (next === formatPlace(current)) return;
  const placed = { ...current, ...change };
  try {
    history[replace ? "replaceState" : "pushState"](null, "", next);
    arrive();
  } catch {
    // Inside a client the page has no address that can change.
    arriveAt(placed);
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const usePlace = (): Place => useSyncExternalStore(subscribe, () => current);
