/** The page's model of the gallery: days, each made of runs of images that are loaded or only counted. */

import { AHEAD, byTaken, dayEnd, dayOf, dayStart, keyOf } from "./order";
import { type DayCount, type Image, madeAt } from "./records";
import { cut, type Day, group, halve, join, MOST, type Run, runOf, spread } from "./runs";

export type { Day, Run } from "./runs";

export interface Place {
  day: Day;
  run: Run;
  index: number;
}

/** The assumed number of further search results, while the real one is unknown. */
const REST = 60;

export class Timeline {
  days: Day[] = [];
  readonly images = new Map<string, Image>();
  /** Deleted images, here or elsewhere; late events about them are ignored. */
  readonly gone = new Set<string>();
  counted = false;
  /** Whether an unknown number of images follows the last one. */
  goesOn = false;
  #newest = "";
  /** Keys of new images that were counted in unloaded runs, by id. */
  readonly #uncounted = new Map<string, string>();
  readonly #former = new Map<string, Image>();
  /** Keys of all images ever loaded, by id; needed only when sorted by date taken. */
  readonly #keys = new Map<string, string>();

  /** `since` is when the page was rendered, in milliseconds: images with later ids are not in its counts. */
  constructor(readonly since: number) {}

  get total(): number {
    return this.days.reduce((sum, day) => sum + day.runs.reduce((s, run) => s + this.countOf(run), 0), 0);
  }

  /** The number of images of a run to count in totals: 0 for the placeholder after the last search result. */
  countOf(run: Run): number {
    return this.goesOn && !run.images ? 0 : run.count;
  }

  /** Applies the counts of all days; `every` is the distance of the marks. */
  count(counts: readonly DayCount[], every: number): void {
    const known = new Map(this.days.map((day) => [day.day, day]));
    this.days = counts.map(({ day, count, marks }) => {
      const existing = known.get(day) ?? { day, runs: [{ upper: dayEnd(day), count: 0, images: null }] };
      known.delete(day);
      return { day, runs: spread(existing.runs, day, count, marks ?? [], every) };
    });
    // Days whose first image arrived while the counts were being requested.
    for (const day of known.values()) if (day.runs.some((run) => run.images?.length)) this.days.push(day);
    this.days.sort((a, b) => (a.day < b.day ? 1 : -1));
    this.counted = true;
  }

