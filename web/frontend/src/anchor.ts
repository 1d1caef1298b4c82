/** Scroll anchoring: the images in view stay in place while rows above them change. */

import { firstOf, type Layout, type RunBox } from "./layout";

interface Anchor {
  id: string | null;
  /** The day of the image. */
  day: string;
  offset: number;
  /** Without an image: the range of keys that the anchor lies in, and how far down as a fraction of its height. */
  upper: string;
  lower: string;
  part: number;
}

type Locate = (id: string) => { y: number } | null;

/** The scroll position, remembered as an image and not as a number of pixels; kept until the user scrolls. */
export class ScrollAnchor {
  #anchor: Anchor | null = null;
  #at = NaN;

  constructor(
    readonly layout: Layout,
    readonly locate: Locate,
  ) {}

  /**
   * Call before the layout changes. The anchor stays the same image until the user scrolls: each new image changes
   * which one is first in its row, and taking that one would let the page creep.
   */
  take(edge: number, height: number, at: number): void {
    const held = Math.abs(at - this.#at) < 1 && this.#anchor?.id && this.#isIn(this.#anchor.day, this.#anchor.id);
    if (!held) this.#anchor = this.at(edge, height);
  }

  release(): void {
    this.#anchor = null;
  }

  /** Read after the layout has changed: where the viewport should begin now. */
  get y(): number | null {
    const anchor = this.#anchor;
    if (!anchor) return null;
    const tile = anchor.id ? this.locate(anchor.id) : null;
    if (tile) return tile.y + anchor.offset;
    const pieces = this.layout.days.flatMap((day) => day.runs).filter((box) => box.lower < anchor.upper && box.run.upper > anchor.lower);
    const [first, last] = [pieces[0], pieces.at(-1)];
    return first && last ? first.top + anchor.part * (last.top + last.height - first.top) : null;
  }

  /** Call once the page has been scrolled there. */
  settled(at: number): void {
    this.#at = at;
  }

  /** Whether an image still belongs to this day. The layout may be older than its deletion, or than the moment when its
   * date became known. */
  #isIn(day: string, id: string): boolean {
    return this.layout.timeline.find(id)?.day.day === day;
  }

  /** The first loaded image in view; without one, how far the viewport is into images that are not loaded. */
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
