/** The JSON the server gives, and how it is read. Field names are the server's. */

export type Severity = "error" | "warning" | "info";
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Row = Record<string, Json>;

export interface Finding {
  code: string;
  severity: Severity;
  message: string;
  node?: string;
  field?: string;
  got?: Json;
  expected?: Json;
  hint?: string;
  fix?: Json;
}

export interface Status {
  state: string;
  label: string;
  detail?: string;
}

export interface PipelineNode {
  id: string;
  type: string;
  name: string;
  category: string;
  title: string;
  sentence?: string;
  status: Status;
  config: Row;
  defaults?: Row;
  schema_ref?: string;
  position?: { x: number; y: number };
  columns?: { name: string; type: string }[];
  event_time?: string;
  findings: Finding[];
}

export interface PipelineEdge {
  id: string;
  source: string;
  target: string;
  source_port: string;
  target_port: string;
}

export interface Revision {
  revision: number;
  actor: string;
  operation: string;
  reason?: string;
  changed: { added: string[]; updated: string[]; removed: string[] };
  at: string;
}

export interface RunSummary {
  run_id: string;
  revision: number;
  node?: string;
  kind: string;
  result: string;
  events?: number;
  matches?: number;
  at: string;
}

export interface PipelineView {
  pipeline: {
    id: string;
    name: string;
    revision: number;
    head_revision: number;
    status: string;
    description?: string;
    tags?: string[];
  };
  nodes: PipelineNode[];
  edges: PipelineEdge[];
  findings: Finding[];
  history: Revision[];
  last_run?: RunSummary | null;
}

export interface PipelineSummary {
  id: string;
  name: string;
  revision: number;
  status: string;
  description?: string;
  tags?: string[];
  nodes: number;
  updated_at: string;
}

export interface GeneratedCode {
  revision: number;
  files: Record<string, string>;
  hashes?: Record<string, string>;
  line_map?: Record<string, Record<string, [number, number][]>>;
}

export interface RunEvent {
  step?: string;
  at?: string;
  row?: Row;
  event?: number;
}

export interface Match {
  match_id: string;
  pattern: string;
  key: Row;
  started_at: string;
  ended_at: string;
  detected_at: string;
  events: RunEvent[];
  measures?: Row;
}

/** What ended without a match (`reason`, `at`), or is still open at the end of the run (`deadline`). */
export interface PartialMatch {
  pattern: string;
  key: Row;
  reason?: string;
  at?: string;
  deadline?: string;
  events: RunEvent[];
}

export interface Report {
  counts?: Record<string, number>;
  matches?: Match[];
  late?: Json[];
  skipped?: Json[];
  waiting?: PartialMatch[];
  warnings?: Json[];
  ended?: PartialMatch[];
  /** By pattern. */
  watermark?: Record<string, string>;
}

export interface Run extends RunSummary {
  pipeline_id: string;
  report: Report;
}

/** What the server answers when it refuses; `message` is its own sentence. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

export async function read<T>(path: string): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { headers: { accept: "application/json" } });
  } catch {
    throw new ApiError("UNREACHABLE", "The server does not answer.", "Is `lakestream serve` running?");
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body as T;
  const error = body?.error ?? {};
  throw new ApiError(
    error.code ?? `HTTP_${response.status}`,
    error.message ?? `The server answered with status ${response.status}.`,
    error.hint,
  );
}

const part = encodeURIComponent;

export const paths = {
  pipelines: () => "/api/pipelines",
  view: (id: string, revision: number | null) =>
    `/api/pipelines/${part(id)}/view${revision === null ? "" : `?revision=${revision}`}`,
  events: (id: string) => `/api/pipelines/${part(id)}/events`,
  code: (id: string, revision: number) => `/api/pipelines/${part(id)}/code?revision=${revision}`,
  runs: (id: string) => `/api/runs?pipeline_id=${part(id)}`,
  run: (run: string) => `/api/runs/${part(run)}`,
  explanation: (run: string, match: string) =>
    `/api/runs/${part(run)}/explanation?match_id=${part(match)}`,
  nodeType: (type: string) => `/api/node-types/${part(type)}`,
};