  /** Adds a page of images, newest first: all that exist from `upper` down to the last one, or to the `end`. */
  fill(upper: string | null, found: readonly Image[], end: boolean): void {
    const above = upper ?? AHEAD;
    const last = found.at(-1);
    if (!last && !end) return;
    const below = end || !last ? "" : keyOf(last);
    const groups = group(found);
    for (const day of groups.keys()) this.#day(day);
    for (const day of this.days) {
      if (dayEnd(day.day) <= below || dayStart(day.day) >= above) continue;
      const images = (groups.get(day.day) ?? []).filter((image) => !this.gone.has(image.id)).map((image) => this.#merge(image));
      day.runs = join(day.runs.flatMap((run, i) => cut(run, day.runs[i + 1]?.upper ?? dayStart(day.day), images, above, below)));
    }
    this.#tidy();
  }

  /** As `fill`, for search results, whose number is unknown: a run of an assumed size stands for the rest. */
  extend(upper: string | null, found: readonly Image[], end: boolean): void {
    this.fill(upper, found, end);
    this.goesOn = !end;
    const day = this.days.at(-1);
    const run = day?.runs.at(-1);
    if (end || !day || !run) return;
    if (!run.images) run.count = REST;
    else day.runs.push({ upper: keyOf(run.images.at(-1) as Image), count: REST, images: null });
  }

  /** Applies an update of one image; returns whether it is new, or has moved in the order. */
  put(image: Image): "new" | "moved" | "changed" | "ignored" {
    if (this.gone.has(image.id)) return "ignored";
    const existing = this.images.get(image.id);
    if (existing) {
      const before = keyOf(existing);
      if (keyOf(this.#merge(image)) === before) return "changed";
      this.#insert(existing);
      this.#tidy();
      return "moved";
    }
    return this.#insert(image);
  }

  #insert(image: Image): "new" | "ignored" {
    const key = keyOf(image);
    const day = this.#day(dayOf(key));
    const run = runOf(day, key);
    if (!run.images && day.runs.every((other) => other.count === 0)) run.images = [];
    if (run.images) {
      const at = run.images.findIndex((other) => keyOf(other) < key);
      run.images.splice(at < 0 ? run.images.length : at, 0, this.#merge(image));
      run.count = run.images.length;
      if (run.count > MOST) halve(day, run);
      return "new";
    }
    return this.#count(image, run);
  }

  /** Counts an image whose neighbours are not loaded, unless the counts already include it. */
  #count(image: Image, run: Run): "new" | "ignored" {
    const key = keyOf(image);
    const before = this.#uncounted.get(image.id);
    if (before === key || (before === undefined && !this.#isFresh(image.id))) return "ignored";
    if (before !== undefined) this.#discountAt(before);
    run.count += 1;
    this.#uncounted.set(image.id, key);
    if (image.id > this.#newest) this.#newest = image.id;
    return before === undefined ? "new" : "ignored";
  }

  #isFresh(id: string): boolean {
    return byTaken ? madeAt(id) > this.since : id > this.#newest;
  }

  /** Forgets all images and counts; the caller loads them again. */
  reset(): void {
    for (const [id, image] of this.images) this.#former.set(id, image);
    this.images.clear();
    this.#uncounted.clear();
    this.days = [];
    this.goesOn = false;
  }

  /** Removes an image and returns it; null if it was not loaded. */
  remove(id: string, forGood = true): Image | null {
    if (forGood) this.gone.add(id);
    const image = this.#takeOut(id);
    if (!image) return null;
    this.images.delete(id);
    this.#tidy();
    return image;
  }

  #takeOut(id: string): Image | null {
    const place = this.find(id);
    if (!place) return null;
    place.run.count -= 1;
    return place.run.images?.splice(place.index, 1)[0] ?? null;
  }

  /** Removes images, loaded or not; returns the loaded ones, and the ids of the others. */
  removeAll(ids: Iterable<string>): { images: Image[]; unseen: string[] } {
    const images: Image[] = [];
    const unseen: string[] = [];
    for (const id of ids) {
      if (this.gone.has(id)) continue;
      const image = this.remove(id);
      if (image) images.push(image);
      else unseen.push(id);
    }
    for (const id of unseen) {
      const key = this.keyOf(id);
      if (key) this.#discountAt(key);
    }
    this.#tidy();
    return { images, unseen };
  }

  /** Unloads the days of these ids, so that they are counted and loaded again: they have more images than are loaded. If
   * the day of an id is unknown, unloads all days. */
  unload(ids: Iterable<string>): void {
    const keys = [...ids].map((id) => this.keyOf(id));
    const days = new Set(keys.map((key) => key && dayOf(key)));
    for (const day of this.days) {
      if (!days.has(null) && !days.has(day.day)) continue;
      for (const run of day.runs) for (const { id } of run.images ?? []) this.images.delete(id);
      day.runs = [{ upper: dayEnd(day.day), count: 1, images: null }];
    }
  }

  /** Subtracts one from an unloaded run: the one that should contain this image, or another of its day, since counts per
   * run may be estimates. */
  #discountAt(key: string): void {
    const day = this.days.find((other) => other.day === dayOf(key));
    if (!day) return;
    const counted = day.runs.filter((run) => !run.images && run.count > 0);
    const run = counted.findLast((other) => other.upper > key) ?? counted[0];
    if (run) run.count -= 1;
  }

  /** The key of an image, loaded or gone; null if it was never loaded. */
  keyOf(id: string): string | null {
    const image = this.images.get(id);
    return image ? keyOf(image) : (this.#keys.get(id) ?? this.#uncounted.get(id) ?? (byTaken ? null : id));
  }

  find(id: string): Place | null {
    const known = this.images.get(id);
    if (!known) return null;
    const key = keyOf(known);
    const name = dayOf(key);
    const day = this.days.find((other) => other.day === name);
    if (!day) return null;
    const run = runOf(day, key);
    const index = run.images?.findIndex((image) => image.id === id) ?? -1;
    return index < 0 ? null : { day, run, index };
  }

  /** The loaded images, newest first. */
  *known(): Generator<Image> {
    for (const day of this.days) for (const run of day.runs) if (run.images) yield* run.images;
  }

  #merge(image: Image): Image {
    if (image.id > this.#newest) this.#newest = image.id;
    if (byTaken) this.#keys.set(image.id, keyOf(image));
    const existing = this.images.get(image.id);
    if (!existing) {
      // Tiles hold a reference to their image, so the object is kept across a reset.
      const former = this.#former.get(image.id);
      const known = former ? Object.assign(former, image) : image;
      this.images.set(image.id, known);
      return known;
    }
    // A page of results may be older than the event that said ready.
    if (existing.state === "ready" && image.state === "pending") return existing;
    // The date taken becomes known when the thumbnail is made, and changes the key.
    if (keyOf(existing) !== keyOf(image)) this.#takeOut(image.id);
    return Object.assign(existing, image);
  }

  #day(name: string): Day {
    const at = this.days.findIndex((day) => day.day <= name);
    const existing = this.days[at];
    if (existing?.day === name) return existing;
    const day = { day: name, runs: [{ upper: dayEnd(name), count: 0, images: null }] };
    this.days.splice(at < 0 ? this.days.length : at, 0, day);
    return day;
  }

  #tidy(): void {
    this.days = this.days.filter((day) => day.runs.some((run) => run.count > 0));
  }
}
