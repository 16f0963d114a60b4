/** Small line drawings; each stands beside a word, never alone. */

const drawings: Record<string, string> = {
  source: "M3 4.5c0-1.4 2.2-2.2 5-2.2s5 .8 5 2.2-2.2 2.2-5 2.2-5-.8-5-2.2Zm0 0v7c0 1.400 2.200 2.200 5 2.200s5-.8 5-2.200v-7M3 8c0 1.400 2.200 2.200 5 2.200S13 9.400 13 8",
  transform: "M2.500 3h11L9.600 8.200v4.300l-3.200 1.200V8.200Z",
  pattern: "M2 11.500 5.500 5l3 5 2.500-6.500L14 8",
  sink: "M8 2v7.500M4.800 6.500 8 9.700l3.200-3.200M2.500 10v3.500h11V10",
  unknown: "M5.500 6a2.500 2.500 0 1 1 3.600 2.200c-.8.400-1.100.9-1.100 1.800M8 12.600v.1",
  error: "M8 1.800a6.200 6.200 0 1 1 0 12.400A6.200 6.200 0 0 1 8 1.800Zm-2.200 4 4.400 4.400m0-4.400-4.400 4.400",
  warning: "M8 2.200 14.300 13.300H1.700ZM8 6.300v3.400m0 1.800v.1",
  info: "M8 1.800a6.200 6.200 0 1 1 0 12.400A6.200 6.200 0 0 1 8 1.800ZM8 7.300v3.700m0-6v.1",
  unconfigured: "M8 1.800a6.200 6.200 0 1 1 0 12.400A6.200 6.200 0 0 1 8 1.800ZM5 8h6",
  missing_input: "M1.500 8H6M10 4.500v7M10 8h4.500M6 5.500v5",
  untested: "M8 1.800a6.200 6.200 0 1 1 0 12.400A6.200 6.200 0 0 1 8 1.800Z",
  stale: "M8 1.800a6.200 6.200 0 1 1 0 12.400A6.200 6.200 0 0 1 8 1.800ZM8 4.800V8l2.200 1.800",
  tested: "M8 1.800a6.200 6.200 0 1 1 0 12.400A6.200 6.200 0 0 1 8 1.800ZM5.200 8.200l2 2 3.600-4.200",
  deployed: "M4.500 12.500a3 3 0 0 1-.4-6A4 4 0 0 1 11.700 6a3.300 3.300 0 0 1 .3 6.500M8 13.500V8.600M6 10.400l2-2 2 2",
  close: "m4 4 8 8m0-8-8 8",
  copy: "M6 6h7.500v7.500H6ZM3.500 10H2.500V2.500H10v1",
  search: "M7 2.500a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9Zm3.300 7.800 3.500 3.500",
  previous: "M10 3.500 5.500 8l4.500 4.500",
  next: "m6 3.500 4.500 4.500L6 12.500",
  fit: "M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10",
  list: "M5.500 4h8M5.500 8h8M5.500 12h8M2.500 4h.1M2.500 8h.1M2.500 12h.1",
};

export function Icon({ name, size = 16 }: { name: string; size?: number }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width={size} height={size} aria-hidden="true">
      <path d={drawings[name] ?? drawings.unknown} />
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
