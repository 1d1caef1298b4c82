/** Reports retried images that failed again. */

import type { Image } from "./records";
import type { Timeline } from "./timeline";
import { toast } from "./toast";
import { many } from "./words";

const TOGETHER_MS = 800;
/** The same while others that were retried still wait. */
const WAITING_MS = 3000;

export class Retries {
  /** The `finished_at` of the failed attempt, by image id: an event with the same one is old news. */
  readonly #tried = new Map<string, string | null>();
  #again: Image[] = [];
  #timer = 0;

  constructor(readonly timeline: Timeline) {}

  note(ids: readonly string[]): void {
    for (const id of ids) this.#tried.set(id, this.timeline.images.get(id)?.finished_at ?? null);
  }

  /** Call with each update of an image. */
  noteUpdate(image: Image): void {
    if (image.state === "pending" || !this.#tried.has(image.id) || this.#tried.get(image.id) === image.finished_at) return;
    this.#tried.delete(image.id);
    if (image.state === "failed") this.#again.push(image);
    if (!this.#again.length) return;
    const waits = [...this.#tried.keys()].some((id) => this.timeline.images.get(id)?.state === "pending");
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#report(), waits ? WAITING_MS : this.#tried.size ? TOGETHER_MS : 0);
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
