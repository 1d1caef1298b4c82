/** The images the viewer walks through: those of the gallery when it was opened, loaded as they come near. */

import type { Loader } from "../loader";
import type { Image } from "../records";
import type { Run, Timeline } from "../timeline";

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

  /** Loads what stands at an index; the indexes of all that came to be known with it. */
  async load(index: number): Promise<number[]> {
    const slot = this.#slots[index];
    if (!slot || "id" in slot) return [];
    const { run } = slot;
    let under = this.#loading.get(run);
    if (!under) {
      under = this.loader.load(run);
      this.#loading.set(run, under);
    }
    await under;
    return this.#take(run);
  }

  #take(run: Run): number[] {
    const first = this.#slots.findIndex((slot) => "run" in slot && slot.run === run);
    if (first < 0) return [];
    let count = 0;
    while (count + first < this.#slots.length) {
      const slot = this.#slots[first + count];
      if (!slot || !("run" in slot) || slot.run !== run) break;
      count += 1;
    }
    const next = this.#slots.slice(first + count).find((slot) => "id" in slot);
    const floor = next && "id" in next ? next.id : "";
    const found: Slot[] = [];
    for (const image of this.timeline.known()) {
      if (image.id < run.upper && image.id > floor && found.length < count) found.push({ id: image.id });
    }
    // where fewer are known than were counted, the rest stays to be loaded from there on
    const last = found.at(-1);
    const rest = last && "id" in last ? this.timeline.days.flatMap((day) => day.runs).find((other) => !other.images && other.upper <= last.id && other.upper > floor) : null;
    const left: Slot[] = rest ? Array.from({ length: Math.max(0, count - found.length) }, (_, offset) => ({ run: rest, offset })) : [];
    this.#slots.splice(first, count, ...found, ...left);
    return found.map((_, i) => first + i);
  }
}
