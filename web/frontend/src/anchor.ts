/** What stays where it is on the screen while things above it change. */

import { firstOf, type Layout, type RunBox } from "./layout";

interface Anchor {
  id: string | null;
  /** The day that it is in. */
  day: string;
  offset: number;
  /** Between which ids it lies, and how far down there. */
  upper: string;
  lower: string;
  part: number;
}

type Locate = (id: string) => { y: number } | null;

/** Where the view is in the grid, told by what it shows; kept until someone scrolls. */
export class Hold {
  #anchor: Anchor | null = null;
  #at = NaN;

  constructor(
    readonly layout: Layout,
    readonly locate: Locate,
  ) {}

  /**
   * Before the layout changes. As long as nobody has scrolled, the same image is held: whichever is first in its row
   * would be another after each arrival, and the view would creep away from what people look at.
   */
  take(edge: number, height: number, at: number): void {
    const held = Math.abs(at - this.#at) < 1 && this.#anchor?.id && this.#isIn(this.#anchor.day, this.#anchor.id);
    if (!held) this.#anchor = this.at(edge, height);
  }

  release(): void {
    this.#anchor = null;
  }

  /** After the layout has changed: where the view should begin now. */
  get y(): number | null {
    const anchor = this.#anchor;
    if (!anchor) return null;
    const tile = anchor.id ? this.locate(anchor.id) : null;
    if (tile) return tile.y + anchor.offset;
    const pieces = this.layout.days.flatMap((day) => day.runs).filter((box) => box.lower < anchor.upper && box.run.upper > anchor.lower);
    const [first, last] = [pieces[0], pieces.at(-1)];
    return first && last ? first.top + anchor.part * (last.top + last.height - first.top) : null;
  }

  /** The view has been brought there. */
  settled(at: number): void {
    this.#at = at;
  }

  /** Whether an image is there, and still in this day: when it was taken may have become known. The layout may be from
   * before it was deleted or moved. */
  #isIn(day: string, id: string): boolean {
    return this.layout.timeline.find(id)?.day.day === day;
  }

  /** The first image in view that is there; else how far the view is into what is only counted. */
  at(edge: number, height: number): Anchor | null {
    const boxes: RunBox[] = [];
    for (let i = this.layout.dayAt(edge); i < this.layout.days.length; i += 1) {
      const day = this.layout.days[i];
      if (!day || day.top > edge + height) break;
      boxes.push(...day.runs.filter((box) => box.top + box.height > edge && box.top < edge + height));
    }
    for (const box of boxes) {
      const { day } = box.day;
      for (let i = firstOf(box.rows.length, (n) => box.top + (box.rows[n]?.y ?? 0) + (box.rows[n]?.height ?? 0) > edge); i < box.rows.length; i += 1) {
        const row = box.rows[i];
        if (!row || box.top + row.y > edge + height) break;
        const id = box.ids.slice(row.from, row.to).find((each) => this.#isIn(day, each));
        if (id) return { id, day, offset: edge - box.top - row.y, upper: id, lower: id, part: 0 };
      }
    }
    const [box] = boxes;
    if (!box) return null;
    return { id: null, day: box.day.day, offset: 0, upper: box.run.upper, lower: box.lower, part: (edge - box.top) / Math.max(1, box.height) };
  }
}
