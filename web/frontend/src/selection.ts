/** The selected images. */

import { dayOf } from "./order";
import type { Timeline } from "./timeline";

export class Selection {
  readonly ids = new Set<string>();
  /** Whether all loaded images were selected while there are more. */
  partial = false;
  /** Days that were selected as a whole. */
  readonly days = new Set<string>();
  #from: string | null = null;

  constructor(
    readonly timeline: Timeline,
    readonly changed: () => void,
  ) {}

  has = (id: string): boolean => this.ids.has(id);

  /** Selects or deselects an image; with `range` selects everything from the last one toggled to this one. */
  toggle(id: string, range = false): void {
    const pick = !this.ids.has(id);
    if (range && this.#from && this.#from !== id) {
      const known = [...this.timeline.known()].map((image) => image.id);
      const ends = [known.indexOf(this.#from), known.indexOf(id)].sort((one, other) => one - other);
      for (const other of known.slice(Math.max(0, ends[0] ?? 0), (ends[1] ?? 0) + 1)) this.ids.add(other);
    } else if (pick) this.ids.add(id);
    else this.#drop(id);
    this.#from = id;
    this.partial = false;
    this.changed();
  }

  /** Selects all loaded images. */
  all(): void {
    for (const image of this.timeline.known()) this.ids.add(image.id);
    this.partial = this.ids.size < this.timeline.total || this.timeline.goesOn;
    this.changed();
  }

  /** Selects many images; `day` if they are all of that day. */
  add(ids: Iterable<string>, day?: string): void {
    for (const id of ids) this.ids.add(id);
    if (day) this.days.add(day);
    else this.partial = false;
    this.changed();
  }

  /** Deselects many images. */
  remove(ids: Iterable<string>): void {
    for (const id of ids) this.#drop(id);
    this.changed();
  }

  drop(id: string): void {
    if (this.#drop(id)) this.changed();
  }

  #drop(id: string): boolean {
    this.days.delete(dayOf(this.timeline.keyOf(id) ?? ""));
    return this.ids.delete(id);
  }

  clear(): void {
    this.days.clear();
    this.partial = false;
    if (!this.ids.size) return;
    this.ids.clear();
    this.#from = null;
    this.changed();
  }
}
