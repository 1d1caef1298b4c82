/** Which images are picked, by click, by shift-click and by keyboard. */

import { dayOf } from "./order";
import type { Timeline } from "./timeline";

export class Selection {
  readonly ids = new Set<string>();
  /** All that is loaded was picked, which may not be all there is. */
  partial = false;
  /** Days that were picked whole. */
  readonly days = new Set<string>();
  #from: string | null = null;

  constructor(
    readonly timeline: Timeline,
    readonly changed: () => void,
  ) {}

  has = (id: string): boolean => this.ids.has(id);

  /** Picks or unpicks one; with `range` everything from the last one to this one. */
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

  /** Picks all that is loaded. */
  all(): void {
    for (const image of this.timeline.known()) this.ids.add(image.id);
    this.partial = this.ids.size < this.timeline.total || this.timeline.goesOn;
    this.changed();
  }

  /** Picks many, which may be a whole day. */
  add(ids: Iterable<string>, day?: string): void {
    for (const id of ids) this.ids.add(id);
    if (day) this.days.add(day);
    else this.partial = false;
    this.changed();
  }

  /** Unpicks many at once. */
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
