/** News of the gallery: Server-Sent Events, or asking now and then where they are not to be had. */

import type { Image } from "./records";

const ASK_MS = 2500;
const HIDDEN_MS = 60_000;

export interface News {
  image(image: Image): void;
  deleted(id: string): void;
  /** Something may have been missed: ask again; the answer is the event to listen from. */
  missed(): Promise<string | null>;
}

export class Live {
  #source: EventSource | null = null;
  #since: string | null;
  #asking = 0;
  #hidden = 0;
  #tries = 0;

  constructor(readonly news: News, since: string | null) {
    this.#since = since;
    document.addEventListener("visibilitychange", () => this.#seen());
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", (event) => event.persisted && this.#open());
    addEventListener("online", () => this.#open());
  }

  start(): void {
    if (this.#since) this.#open();
    else this.#ask();
  }

  #open(): void {
    this.#close();
    const source = new EventSource(`/api/events${this.#since ? `?since=${this.#since}` : ""}`);
    this.#source = source;
    source.addEventListener("open", () => {
      this.#tries = 0;
      clearTimeout(this.#asking);
    });
    source.addEventListener("image", (event) => {
      this.#since = event.lastEventId || this.#since;
      this.news.image(JSON.parse(event.data));
    });
    source.addEventListener("deleted", (event) => {
      this.#since = event.lastEventId || this.#since;
      this.news.deleted(JSON.parse(event.data).id);
    });
    source.addEventListener("reset", (event) => {
      this.#since = event.lastEventId || this.#since;
      void this.news.missed().catch(() => undefined);
    });
    source.addEventListener("error", () => {
      // where the connection broke the browser tries again by itself; where it was refused it does not
      if (source.readyState === EventSource.CLOSED) this.#ask();
    });
  }

  #close(): void {
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#asking);
  }

  /** Asks for the newest images, and tries for events again now and then. */
  #ask(): void {
    this.#close();
    const wait = this.#tries === 0 ? 300 : ASK_MS;
    this.#asking = window.setTimeout(async () => {
      this.#tries += 1;
      try {
        const since = await this.news.missed();
        if (since) {
          this.#since = since;
          this.#open();
          return;
        }
      } catch {
        // the next one may be answered
      }
      this.#ask();
    }, wait);
  }

  /** A page that nobody sees holds no connection for long: browsers have few for each server. */
  #seen(): void {
    clearTimeout(this.#hidden);
    if (document.hidden) this.#hidden = window.setTimeout(() => this.#close(), HIDDEN_MS);
    else if (!this.#source) this.#open();
  }
}
