/** The JSON the server gives, and how it is read. Field names are the server's. */

import { embedded, readThroughClient } from "./bridge";

export type Severity = "error" | "warning" | "info";
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Row = Record<string, Json>;

export interface Finding {
  code: string; severity: Severity; message: string; node?: string; field?: string;
  got?: Json; expected?: Json; hint?: string; fix?: Json;
}
export interface PipelineNode {
  id: string; type: string; name: string; category: string; title: string; sentence?: string;
  status: { state: string; label: string; detail?: string };
  config: Row; defaults?: Row; schema_ref?: string; position?: { x: number; y: number };
  columns?: { name: string; type: string }[]; event_time?: string; findings: Finding[];
}
export interface PipelineEdge { id: string; source: string; target: string; source_port: string; target_port: string }
export interface Revision {
  revision: number; actor: string; operation: string; reason?: string; at: string;
  changed: { added: string[]; updated: string[]; removed: string[] };
}
export interface RunSummary { run_id: string; revision: number; result: string; events?: number; matches?: number; at: string }
/** The latest deployment, while it is carried out and after. */
export interface Deployment { deployment: string; action: string; status: string; target: string; revision: number; actor: string; at: string; steps: number }
export interface PipelineView {
  pipeline: { id: string; name: string; revision: number; head_revision: number; status: string; description?: string };
  nodes: PipelineNode[]; edges: PipelineEdge[]; findings: Finding[]; history: Revision[]; last_run?: RunSummary | null; deployment?: Deployment;
}
export interface PipelineSummary {
  id: string; name: string; revision: number; status: string; description?: string; tags?: string[];
  nodes: number; updated_at: string;
}
/** Lines by file and node: first and last, from 1. */
export type LineMap = Record<string, Record<string, [number, number][]>>;
export interface GeneratedCode { revision: number; files: Record<string, string>; line_map: LineMap }

export interface RunEvent { step?: string; at?: string; row?: Row; event?: number }
export interface Match {
  match_id: string; pattern: string; key: Row; started_at: string; ended_at: string; detected_at: string;
  events: RunEvent[]; measures?: Row;
}
/** What ended without a match (`reason`), or is still open at the end of the run (`deadline`). */
export interface PartialMatch { pattern: string; key: Row; reason?: string; deadline?: string; events: RunEvent[] }
export interface Report {
  counts?: Record<string, number>; matches?: Match[]; waiting?: PartialMatch[]; ended?: PartialMatch[];
  warnings?: Json[]; watermark?: Record<string, string | null>;
}
export interface Run extends RunSummary { pipeline_id: string; report: Report }

/** How the pipeline runs on the server's machine; `metrics` events hold it. */
export interface NodeLoad { rows_per_s?: number; rows?: number; matches?: number; late_rows?: number; lag_ms?: number }
export interface QueryLoad { rows_per_s: number; duration_ms: number; watermark?: string; lag_ms?: number; state_rows: number; total_rows: number }
export interface Running {
  phase: string; said?: string; revision?: number; restarts?: number; next_at?: string; rehearsal?: boolean;
  queries: Record<string, QueryLoad>; nodes: Record<string, NodeLoad>;
}

/** What the server answers when it refuses; `message` is its own sentence. */
export class ApiError extends Error {
  constructor(readonly code: string, message: string, readonly hint?: string) {
    super(message);
  }
}

export async function read<T>(path: string): Promise<T> {
  return embedded ? readThroughClient<T>(path) : ask<T>(path);
}

/** Change something; a page inside a client has no way to. */
export const change = <T>(path: string, fields: Row): Promise<T> =>
  ask<T>(path, { method: "PATCH", body: JSON.stringify(fields) });

async function ask<T>(path: string, options: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    const sent = options.body ? { "content-type": "application/json" } : {};
    response = await fetch(path, { ...options, headers: { accept: "application/json", ...sent } });
  } catch {
    throw new ApiError("UNREACHABLE", "The server does not answer.", "Is `lakestream serve` running?");
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body as T;
  const { code, message, hint } = body?.error ?? {};
  const status = response.status;
  throw new ApiError(code ?? `HTTP_${status}`, message ?? `The server answered with status ${status}.`, hint);
}

const part = encodeURIComponent;
const pipeline = (id: string) => `/api/pipelines/${part(id)}`;
const run = (id: string) => `/api/runs/${part(id)}`;

export const paths = {
  pipelines: "/api/pipelines",
  preferences: "/api/preferences",
  named: (id: string) => `/api/pipelines?text=${part(id)}`,
  view: (id: string, revision: number | null) => `${pipeline(id)}/view${revision === null ? "" : `?revision=${revision}`}`,
  events: (id: string) => `${pipeline(id)}/events`,
  code: (id: string, revision: number) => `${pipeline(id)}/code?revision=${revision}`,
  runs: (id: string) => `/api/runs?pipeline_id=${part(id)}`,
  lastRun: (id: string) => `/api/runs?pipeline_id=${part(id)}&limit=1`,
  run,
  explanation: (id: string, match: string) => `${run(id)}/explanation?match_id=${part(match)}`,
};
