/** Deleting with a way back: nothing is asked of the server until the time for undoing is over. */

import * as api from "./api";
import type { Image } from "./records";
import type { Timeline } from "./timeline";
import { type Toast, toast } from "./toast";
import { many } from "./words";

const SECONDS = 6;

/** What was deleted at once, and is undone at once. */
interface Deleted {
  images: Image[];
  /** Those that were only counted. */
  unseen: string[];
  shown: Toast;
}

export interface TrashActions {
  changed(): void;
  /** How many there are has changed, and which is not known. */
  recount(): void;
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
    const { images, unseen } = this.timeline.removeAll(ids);
    const sum = images.length + unseen.length;
    if (!sum) return;
    for (const id of [...images.map((image) => image.id), ...unseen]) this.#waiting.add(id);
    for (const { id } of images) this.actions.removed(id);
    this.actions.changed();
    const words = sum === 1 && images[0] ? `Deleted ${images[0].name}` : `Deleted ${many(sum, "picture")}`;
    const undo = { label: "Undo", keys: "Control+Z", run: () => this.#undo(deleted) };
    const deleted: Deleted = { images, unseen, shown: toast(words, undo, SECONDS, () => void this.#delete(deleted)) };
    this.#stack.push(deleted);
  }

  #undo(deleted: Deleted): void {
    this.#forget(deleted);
    this.#back(deleted);
    this.actions.restored(deleted.images);
  }

  #forget(deleted: Deleted): void {
    const at = this.#stack.indexOf(deleted);
    if (at >= 0) this.#stack.splice(at, 1);
  }

  #back({ images, unseen }: Deleted): void {
    for (const id of [...images.map((image) => image.id), ...unseen]) {
      this.#waiting.delete(id);
      this.timeline.gone.delete(id);
    }
    for (const image of images) this.timeline.put(image);
    this.actions.changed();
    if (unseen.length) this.actions.recount();
  }

  async #delete(deleted: Deleted): Promise<void> {
    this.#forget(deleted);
    const left = [...deleted.images.map(({ id }) => id), ...deleted.unseen].filter((id) => this.#waiting.has(id));
    for (let i = 0; i < left.length; i += api.MOST_AT_ONCE) {
      const some = left.slice(i, i + api.MOST_AT_ONCE);
      try {
        await api.removeAll(some);
        for (const id of some) this.#waiting.delete(id);
      } catch {
        const kept = new Set(left.slice(i));
        this.#back({ ...deleted, images: deleted.images.filter(({ id }) => kept.has(id)), unseen: deleted.unseen.filter((id) => kept.has(id)) });
        toast(`${many(kept.size, "picture")} could not be deleted. Try again.`);
        return;
      }
    }
  }

  #flush(): void {
    const ids = [...this.#waiting];
    for (let i = 0; i < ids.length; i += api.MOST_AT_ONCE) void api.removeAll(ids.slice(i, i + api.MOST_AT_ONCE)).catch(() => undefined);
    this.#waiting.clear();
  }
}
