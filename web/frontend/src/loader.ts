/** Brings what the view needs: the counts of all days, and the images near the view. */

import * as api from "./api";
import type { Run, Timeline } from "./timeline";

/** The distance of the marks asked for, and the images asked for at once. */
const EVERY = 200;
const MOST = 500;
/** So many more than were counted, so that a page reaches the end of what it is for. */
const SPARE = 20;
const AT_ONCE = 2;
const PAUSE_MS = 90;
const AGAIN_MS = 3000;
const PART_MS = 1000;

export class Loader {
  #wanted: Run[] = [];
  #under = new Set<Run>();
  #timer = 0;

  constructor(
    readonly timeline: Timeline,
    readonly changed: () => void,
  ) {}

  /** The runs that the view needs now, nearest first; earlier wishes are forgotten. */
  want = (runs: Run[]): void => {
    this.#wanted = runs;
    if (!this.timeline.counted || !runs.length || this.#timer) return;
    this.#timer = window.setTimeout(() => this.#go(), PAUSE_MS);
  };

  /** Takes the counts of all days; `first` is called once there are some. */
  async count(first: () => void): Promise<void> {
    let counted = false;
    for (;;) {
      const answer = await api.days(EVERY).catch(() => null);
      if (answer) {
        this.timeline.count(answer.days, EVERY);
        this.changed();
        if (!counted) first();
        counted = true;
        if (answer.complete) return;
      }
      await new Promise((resolve) => setTimeout(resolve, answer ? PART_MS : AGAIN_MS));
    }
  }

  /** Takes all images in a state, and no others. */
  async only(state: string, first: () => void): Promise<void> {
    for (;;) {
      try {
        await this.#all(state);
        break;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
    this.timeline.counted = true;
    this.changed();
    first();
  }

  async #all(state: string): Promise<string | null> {
    let events: string | null = null;
    for (let before: string | null = null; ; ) {
      const page: api.Page = await api.page(before, MOST, undefined, state);
      this.timeline.fill(before, page.images, page.next === null);
      events ??= page.events ?? null;
      before = page.next;
      if (!before) return events;
    }
  }

  /** Loads one run now. */
  async load(run: Run): Promise<void> {
    this.#under.add(run);
    try {
      const page = await api.page(run.upper, Math.max(60, Math.min(EVERY, run.count) + SPARE));
      this.timeline.fill(run.upper, page.images, page.next === null);
    } finally {
      this.#under.delete(run);
    }
    this.changed();
  }

  /** Asks again for the newest images: what came and changed while nothing was heard. */
  async refresh(state?: string | null): Promise<string | null> {
    if (state) {
      const events = await this.#all(state);
      this.changed();
      return events;
    }
    const page = await api.page(null, EVERY);
    const found = new Set(page.images.map((image) => image.id));
    const last = page.images.at(-1)?.id ?? "";
    for (const image of [...this.timeline.known()]) {
      if (!found.has(image.id) && (image.id >= last || page.next === null)) this.timeline.remove(image.id, false);
    }
    this.timeline.fill(null, page.images, page.next === null);
    this.changed();
    return page.events ?? null;
  }

  #go(): void {
    this.#timer = 0;
    for (const run of this.#wanted) {
      if (this.#under.size >= AT_ONCE) break;
      if (!run.images && !this.#under.has(run)) void this.load(run).catch(() => this.#later());
    }
  }

  #later(): void {
    this.#timer ||= window.setTimeout(() => this.#go(), AGAIN_MS);
  }
}
