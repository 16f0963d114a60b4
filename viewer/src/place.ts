/** Everything that matters about the page is in its URL; this reads, writes and watches it. */

import { useSyncExternalStore } from "react";

export const panels = ["config", "code", "findings", "test", "history"] as const;
export type Panel = (typeof panels)[number] | "explain";

export interface Place {
  pipeline: string | null;
  revision: number | null;
  node: string | null;
  panel: Panel | null;
  run: string | null;
  match: string | null;
}

const nowhere: Place = {
  pipeline: null,
  revision: null,
  node: null,
  panel: null,
  run: null,
  match: null,
};

export function parsePlace(url: URL): Place {
  const found = /^\/p\/([^/@]+)(?:@(\d+))?\/?$/.exec(url.pathname);
  if (!found?.[1]) return nowhere;
  const panel = url.searchParams.get("panel");
  return {
    pipeline: decodeURIComponent(found[1]),
    revision: found[2] ? Number(found[2]) : null,
    node: url.searchParams.get("node"),
    panel: panel === "explain" || panels.some((p) => p === panel) ? (panel as Panel) : null,
    run: url.searchParams.get("run"),
    match: url.searchParams.get("match"),
  };
}

export function formatPlace(place: Place): string {
  if (place.pipeline === null) return "/";
  const at = place.revision === null ? "" : `@${place.revision}`;
  const query = new URLSearchParams();
  for (const key of ["node", "panel", "run", "match"] as const) {
    const value = place[key];
    if (value) query.set(key, value);
  }
  const search = query.toString();
  return `/p/${encodeURIComponent(place.pipeline)}${at}${search ? `?${search}` : ""}`;
}

const listeners = new Set<() => void>();
let current = parsePlace(new URL(location.href));

function arrive(): void {
  current = parsePlace(new URL(location.href));
  for (const listener of listeners) listener();
}
addEventListener("popstate", arrive);

/** Change parts of the URL. `replace` where the back button should not stop. */
export function go(change: Partial<Place>, replace = false): void {
  const next = formatPlace({ ...current, ...change });
  if (next === formatPlace(current)) return;
  history[replace ? "replaceState" : "pushState"](null, "", next);
  arrive();
}

export function usePlace(): Place {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
