/** Status line, and a banner while thumbnails wait. */

import * as api from "./api";
import { find, h, setText } from "./dom";
import { icon } from "./icons";
import { mayChange, start } from "./page";
import { toast } from "./toast";
import { count, duration, many, UNREACHABLE } from "./words";

const BUSY_MS = 2000;
const IDLE_MS = 20_000;
const SOON_MS = 250;

export class StatusLine {
  readonly #line = find("#state");
  readonly #banner = h("div", { class: "afloat", role: "status", "aria-live": "polite" });
  #timer = 0;
  #due = 0;
  #text = "";
  #failures = 0;
  #queueFailures = 0;

  constructor(readonly retried: () => void) {
    document.body.append(this.#banner);
    document.addEventListener("visibilitychange", () => document.hidden || this.soon());
  }

  /** Call when something has changed: requests the status in a moment. */
  soon(): void {
    const due = Date.now() + SOON_MS;
    if (this.#timer && this.#due <= due) return;
    this.#at(SOON_MS);
  }

  #at(ms: number): void {
    clearTimeout(this.#timer);
    this.#due = Date.now() + ms;
    this.#timer = window.setTimeout(() => void this.#ask(), ms);
  }

  async #ask(): Promise<void> {
    this.#timer = 0;
    if (document.hidden) return;
    try {
      const status = await api.status();
      this.#failures = 0;
      this.#queueFailures = status.queue ? 0 : this.#queueFailures + 1;
      this.#show(status);
      this.#next(status.pending || !status.queue ? BUSY_MS : IDLE_MS);
    } catch {
      // One alone may be a request that ended because the user leaves the page.
      this.#failures += 1;
      if (this.#failures > 1) this.#showBanner("warn", UNREACHABLE);
      this.#next(BUSY_MS);
    }
  }

  /** Schedules the next request, unless `soon` was called while the last one was under way. */
  #next(ms: number): void {
    if (!this.#timer) this.#at(ms);
  }

  #show(status: api.Status): void {
    const { queue, pending, without_grid: grids, failed } = status;
    // A single failure may just be a slow Redis; the banner stays as it is.
    if (this.#queueFailures > 1) this.#showBanner("wait", "The queue can’t be reached. Uploads are safe; their thumbnails are made when it is back.");
    else if (pending && queue?.workers === 0) this.#showBanner("wait", `No worker is running. ${many(pending, "thumbnail")} will be made when one is.`);
    else if (queue) this.#showBanner("wait", "");
    const waiting: string[] = [];
    const aside: string[] = [];
    if (pending) {
      const oldest = queue?.oldest_seconds;
      if (grids) waiting.push(`${count(grids)} waiting for a picture`);
      const views = pending - grids;
      if (views > 0) waiting.push(`${count(views)}${grids ? "" : " waiting"} for ${views === 1 ? "its" : "their"} large view`);
      if (grids && oldest && oldest >= 2) aside.push(`oldest ${duration(oldest)}`);
      if (queue?.workers) aside.push(many(queue.workers, "worker"));
    }
    const words = waiting.join(", ");
    const text = `${words}|${aside.join()}|${failed}`;
    if (text === this.#text) return;
    this.#text = text;
    const dot = pending ? h("span", { class: "dot", "aria-hidden": "true" }) : null;
    const rest = aside.length ? h("span", { class: "wide" }, ...aside.map((part) => ` · ${part}`)) : null;
    this.#line.replaceChildren(...[dot, words, rest].filter((part) => part !== null));
    if (!failed) return;
    const fault = many(failed, "picture") + " failed";
    if (words) this.#line.append(" · ");
    this.#line.append(start.query.state === "failed" ? h("span", { class: "fault" }, fault) : h("a", { class: "fault", href: "/?state=failed" }, fault));
    if (mayChange) this.#line.append(" · ", h("button", { type: "button", class: "link", onclick: () => void this.#retry() }, "Retry all"));
  }

  async #retry(): Promise<void> {
    this.retried();
    await api.retryFailed().catch((error: unknown) => {
      toast(error instanceof Error ? error.message : "They could not be retried.");
    });
    this.soon();
  }

  #showBanner(kind: "warn" | "wait", text: string): void {
    const existing = this.#banner.querySelector("p");
    if (!text) this.#banner.replaceChildren();
    else if (existing) setText(existing, text);
    else this.#banner.replaceChildren(h("div", { class: "banner" }, icon(kind), h("p", { class: "body" }, text)));
  }
}
