/** Live updates by Server-Sent Events, or by polling if those are refused.
 *
 * A browser opens at most six connections per server. One visible tab holds the connection and relays events to the
 * others. A hidden tab releases it; a tab opened in the background waits until it is shown. */

import type { Image } from "./records";

const NAME = "gallery-events";
const POLL_MS = 2500;
/** How long to wait for the listening tab to answer, before catching up from the server. */
const ANSWER_MS = 1500;

export interface LiveHandlers {
  image(image: Image): unknown;
  deleted(id: string): unknown;
  /** Events may have been missed: reload the state; returns the id of the event to resume from. */
  missed(): Promise<string | null>;
}

type Message = { kind: "image" | "deleted" | "reset"; data: string; id: string; after: string | null } | { kind: "here"; id: string } | { kind: "who" };

export class Live {
  #source: EventSource | null = null;
  #since: string | null;
  #pollTimer = 0;
  #tries = 0;
  /** Releases the lock, or stops waiting for it; null while this tab does neither. */
  #lockRequest: AbortController | null = null;
  #answerTimer = 0;
  #gap = false;
  readonly #channel = new BroadcastChannel(NAME);

  constructor(readonly handlers: LiveHandlers, since: string | null) {
    this.#since = since;
    this.#channel.addEventListener("message", (event: MessageEvent<Message>) => this.#handle(event.data));
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#release() : this.#waitForLock()));
    addEventListener("pagehide", () => this.#release());
    addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      this.#gap = true;
      this.#waitForLock();
    });
    addEventListener("online", () => this.#lockRequest && (this.#source || !navigator.locks) && this.#open());
  }

  start(): void {
    if (!document.hidden) this.#waitForLock();
  }

  /** Waits until this tab may hold the connection. */
  #waitForLock(): void {
    if (this.#lockRequest) return;
    const request = (this.#lockRequest = new AbortController());
    if (this.#gap) void this.#catchUp();
    if (!navigator.locks) {
      this.#connect();
      return;
    }
    // The lock is held until this tab is hidden or closed.
    const listen = (): Promise<void> => {
      clearTimeout(this.#answerTimer);
      if (request.signal.aborted) return Promise.resolve();
      this.#connect();
      return new Promise((resolve) => request.signal.addEventListener("abort", () => resolve()));
    };
    navigator.locks.request(NAME, { signal: request.signal }, listen).catch(() => undefined);
    this.#channel.postMessage({ kind: "who" } satisfies Message);
    this.#answerTimer = window.setTimeout(() => void this.#catchUp(), ANSWER_MS);
  }

  #release(): void {
    this.#lockRequest?.abort();
    this.#lockRequest = null;
    clearTimeout(this.#answerTimer);
    this.#close();
  }

  #connect(): void {
    if (this.#since) this.#open();
    else this.#poll();
  }

  /** Handles a message from another tab. */
  #handle(message: Message): void {
    if (message.kind === "who") {
      if (this.#source?.readyState === EventSource.OPEN && this.#since) this.#channel.postMessage({ kind: "here", id: this.#since } satisfies Message);
    } else if (message.kind === "here") {
      if (!this.#lockRequest) return;
      clearTimeout(this.#answerTimer);
      if (isLater(message.id, this.#since)) void this.#catchUp();
    } else if (!this.#source) {
      clearTimeout(this.#answerTimer);
      // The other tab started from a later event than our last one.
      if (message.after && isLater(message.after, this.#since)) this.#gap = true;
      this.#apply(message.kind, message.data, message.id);
      if (this.#gap && this.#lockRequest) void this.#catchUp();
    }
  }

  async #catchUp(): Promise<void> {
    this.#gap = false;
    try {
      const since = await this.handlers.missed();
      if (since && isLater(since, this.#since)) this.#since = since;
    } catch {
      this.#gap = true;
    }
  }

  #apply(kind: "image" | "deleted" | "reset", data: string, id: string): void {
    this.#since = id || this.#since;
    if (kind === "image") this.handlers.image(JSON.parse(data));
    else if (kind === "deleted") this.handlers.deleted(JSON.parse(data).id);
    else void this.handlers.missed().catch(() => undefined);
  }

  #open(): void {
    this.#close();
    const source = new EventSource(`/api/events${this.#since ? `?since=${this.#since}` : ""}`);
    this.#source = source;
    source.addEventListener("open", () => {
      this.#tries = 0;
      clearTimeout(this.#pollTimer);
      if (this.#since) this.#channel.postMessage({ kind: "here", id: this.#since } satisfies Message);
    });
    for (const kind of ["image", "deleted", "reset"] as const) {
      source.addEventListener(kind, ({ data, lastEventId: id }: MessageEvent<string>) => {
        this.#channel.postMessage({ kind, data, id, after: this.#since } satisfies Message);
        this.#apply(kind, data, id);
      });
    }
    source.addEventListener("error", () => {
      // A browser reconnects by itself after a lost connection, but not after an error response.
      if (source.readyState === EventSource.CLOSED) this.#poll();
    });
  }

  #close(): void {
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#pollTimer);
  }

  /** Polls for changes, and tries to get events again after each poll. */
  #poll(): void {
    this.#close();
    const wait = this.#tries === 0 ? 300 : POLL_MS;
    this.#pollTimer = window.setTimeout(async () => {
      this.#tries += 1;
      try {
        this.#channel.postMessage({ kind: "reset", data: "{}", id: "", after: null } satisfies Message);
        const since = await this.handlers.missed();
        if (since && this.#lockRequest) {
          this.#since = since;
          this.#open();
          return;
        }
      } catch {
        // The next poll may succeed.
      }
      if (this.#lockRequest) this.#poll();
    }, wait);
  }
}

/** Whether the event `one` is later than `other`. Ids are `<milliseconds>-<sequence number>`, as in a Redis stream. */
function isLater(one: string, other: string | null): boolean {
  if (!other) return true;
  const [ms = 0, n = 0] = one.split("-").map(Number);
  const [otherMs = 0, otherN = 0] = other.split("-").map(Number);
  return ms > otherMs || (ms === otherMs && n > otherN);
}
