/** Positions of all days, runs and rows at a given width, in pixels from the top of the grid. */

import { dayStart } from "./order";
import { shapeOf, type Image } from "./records";
import { justify, GAP, rowHeight, type Row } from "./rows";
import type { Day, Run, Timeline } from "./timeline";

export const HEAD = 50;
const FOOT = 18;

/** The smallest tile, in pixels, that has room for the reason of a failure. `shape` caps the width of such a tile,
 * unless the room needs more. */
const ROOM = { width: 136, height: 104, shape: 1.2 };

export interface RunBox {
  run: Run;
  day: Day;
  top: number;
  height: number;
  rows: Row[];
  shapes: readonly number[];
  /** The ids in the rows; the timeline may have changed since. */
  ids: readonly string[];
  /** The least key that an image of the run can have. */
  lower: string;
  /** How many images of the day come before this run. */
  before: number;
}

export interface DayBox {
  day: Day;
  top: number;
  height: number;
  count: number;
  runs: RunBox[];
}

interface CachedRows {
  width: number;
  open: boolean;
  rows: Row[];
  shapes: number[];
  ids: string[];
}

export class Layout {
  days: DayBox[] = [];
  height = 0;
  width = 0;
  target = 0;
  readonly #cached = new WeakMap<Run, CachedRows>();
  /** Images that failed while this page was open. They keep their size during a retry, so that rows don't jump. */
  readonly #failed = new Set<string>();
  #shape = 1.4;

  constructor(readonly timeline: Timeline) {}

  update(width: number): void {
    this.width = width;
    this.target = rowHeight(width);
    let top = 0;
    this.days = this.timeline.days.map((day) => {
      const box: DayBox = { day, top, height: 0, count: 0, runs: [] };
      let y = HEAD;
      for (const [i, run] of day.runs.entries()) {
        const open = i < day.runs.length - 1;
        const { rows, shapes, ids, height } = run.images ? this.#rows(run, open) : { rows: [], shapes: [], ids: [], height: this.guess(run.count) };
        box.runs.push({ run, day, top: top + y, height, rows, shapes, ids, before: box.count, lower: day.runs[i + 1]?.upper ?? dayStart(day.day) });
        y += height;
        box.count += this.timeline.countOf(run);
      }
      box.height = y + FOOT;
      top += box.height;
      return box;
    });
    this.height = top;
  }

  /** The estimated height of images whose shapes are not known yet. */
  guess(count: number): number {
    if (!count) return 0;
    return Math.ceil((count * (this.#shape * this.target + GAP)) / this.width) * (this.target + GAP);
  }

  /** The first day that ends below `y`. */
  dayAt(y: number): number {
    return firstOf(this.days.length, (i) => {
      const day = this.days[i];
      return !!day && day.top + day.height > y;
    });
  }

  box(run: Run): RunBox | null {
    for (const day of this.days) for (const box of day.runs) if (box.run === run) return box;
    return null;
  }

  /** Whether a tile shows text that needs room: its image failed, or is being retried. */
  #speaks(image: Image): boolean {
    if (image.state === "failed") this.#failed.add(image.id);
    return !image.renditions.grid && this.#failed.has(image.id);
  }

  #shapeOf(image: Image): number {
    const shape = shapeOf(image);
    return this.#speaks(image) ? Math.max(Math.min(shape, ROOM.shape), ROOM.width / Math.max(ROOM.height, 0.75 * this.target)) : shape;
  }

  #rows(run: Run, open: boolean): CachedRows & { height: number } {
    const images = run.images ?? [];
    let cached = this.#cached.get(run);
    const shapes = images.map((image) => this.#shapeOf(image));
    const same = cached && cached.width === this.width && cached.open === open && cached.ids.length === images.length && images.every((image, i) => image.id === cached?.ids[i] && shapes[i] === cached.shapes[i]);
    if (!cached || !same) {
      const floors = images.map((image) => (this.#speaks(image) ? ROOM.height : 0));
      cached = { width: this.width, open, shapes, ids: images.map(({ id }) => id), rows: justify(shapes, this.width, this.target, open, floors) };
      this.#cached.set(run, cached);
      if (shapes.length > 20) this.#shape += 0.2 * (shapes.reduce((a, b) => a + b, 0) / shapes.length - this.#shape);
    }
    const last = cached.rows.at(-1);
    return { ...cached, height: last ? last.y + last.height + (open ? GAP : 0) : 0 };
  }
}

/** Binary search: the first index for which `holds` is true, given that it is true for all later ones. */
export function firstOf(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
