/** Deleting with a way back: nothing is asked of the server until the time for undoing is over. */

import * as api from "./api";
import type { Image } from "./records";
import type { Timeline } from "./timeline";
import { toast } from "./toast";
import { many } from "./words";

const SECONDS = 6;
/** The most in one call, as the server has it. */
const MOST = 1000;

export class Trash {
  #undo: (() => void) | null = null;
  readonly #waiting = new Map<string, Image>();

  constructor(
    readonly timeline: Timeline,
    readonly changed: () => void,
    readonly removed: (id: string) => void,
  ) {
    addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key !== "z" || !this.#undo) return;
      event.preventDefault();
      this.#undo();
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
    for (const image of images) this.#waiting.set(image.id, image);
    for (const { id } of images) this.removed(id);
    this.changed();
    const timer = setTimeout(() => {
      this.#undo = null;
      void this.#delete(images);
    }, SECONDS * 1000);
    const words = images.length === 1 ? `Deleted ${images[0]?.name}` : `Deleted ${many(images.length, "picture")}`;
    const shown = toast(words, { label: "Undo", run: () => undo() }, SECONDS - 0.2);
    const undo = (): void => {
      clearTimeout(timer);
      shown.close();
      this.#undo = null;
      this.#back(images);
    };
    this.#undo = undo;
  }

  #back(images: readonly Image[]): void {
    for (const image of images) {
      this.#waiting.delete(image.id);
      this.timeline.gone.delete(image.id);
      this.timeline.put(image);
    }
    this.changed();
  }

  async #delete(images: readonly Image[]): Promise<void> {
    const left = images.filter((image) => this.#waiting.has(image.id));
    const kept: Image[] = [];
    for (const image of left) {
      this.#waiting.delete(image.id);
      try {
        await api.remove(image.id);
      } catch (error) {
        if (!(error instanceof api.Problem && error.status === 404)) kept.push(image);
      }
    }
    if (!kept.length) return;
    this.#back(kept);
    toast(`${many(kept.length, "picture")} could not be deleted. Try again.`);
  }

  #flush(): void {
    const ids = [...this.#waiting.keys()];
    for (let i = 0; i < ids.length; i += MOST) void api.removeAll(ids.slice(i, i + MOST)).catch(() => undefined);
    this.#waiting.clear();
  }
}
