/** Loads the counts of all days, and the images near the viewport. */

import * as api from "./api";
import { byTaken, keyOf } from "./order";
import { start } from "./page";
import { asked, filtered } from "./query";
import type { Image } from "./records";
import type { Run, Timeline } from "./timeline";

/** Images between two marks, and the most images of a run per request. */
const EVERY = 200;
/** Page size of a search. */
const PAGE = 200;
/** Extra images per request, because counts may be out of date. */
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

  /** Requests the runs near the viewport, nearest first; replaces earlier requests. */
  want = (runs: Run[]): void => {
    this.#wanted = runs;
    if (!this.timeline.counted || !runs.length || this.#timer) return;
    this.#timer = window.setTimeout(() => this.#go(), PAUSE_MS);
  };

  /** Loads the counts of all days; calls `first` when the first ones have arrived. */
  async count(first: () => void): Promise<void> {
    let counted = false;
    for (;;) {
      const answer = await api.days(EVERY, byTaken).catch(() => null);
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

  /** Loads the first results of a search, which have no counts by day; calls `first` when they have arrived. */
  async loadSearch(first: () => void): Promise<void> {
    while (!(await this.reloadSearch().then(() => true, () => false))) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    first();
  }

  /** Reloads the results of a search, as far down as they were loaded; returns the event to resume from. */
  async reloadSearch(): Promise<string | null> {
    const known = [...this.timeline.known()];
    const last = known.at(-1);
    const until = last ? keyOf(last) : null;
    const found: Image[] = [];
    let events: string | null = null;
    let before: string | null = null;
    while (start.query.possible) {
      const page: api.Page = await api.page(before, PAGE, asked);
      found.push(...page.images);
      events ??= page.events ?? null;
      before = page.next;
      if (!before || !until || before <= until) break;
    }
    const images = this.#withArrived(known, found, before === null);
    this.timeline.reset();
    this.timeline.extend(null, images, before === null);
    this.timeline.counted = true;
    this.changed();
    return events;
  }

  /** Loads one run at once. */
  async load(run: Run): Promise<void> {
    this.#under.add(run);
    try {
      const limit = filtered ? PAGE : Math.max(60, Math.min(EVERY, run.count) + SPARE);
      const page = await api.page(run.upper, limit, asked);
      if (filtered) this.timeline.extend(run.upper, page.images, page.next === null);
      else this.timeline.fill(run.upper, page.images, page.next === null);
    } finally {
      this.#under.delete(run);
    }
    this.changed();
  }

  /** Catches up after missed events; returns the event to resume from. */
  async refresh(): Promise<string | null> {
    if (filtered) return this.reloadSearch();
    return byTaken ? this.#recount() : this.#newest();
  }

  /** Reloads the counts and forgets all images: in the order of dates taken, new images may be anywhere. */
  async #recount(): Promise<string | null> {
    const [{ days }, { events }] = await Promise.all([api.days(EVERY, byTaken), api.page(null, 1, asked)]);
    this.timeline.reset();
    this.timeline.count(days, EVERY);
    this.changed();
    return events ?? null;
  }

  /** The `found` images, plus those that were added or restored since `known` was taken: the answer may lack them. */
  #withArrived(known: readonly Image[], found: readonly Image[], end: boolean): readonly Image[] {
    const ids = new Set([...known, ...found].map(({ id }) => id));
    const last = found.at(-1);
    const below = end || !last ? "" : keyOf(last);
    const arrived = [...this.timeline.known()].filter((image) => !ids.has(image.id) && keyOf(image) > below);
    return arrived.length ? [...found, ...arrived].sort((a, b) => (keyOf(a) < keyOf(b) ? 1 : -1)) : found;
  }

  /** Reloads the newest images. */
  async #newest(): Promise<string | null> {
    const known = [...this.timeline.known()];
    const page = await api.page(null, EVERY);
    const images = this.#withArrived(known, page.images, page.next === null);
    const found = new Set(page.images.map((image) => image.id));
    const last = page.images.at(-1)?.id ?? "";
    for (const image of known) {
      if (!found.has(image.id) && (image.id >= last || page.next === null)) this.timeline.remove(image.id, false);
    }
    this.timeline.fill(null, images, page.next === null);
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
