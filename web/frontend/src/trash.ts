/** Deleting with a way back: nothing is asked of the server until the time for undoing is over. */

import * as api from "./api";
import type { Image } from "./records";
import type { Timeline } from "./timeline";
import { type Toast, toast } from "./toast";
import { many } from "./words";

const SECONDS = 6;
/** The most in one call, as the server has it. */
const MOST = 1000;

/** What was deleted at once, and is undone at once. */
interface Deleted {
  images: Image[];
  shown: Toast;
}

export interface TrashActions {
  changed(): void;
  removed(id: string): void;
  restored(images: readonly Image[]): void;
}

export class Trash {
  /** What can be undone, the last one last. */
  readonly #stack: Deleted[] = [];
  readonly #waiting = new Set<string>();

  constructor(
    readonly timeline: Timeline,
    readonly actions: TrashActions,
  ) {
    addEventListener("keydown", (event) => {
      const last = this.#stack.at(-1);
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key !== "z" || !last) return;
      event.preventDefault();
      last.shown.close();
      this.#undo(last);
    });
    addEventListener("pagehide", () => this.#flush());
  }

  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** Takes images off the page, and from the server unless that is undone. */
  put(ids: readonly string[]): void {
    const images: Image[] = [];
    for (const id of ids) {
      const image = this.timeline.remove(id, true);
      if (image) images.push(image);
    }
    if (!images.length) return;
    for (const { id } of images) this.#waiting.add(id);
    for (const { id } of images) this.actions.removed(id);
    this.actions.changed();
    const words = images.length === 1 ? `Deleted ${images[0]?.name}` : `Deleted ${many(images.length, "picture")}`;
    const undo = { label: "Undo", keys: "Control+Z", run: () => this.#undo(deleted) };
    const deleted: Deleted = { images, shown: toast(words, undo, SECONDS, () => void this.#delete(deleted)) };
    this.#stack.push(deleted);
  }

  #undo(deleted: Deleted): void {
    this.#forget(deleted);
    this.#back(deleted.images);
    this.actions.restored(deleted.images);
  }

  #forget(deleted: Deleted): void {
    const at = this.#stack.indexOf(deleted);
    if (at >= 0) this.#stack.splice(at, 1);
  }

  #back(images: readonly Image[]): void {
    for (const image of images) {
      this.#waiting.delete(image.id);
      this.timeline.gone.delete(image.id);
      this.timeline.put(image);
    }
    this.actions.changed();
  }

  async #delete(deleted: Deleted): Promise<void> {
    this.#forget(deleted);
    const left = deleted.images.filter(({ id }) => this.#waiting.has(id));
    for (let i = 0; i < left.length; i += MOST) {
      const some = left.slice(i, i + MOST);
      try {
        await api.removeAll(some.map(({ id }) => id));
        for (const { id } of some) this.#waiting.delete(id);
      } catch {
        const kept = left.slice(i);
        this.#back(kept);
        toast(`${many(kept.length, "picture")} could not be deleted. Try again.`);
        return;
      }
    }
  }

  #flush(): void {
    const ids = [...this.#waiting];
    for (let i = 0; i < ids.length; i += MOST) void api.removeAll(ids.slice(i, i + MOST)).catch(() => undefined);
    this.#waiting.clear();
  }
}
