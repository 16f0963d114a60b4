/** The page inside an MCP client (MCP Apps): reads go through the client, by JSON-RPC over messages. */

import { ApiError, type PipelineSummary, paths, type RunSummary } from "./api";
import { go, parsePlace } from "./place";

export const embedded = window.parent !== window;

type Answer = { structuredContent?: Record<string, unknown> & { error?: { code: string; message: string; hint?: string } } };
interface Message { jsonrpc?: string; id?: number; method?: string; params?: Answer; result?: Answer; error?: { message: string } }

const height = 560;
const pause = 2_000;
const waiting = new Map<number, { done: (answer: Answer) => void; failed: (error: Error) => void }>();
let last = 0;

const send = (message: object) => window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*");

function ask(method: string, params: object): Promise<Answer> {
  last += 1;
  const id = last;
  return new Promise((done, failed) => {
    waiting.set(id, { done, failed });
    send({ id, method, params });
  });
}

/** What the server's REST interface answers at a path, as the client's user. */
export async function readThroughClient<T>(path: string): Promise<T> {
  const answer = await ask("tools/call", { name: "read_canvas", arguments: { path } }).catch(() => {
    throw new ApiError("UNREACHABLE", "The client does not answer.");
  });
  const { error, ...content } = answer.structuredContent ?? {};
  if (error) throw new ApiError(error.code, error.message, error.hint);
  return content.answer as T;
}

/** The events of a pipeline, by asking now and then: clients push nothing from the server. */
export class AskedEvents extends EventTarget {
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readyState: number = EventSource.OPEN;
  private head = 0;
  private run: string | undefined;
  private status: string | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly id: string) {
    super();
    void this.look(true);
  }

  close(): void {
    this.readyState = EventSource.CLOSED;
    clearTimeout(this.timer);
  }

  private async look(first: boolean): Promise<void> {
    try {
      const { pipelines } = await readThroughClient<{ pipelines: PipelineSummary[] }>(paths.named(this.id));
      const { runs } = await readThroughClient<{ runs: RunSummary[] }>(paths.lastRun(this.id));
      const { revision, status } = pipelines.find((p) => p.id === this.id) ?? {};
      if (first) this.onopen?.();
      if (revision === undefined) this.tell("deleted", {});
      else if (revision !== this.head && !first) this.tell("revision", { revision });
      if (runs[0]?.run_id !== this.run && !first) this.tell("run", {});
      if (status !== this.status && !first) this.tell("deployment", {});
      this.status = status;
      this.head = revision ?? this.head;
      this.run = runs[0]?.run_id;
    } catch {
      this.onerror?.();
    }
    if (this.readyState !== EventSource.CLOSED) this.timer = setTimeout(() => void this.look(false), pause);
  }

  private tell(kind: string, data: object): void {
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data) }));
  }
}

/** What the agent just did decides what is shown. */
function onResult({ structuredContent }: Answer): void {
  const { pipeline_id, run_id, match } = (structuredContent ?? {}) as Record<string, unknown>;
  if (typeof pipeline_id !== "string") return;
  const run = typeof run_id === "string" ? run_id : null;
  const shown = (match as { match_id?: string } | undefined)?.match_id ?? null;
  go({ pipeline: pipeline_id, revision: null, run, match: shown, panel: shown ? "explain" : run ? "test" : null });
}

function onMessage({ source, data }: MessageEvent<Message>): void {
  if (source !== window.parent || data?.jsonrpc !== "2.0") return;
  const { id, method, params, result, error } = data;
  if (method) {
    if (method === "ui/notifications/tool-result") onResult(params ?? {});
    if (id !== undefined) send({ id, result: {} });
    return;
  }
  const asked = id === undefined ? undefined : waiting.get(id);
  if (!asked || id === undefined) return;
  waiting.delete(id);
  if (error) asked.failed(new Error(error.message));
  else asked.done(result ?? {});
}

/** A page without an address has no links of its own: they are places in it. */
function onClick(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest("a[href^='/']") : null;
  if (!link) return;
  event.preventDefault();
  go(parsePlace(new URL(link.getAttribute("href") ?? "/", "http://page")));
}

/** Introduce the page to the client. */
export async function join(): Promise<void> {
  addEventListener("message", onMessage);
  document.addEventListener("click", onClick, true);
  const appInfo = { name: "lakestream-canvas", version: "0.1.0" };
  await ask("ui/initialize", { protocolVersion: "2026-01-26", appInfo, appCapabilities: {} });
  send({ method: "ui/notifications/initialized", params: {} });
  send({ method: "ui/notifications/size-changed", params: { height } });
}
