/** The viewer's list of images: the gallery as it was when the viewer opened, loaded on demand. */

import type { Loader } from "../loader";
import { keyOf } from "../order";
import type { Image } from "../records";
import type { Run, Timeline } from "../timeline";

/** A replacement of slots: `was` slots at `from` became `now` slots. */
export interface Stretch {
  from: number;
  was: number;
  now: number;
}

type Slot = { id: string } | { run: Run; offset: number };

export class Slots {
  readonly #slots: Slot[] = [];
  readonly #loading = new Map<Run, Promise<void>>();

  constructor(
    readonly timeline: Timeline,
    readonly loader: Loader,
  ) {
    for (const day of timeline.days) {
      for (const run of day.runs) {
        if (run.images) for (const image of run.images) this.#slots.push({ id: image.id });
        else for (let offset = 0; offset < run.count; offset += 1) this.#slots.push({ run, offset });
      }
    }
  }

  get length(): number {
    return this.#slots.length;
  }

  indexOf(id: string): number {
    return this.#slots.findIndex((slot) => "id" in slot && slot.id === id);
  }

  at(index: number): Image | null {
    const slot = this.#slots[index];
    return slot && "id" in slot ? (this.timeline.images.get(slot.id) ?? null) : null;
  }

  remove(index: number): void {
    this.#slots.splice(index, 1);
  }

  /** Inserts a restored image; returns its index. */
  insert(id: string): number {
    const existing = this.indexOf(id);
    if (existing >= 0) return existing;
    const key = this.timeline.keyOf(id) ?? "";
    const found = this.#slots.findIndex((slot) => this.#keyOf(slot) <= key);
    const index = found < 0 ? this.#slots.length : found;
    this.#slots.splice(index, 0, { id });
    return index;
  }

  #keyOf(slot: Slot): string {
    return "id" in slot ? (this.timeline.keyOf(slot.id) ?? "") : slot.run.upper;
  }

  /** Loads the run at an index; returns which slots that replaced, or null if another call has done it. */
  async load(index: number): Promise<Stretch | null> {
    const slot = this.#slots[index];
    if (!slot || "id" in slot) return null;
    const { run } = slot;
    const under = this.#loading.get(run);
    if (under) {
      await under;
      return null;
    }
    const loading = this.loader.load(run);
    this.#loading.set(run, loading);
    try {
      await loading;
    } catch (error) {
      this.#loading.delete(run);
      throw error;
    }
    return this.#take(run);
  }

  #take(run: Run): Stretch | null {
    const from = this.#slots.findIndex((slot) => "run" in slot && slot.run === run);
    if (from < 0) return null;
    let was = 0;
    for (let slot = this.#slots[from]; slot && "run" in slot && slot.run === run; slot = this.#slots[from + was]) was += 1;
    const next = this.#slots[from + was];
    const floor = next ? this.#keyOf(next) : "";
    const found: Slot[] = [];
    for (const day of this.timeline.days) {
      for (const other of day.runs) {
        if (other.upper > run.upper && !other.images) continue;
        for (const image of other.images ?? []) if (keyOf(image) < run.upper && keyOf(image) > floor) found.push({ id: image.id });
        if (!other.images && other.upper <= run.upper && other.upper > floor && other !== run) {
          for (let offset = 0; offset < other.count; offset += 1) found.push({ run: other, offset });
        }
      }
    }
    this.#slots.splice(from, was, ...found);
    return { from, was, now: found.length };
  }
}
