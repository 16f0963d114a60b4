/** Small line drawings; each stands beside a word, or its button has a label. */

import drawings from "./drawings.json";

const known: Record<string, string> = drawings;

export function Icon({ name, size = 16 }: { name: string; size?: number }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width={size} height={size} aria-hidden="true">
      <path d={known[name] ?? drawings.unknown} />
    </svg>
  );
}

/** The product's mark: two currents. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" width={26} height={26} aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M6 12c4-5 7 5 11 0s6-1 9 0M6 20c4-5 7 5 11 0s6-1 9 0" />
    </svg>
  );
}
