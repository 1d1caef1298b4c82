/** Everything the page knows of the gallery: days, each of runs of images that are known or only counted. */

import { AHEAD, byTaken, dayEnd, dayOf, dayStart, keyOf } from "./order";
import { type DayCount, type Image, madeAt } from "./records";
import { cut, type Day, group, halve, joined, MOST, type Run, runOf, spread } from "./runs";

export type { Day, Run } from "./runs";

export interface Place {
  day: Day;
  run: Run;
  index: number;
}

/** As many are taken to follow what was found so far, if it is not known how many do. */
const REST = 60;

export class Timeline {
  days: Day[] = [];
  readonly images = new Map<string, Image>();
  /** What was deleted here or elsewhere; late news of it is ignored. */
  readonly gone = new Set<string>();
  counted = false;
  /** Whether more follow the last image, and nobody knows how many. */
  goesOn = false;
  #newest = "";
  /** Of images that came in where nothing is loaded: the keys by which they were counted. */
  readonly #uncounted = new Map<string, string>();
  readonly #former = new Map<string, Image>();
  /** Of images that were known once. */
  readonly #keys = new Map<string, string>();

  /** Images that were made after `since`, in milliseconds, have come in since the page was made. */
  constructor(readonly since: number) {}

  get total(): number {
    return this.days.reduce((sum, day) => sum + day.runs.reduce((s, run) => s + this.countOf(run), 0), 0);
  }

  /** How many images of a run are known to be there. */
  countOf(run: Run): number {
    return this.goesOn && !run.images ? 0 : run.count;
  }

  /** Takes the counts of all days; `every` is the distance of the marks. */
  count(counts: readonly DayCount[], every: number): void {
    const known = new Map(this.days.map((day) => [day.day, day]));
    this.days = counts.map(({ day, count, marks }) => {
      const existing = known.get(day) ?? { day, runs: [{ upper: dayEnd(day), count: 0, images: null }] };
      known.delete(day);
      return { day, runs: spread(existing.runs, day, count, marks ?? [], every) };
    });
    // days that came while the counts were on their way
    for (const day of known.values()) if (day.runs.some((run) => run.images?.length)) this.days.push(day);
    this.days.sort((a, b) => (a.day < b.day ? 1 : -1));
    this.counted = true;
  }

  /** Takes a stretch without a gap: images with keys below `upper`, newest first, down to the last one or the `end`. */
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
      day.runs = joined(day.runs.flatMap((run, i) => cut(run, day.runs[i + 1]?.upper ?? dayStart(day.day), images, above, below)));
    }
    this.#tidy();
  }

  /** As `fill`, of a list of which nobody knows how long it is: if it goes on, something stands for the rest. */
  extend(upper: string | null, found: readonly Image[], end: boolean): void {
    this.fill(upper, found, end);
    this.goesOn = !end;
    const day = this.days.at(-1);
    const run = day?.runs.at(-1);
    if (end || !day || !run) return;
    if (!run.images) run.count = REST;
    else day.runs.push({ upper: keyOf(run.images.at(-1) as Image), count: REST, images: null });
  }

  /** Takes news of one image: whether it is new here, or has another place now. */
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

  /** Counts an image whose neighbours are not loaded, if it came in after the others were counted. */
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

  /** Forgets all that is known: it is asked for again. */
  reset(): void {
    for (const [id, image] of this.images) this.#former.set(id, image);
    this.images.clear();
    this.#uncounted.clear();
    this.days = [];
    this.goesOn = false;
  }

  /** Takes an image out; the place it had, or nothing. */
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

  /** Takes many out, known or only counted: those that were known, and the ids of the others. */
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

  /** Forgets the images of the days of these ids, of which more are there than are known: they are counted and loaded
   * anew. If it is not known of which days they are, all are forgotten. */
  unload(ids: Iterable<string>): void {
    const keys = [...ids].map((id) => this.keyOf(id));
    const days = new Set(keys.map((key) => key && dayOf(key)));
    for (const day of this.days) {
      if (!days.has(null) && !days.has(day.day)) continue;
      for (const run of day.runs) for (const { id } of run.images ?? []) this.images.delete(id);
      day.runs = [{ upper: dayEnd(day.day), count: 1, images: null }];
    }
  }

  /** One image less among those that are only counted: where this one must be, or elsewhere in its day, since how many
   * there are in each run may be a guess. */
  #discountAt(key: string): void {
    const day = this.days.find((other) => other.day === dayOf(key));
    if (!day) return;
    const counted = day.runs.filter((run) => !run.images && run.count > 0);
    const run = counted.findLast((other) => other.upper > key) ?? counted[0];
    if (run) run.count -= 1;
  }

  /** The place of an image in the order, also of one that is gone; null if it was never known. */
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

  /** The images that are known, newest first. */
  *known(): Generator<Image> {
    for (const day of this.days) for (const run of day.runs) if (run.images) yield* run.images;
  }

  #merge(image: Image): Image {
    if (image.id > this.#newest) this.#newest = image.id;
    if (byTaken) this.#keys.set(image.id, keyOf(image));
    const existing = this.images.get(image.id);
    if (!existing) {
      // the tiles that are drawn hold on to what they show
      const former = this.#former.get(image.id);
      const known = former ? Object.assign(former, image) : image;
      this.images.set(image.id, known);
      return known;
    }
    // a page read before the event that told of the end
    if (existing.state === "ready" && image.state === "pending") return existing;
    // when it was taken is known once it is made
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
