/** Light or dark, as the reader prefers it: kept by the server, and here so that no page flashes. */

import { useSyncExternalStore } from "react";
import { change, paths, read } from "./api";
import { embedded } from "./bridge";

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const key = "lakestream-theme";
const listeners = new Set<() => void>();
let chosen: Theme = "system";

/** A page without an origin has no storage. */
function stored(value?: Theme): string | null {
  try {
    if (value) localStorage.setItem(key, value);
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function show(theme: Theme): void {
  chosen = theme;
  document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

function choose(theme: Theme): void {
  show(theme);
  stored(theme);
  // Who may not keep preferences has the choice on this browser alone.
  change(paths.preferences, { theme }).catch(() => undefined);
}

/** Show what was chosen last on this browser, then what the server knows of the caller. */
export async function honourTheme(): Promise<void> {
  show(themes.find((theme) => theme === stored()) ?? "system");
  const before = chosen;
  const { theme } = await read<{ theme?: Theme }>(paths.preferences).catch(() => ({ theme: undefined }));
  if (!theme || chosen !== before) return;
  show(theme);
  stored(theme);
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useTheme = (): Theme => useSyncExternalStore(subscribe, () => chosen);

/** A page inside a client can keep nothing, so it offers no choice. */
export function ThemeChoice() {
  const theme = useTheme();
  if (embedded) return null;
  return (
    <select className="theme" aria-label="Theme" value={theme} onChange={(event) => choose(event.target.value as Theme)}>
      {themes.map((name) => <option key={name}>{name}</option>)}
    </select>
  );
}
