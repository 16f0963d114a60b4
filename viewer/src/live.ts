/** One pipeline as it is now, or at a revision: read from the server and kept up to date. */

import { ApiError, type PipelineView, paths, read, type Running } from "./api";
import { AskedEvents, embedded } from "./bridge";
import { type Changes, compare, merge, noChanges, remaining, reuse } from "./changes";

export interface LiveState {
  view: PipelineView | null;
  /** The revision before the one shown, when it is known. */
  before: PipelineView | null;
  lit: Changes;
  /** True for a while after the agent changed something. */
  fresh: boolean;
  /** Revisions that passed unseen before the one shown. */
  missed: number;
  head: number;
  connection: "connecting" | "live" | "lost" | "deleted";
  error: ApiError | null;
  /** Counts finished runs, so that panels read them again. */
  runs: number;
  /** Null where it was never started on the server's machine. */
  running: Running | null;
}

const shownFor = 9_000;
const pause = 250;
const nothing: LiveState = {
  view: null, before: null, lit: noChanges, fresh: false, missed: 0, head: 0, connection: "connecting", error: null, runs: 0, running: null,
};

export class LivePipeline {
  state = nothing;
  private listeners = new Set<() => void>();
  private source: EventSource | AskedEvents | null = null;
  private wanted: number | null = null;
  private loading = false;
  private again = false;
  private moved = false;
  private startedAt = 0;
  private fading: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;

  /** `onFollow` is called when a page opened at the newest revision goes on to a newer one. */
  constructor(private readonly id: string, private readonly onFollow: (revision: number) => void) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = (): LiveState => this.state;

  private set(change: Partial<LiveState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }

  start(revision: number | null): void {
    this.wanted = revision;
    this.connect();
    this.request();
  }

  stop(): void {
    this.source?.close();
    clearTimeout(this.fading);
    clearTimeout(this.retry);
  }

  /** Show another revision: the newest one for null. */
  show(revision: number | null): void {
    this.wanted = revision;
    const shown = this.state.view?.pipeline.revision;
    if (shown === undefined || (revision ?? this.state.head) === shown) return;
    this.moved = true;
    this.request();
  }

  private get following(): boolean {
    return this.wanted === null || this.wanted >= this.state.head;
  }

  /** The first read asks for the revision in the link; the answer tells if it is the newest. */
  private get asked(): number | null {
    return this.state.view && this.following ? null : this.wanted;
  }

  private connect(): void {
    const source = embedded ? new AskedEvents(this.id) : new EventSource(paths.events(this.id));
    this.source = source;
    source.onopen = () => {
      this.set({ connection: "live" });
      // What was made between the first read and the connection is not sent: read once more.
      this.request();
    };
    source.onerror = () => {
      if (this.state.connection === "deleted") return source.close();
      this.set({ connection: "lost" });
      if (source.readyState === EventSource.CLOSED) this.retry = setTimeout(() => this.connect(), 2_000);
    };
    source.addEventListener("revision", (event) => {
      const { revision } = JSON.parse((event as MessageEvent<string>).data) as { revision: number };
      if (this.following && this.wanted !== null) this.wanted = Math.max(this.wanted, revision);
      this.set({ head: Math.max(this.state.head, revision) });
      this.request();
    });
    source.addEventListener("run", () => {
      this.set({ runs: this.state.runs + 1 });
      this.request();
    });
    source.addEventListener("deployment", () => this.request());
    source.addEventListener("metrics", (event) => this.set({ running: JSON.parse((event as MessageEvent<string>).data) as Running }));
    source.addEventListener("deleted", () => {
      this.set({ connection: "deleted" });
      source.close();
    });
  }

  /** Read the view, at most four times a second; what comes meanwhile is read once, after. */
  private request(): void {
    this.again = this.loading;
    if (this.loading) return;
    this.loading = true;
    setTimeout(() => void this.load(), Math.max(0, this.startedAt + pause - performance.now()));
  }

  private async load(): Promise<void> {
    this.startedAt = performance.now();
    const asked = this.asked;
    try {
      const view = await read<PipelineView>(paths.view(this.id, asked));
      if (asked === this.asked) this.accept(view);
      else this.again = true;
    } catch (error) {
      const lost = error instanceof ApiError && error.code === "UNREACHABLE" && this.state.view;
      if (!lost) this.set({ error: error as ApiError });
    }
    this.loading = false;
    if (this.again) this.request();
  }

  private accept(view: PipelineView): void {
    const { revision, head_revision } = view.pipeline;
    const head = Math.max(this.state.head, head_revision);
    const shown = this.state.view;
    const known = { view: reuse(shown, view), head, error: null };
    const followed = shown && !this.moved && this.following && revision > shown.pipeline.revision;
    this.moved = false;
    if (shown?.pipeline.revision === revision) return this.set(known);
    if (followed) return this.advance(shown, known.view, head);
    clearTimeout(this.fading);
    this.set({ ...known, before: null, lit: noChanges, fresh: false, missed: 0 });
    void this.readBefore(revision, shown !== null || revision < head);
  }

  private advance(shown: PipelineView, view: PipelineView, head: number): void {
    const { revision } = view.pipeline;
    const missed = revision - shown.pipeline.revision - 1;
    const lit = merge(remaining(this.state.lit, Date.now()), compare(shown, view, Date.now() + shownFor));
    this.set({ view, head, before: missed === 0 ? shown : null, lit, fresh: true, missed, error: null });
    this.fade();
    if (missed > 0) void this.readBefore(revision, false);
    if (this.wanted === null) return;
    this.wanted = revision;
    this.onFollow(revision);
  }

  private fade(): void {
    clearTimeout(this.fading);
    this.fading = setTimeout(() => {
      const lit = remaining(this.state.lit, Date.now());
      this.set({ lit, fresh: lit !== noChanges });
      if (lit !== noChanges) this.fade();
    }, 1_000);
  }

  /** The revision before, for the marks of a revision that was looked up and the changed keys. */
  private async readBefore(revision: number, mark: boolean): Promise<void> {
    if (revision < 2) return;
    const before = await read<PipelineView>(paths.view(this.id, revision - 1)).catch(() => null);
    const view = this.state.view;
    // Without it nothing is marked, and all else is shown.
    if (!before || view?.pipeline.revision !== revision) return;
    const until = this.following ? Date.now() + shownFor : Infinity;
    this.set({ before, ...(mark ? { lit: compare(before, view, until) } : {}) });
    if (this.following) this.fade();
  }
}
