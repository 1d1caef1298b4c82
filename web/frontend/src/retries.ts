/** Reports retried images that failed again. */

import type { Image } from "./records";
import type { Timeline } from "./timeline";
import { toast } from "./toast";
import { many } from "./words";

/** Failures are reported together: at once if no retried picture is left, else so long after the last one, but at most
 * so long after the first one. */
const TOGETHER_MS = 3000;
const LONGEST_MS = 10_000;

export class Retries {
  /** The `finished_at` of the failed attempt, by image id: an event with the same one is old news. */
  readonly #tried = new Map<string, string | null>();
  #again: Image[] = [];
  #reportBy = 0;
  #timer = 0;

  constructor(readonly timeline: Timeline) {}

  note(ids: readonly string[]): void {
    for (const id of ids) this.#tried.set(id, this.timeline.images.get(id)?.finished_at ?? null);
  }

  /** Call with each update of an image. */
  noteUpdate(image: Image): void {
    if (image.state === "pending" || !this.#tried.has(image.id) || this.#tried.get(image.id) === image.finished_at) return;
    this.#tried.delete(image.id);
    if (image.state === "failed") {
      if (!this.#again.length) this.#reportBy = performance.now() + LONGEST_MS;
      this.#again.push(image);
    } else if (!this.#again.length || this.#tried.size) return;
    const wait = this.#tried.size ? Math.min(TOGETHER_MS, this.#reportBy - performance.now()) : 0;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#report(), wait);
  }

  /** Call after updates may have been missed. Of an image that was not loaded when it was retried, only an update can
   * tell whether it failed again. */
  check(): void {
    for (const [id, finished] of [...this.#tried]) {
      const image = this.timeline.images.get(id);
      if (image && finished) this.noteUpdate(image);
    }
  }

  #report(): void {
    const [one] = this.#again;
    const several = `${many(this.#again.length, "picture")} failed again.`;
    toast(this.#again.length === 1 && one ? `${one.name} failed again: ${one.reason?.message ?? ""}` : several);
    this.#again = [];
  }
}
