/** Live updates by Server-Sent Events, or by polling if those are refused.
 *
 * A browser opens at most six connections per server. One visible tab holds the connection and relays events to the
 * others. A hidden tab releases it; a tab opened in the background waits until it is shown. */

import type { Image } from "./records";

const NAME = "gallery-events";
const ASK_MS = 2500;
/** How long to wait for the listening tab to answer, before catching up from the server. */
const QUIET_MS = 1500;

export interface News {
  image(image: Image): unknown;
  deleted(id: string): unknown;
  /** Events may have been missed: reload the state; returns the id of the event to resume from. */
  missed(): Promise<string | null>;
}

type Told = { kind: "image" | "deleted" | "reset"; data: string; id: string; after: string | null } | { kind: "here"; id: string } | { kind: "who" };

export class Live {
  #source: EventSource | null = null;
  #since: string | null;
  #asking = 0;
  #tries = 0;
  /** Releases the lock, or stops waiting for it; null while this tab does neither. */
  #leave: AbortController | null = null;
  #quiet = 0;
  #gap = false;
  readonly #channel = new BroadcastChannel(NAME);

  constructor(readonly news: News, since: string | null) {
    this.#since = since;
    this.#channel.addEventListener("message", (event: MessageEvent<Told>) => this.#hear(event.data));
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#away() : this.#waitForLock()));
    addEventListener("pagehide", () => this.#away());
    addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      this.#gap = true;
      this.#waitForLock();
    });
    addEventListener("online", () => this.#leave && (this.#source || !navigator.locks) && this.#open());
  }

  start(): void {
    if (!document.hidden) this.#waitForLock();
  }

  /** Waits until this tab may hold the connection. */
  #waitForLock(): void {
    if (this.#leave) return;
    const leave = (this.#leave = new AbortController());
    if (this.#gap) void this.#catchUp();
    if (!navigator.locks) {
      this.#begin();
      return;
    }
    // The lock is held until this tab is hidden or closed.
    const listen = (): Promise<void> => {
      clearTimeout(this.#quiet);
      if (leave.signal.aborted) return Promise.resolve();
      this.#begin();
      return new Promise((resolve) => leave.signal.addEventListener("abort", () => resolve()));
    };
    navigator.locks.request(NAME, { signal: leave.signal }, listen).catch(() => undefined);
    this.#channel.postMessage({ kind: "who" } satisfies Told);
    this.#quiet = window.setTimeout(() => void this.#catchUp(), QUIET_MS);
  }

  #away(): void {
    this.#leave?.abort();
    this.#leave = null;
    clearTimeout(this.#quiet);
    this.#close();
  }

  #begin(): void {
    if (this.#since) this.#open();
    else this.#ask();
  }

  /** Handles a message from another tab. */
  #hear(told: Told): void {
    if (told.kind === "who") {
      if (this.#source?.readyState === EventSource.OPEN && this.#since) this.#channel.postMessage({ kind: "here", id: this.#since } satisfies Told);
    } else if (told.kind === "here") {
      if (!this.#leave) return;
      clearTimeout(this.#quiet);
      if (later(told.id, this.#since)) void this.#catchUp();
    } else if (!this.#source) {
      clearTimeout(this.#quiet);
      // The other tab started from a later event than our last one.
      if (told.after && later(told.after, this.#since)) this.#gap = true;
      this.#take(told.kind, told.data, told.id);
      if (this.#gap && this.#leave) void this.#catchUp();
    }
  }

  async #catchUp(): Promise<void> {
    this.#gap = false;
    try {
      const since = await this.news.missed();
      if (since && later(since, this.#since)) this.#since = since;
    } catch {
      this.#gap = true;
    }
  }

  #take(kind: "image" | "deleted" | "reset", data: string, id: string): void {
    this.#since = id || this.#since;
    if (kind === "image") this.news.image(JSON.parse(data));
    else if (kind === "deleted") this.news.deleted(JSON.parse(data).id);
    else void this.news.missed().catch(() => undefined);
  }

  #open(): void {
    this.#close();
    const source = new EventSource(`/api/events${this.#since ? `?since=${this.#since}` : ""}`);
    this.#source = source;
    source.addEventListener("open", () => {
      this.#tries = 0;
      clearTimeout(this.#asking);
      if (this.#since) this.#channel.postMessage({ kind: "here", id: this.#since } satisfies Told);
    });
    for (const kind of ["image", "deleted", "reset"] as const) {
      source.addEventListener(kind, ({ data, lastEventId: id }: MessageEvent<string>) => {
        this.#channel.postMessage({ kind, data, id, after: this.#since } satisfies Told);
        this.#take(kind, data, id);
      });
    }
    source.addEventListener("error", () => {
      // A browser reconnects by itself after a lost connection, but not after an error response.
      if (source.readyState === EventSource.CLOSED) this.#ask();
    });
  }

  #close(): void {
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#asking);
  }

  /** Polls for changes, and tries to get events again after each poll. */
  #ask(): void {
    this.#close();
    const wait = this.#tries === 0 ? 300 : ASK_MS;
    this.#asking = window.setTimeout(async () => {
      this.#tries += 1;
      try {
        this.#channel.postMessage({ kind: "reset", data: "{}", id: "", after: null } satisfies Told);
        const since = await this.news.missed();
        if (since && this.#leave) {
          this.#since = since;
          this.#open();
          return;
        }
      } catch {
        // The next poll may succeed.
      }
      if (this.#leave) this.#ask();
    }, wait);
  }
}

/** Whether the event `one` is later than `other`. Ids are `<milliseconds>-<sequence number>`, as in a Redis stream. */
function later(one: string, other: string | null): boolean {
  if (!other) return true;
  const [ms = 0, n = 0] = one.split("-").map(Number);
  const [otherMs = 0, otherN = 0] = other.split("-").map(Number);
  return ms > otherMs || (ms === otherMs && n > otherN);
}
