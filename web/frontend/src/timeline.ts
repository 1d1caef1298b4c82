/** Everything the page knows of the gallery: days, each of runs of images that are known or only counted. */

import { dayEnd, dayOf, dayStart, type DayCount, idAfter, type Image } from "./records";

/** The images of a day with ids below `upper`, down to the next run: known, or only counted. */
export interface Run {
  upper: string;
  count: number;
  images: Image[] | null;
}

export interface Day {
  day: string;
  runs: Run[];
}

export interface Place {
  day: Day;
  run: Run;
  index: number;
}

const MOST = 400;
const LEAST = 24;
const AHEAD = "ffffffff-ffff-7fff-bfff-ffffffffffff";

export class Timeline {
  days: Day[] = [];
  readonly images = new Map<string, Image>();
  /** What was deleted here or elsewhere; late news of it is ignored. */
  readonly gone = new Set<string>();
  counted = false;
  #newest = "";

  get total(): number {
    return this.days.reduce((sum, day) => sum + day.runs.reduce((s, run) => s + run.count, 0), 0);
  }

  /** Takes the counts of all days; `every` is the distance of the marks. */
  count(counts: readonly DayCount[], every: number): void {
    const known = new Map(this.days.map((day) => [day.day, day]));
    this.days = counts.map(({ day, count, marks }) => {
      const standing = known.get(day) ?? { day, runs: [{ upper: dayEnd(day), count: 0, images: null }] };
      known.delete(day);
      return { day, runs: spread(standing.runs, day, count, marks ?? [], every) };
    });
    // days that came while the counts were on their way
    for (const day of known.values()) if (day.runs.some((run) => run.images?.length)) this.days.push(day);
    this.days.sort((a, b) => (a.day < b.day ? 1 : -1));
    this.counted = true;
  }

  /** Takes a stretch without a gap: images with ids below `upper`, newest first, down to the last one or the `end`. */
  fill(upper: string | null, found: readonly Image[], end: boolean): void {
    const above = upper ?? AHEAD;
    const last = found.at(-1);
    if (!last && !end) return;
    const below = end || !last ? "" : last.id;
    const groups = group(found);
    for (const day of groups.keys()) this.#day(day);
    for (const day of this.days) {
      if (dayEnd(day.day) <= below || dayStart(day.day) >= above) continue;
      const images = (groups.get(day.day) ?? []).filter((image) => !this.gone.has(image.id)).map((image) => this.#merge(image));
      day.runs = joined(day.runs.flatMap((run, i) => cut(run, day.runs[i + 1]?.upper ?? dayStart(day.day), images, above, below)));
    }
    this.#tidy();
  }

  /** Takes news of one image; whether it belongs to the gallery that is known here. */
  put(image: Image): "new" | "changed" | "ignored" {
    if (this.gone.has(image.id)) return "ignored";
    if (this.images.has(image.id)) {
      this.#merge(image);
      return "changed";
    }
    const fresh = image.id > this.#newest;
    const day = this.#day(dayOf(image.id));
    const run = runOf(day, image.id);
    if (!run.images && day.runs.every((other) => other.count === 0)) run.images = [];
    if (run.images) {
      const at = run.images.findIndex((other) => other.id < image.id);
      run.images.splice(at < 0 ? run.images.length : at, 0, this.#merge(image));
      run.count = run.images.length;
      if (run.count > MOST) halve(day, run);
      return "new";
    }
    if (fresh) {
      run.count += 1;
      this.#newest = image.id;
    }
    return fresh ? "new" : "ignored";
  }

  /** Takes an image out; the place it had, or nothing. */
  remove(id: string, forGood = true): Image | null {
    if (forGood) this.gone.add(id);
    const place = this.find(id);
    if (!place) return null;
    const [image] = place.run.images?.splice(place.index, 1) ?? [];
    place.run.count -= 1;
    this.images.delete(id);
    this.#tidy();
    return image ?? null;
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
    for (const id of unseen) this.#discount(id);
    this.#tidy();
    return { images, unseen };
  }

  /** Forgets the images of the days of these ids, of which more are there than are known: they are counted and loaded
   * anew. */
  unload(ids: Iterable<string>): void {
    const days = new Set([...ids].map(dayOf));
    for (const day of this.days) {
      if (!days.has(day.day)) continue;
      for (const run of day.runs) for (const { id } of run.images ?? []) this.images.delete(id);
      day.runs = [{ upper: dayEnd(day.day), count: 1, images: null }];
    }
  }

  /** One image less among those that are only counted: where this one must be, or elsewhere in its day, since how many
   * there are in each run may be a guess. */
  #discount(id: string): void {
    const day = this.days.find((other) => other.day === dayOf(id));
    if (!day) return;
    const counted = day.runs.filter((run) => !run.images && run.count > 0);
    const run = counted.findLast((other) => other.upper > id) ?? counted[0];
    if (run) run.count -= 1;
  }

  find(id: string): Place | null {
    if (!this.images.has(id)) return null;
    const name = dayOf(id);
    const day = this.days.find((other) => other.day === name);
    if (!day) return null;
    const run = runOf(day, id);
    const index = run.images?.findIndex((image) => image.id === id) ?? -1;
    return index < 0 ? null : { day, run, index };
  }

  /** The images that are known, newest first. */
  *known(): Generator<Image> {
    for (const day of this.days) for (const run of day.runs) if (run.images) yield* run.images;
  }

  #merge(image: Image): Image {
    if (image.id > this.#newest) this.#newest = image.id;
    const standing = this.images.get(image.id);
    if (!standing) {
      this.images.set(image.id, image);
      return image;
    }
    // a page read before the event that told of the end
    if (standing.state === "ready" && image.state === "pending") return standing;
    return Object.assign(standing, image);
  }

  #day(name: string): Day {
    const at = this.days.findIndex((day) => day.day <= name);
    const standing = this.days[at];
    if (standing?.day === name) return standing;
    const day = { day: name, runs: [{ upper: dayEnd(name), count: 0, images: null }] };
    this.days.splice(at < 0 ? this.days.length : at, 0, day);
    return day;
  }

  #tidy(): void {
    this.days = this.days.filter((day) => day.runs.some((run) => run.count > 0));
  }
}

function group(images: readonly Image[]): Map<string, Image[]> {
  const groups = new Map<string, Image[]>();
  for (const image of images) {
    const day = dayOf(image.id);
    groups.set(day, [...(groups.get(day) ?? []), image]);
  }
  return groups;
}

function runOf(day: Day, id: string): Run {
  const found = day.runs.findLast((run) => run.upper > id);
  if (!found) throw new Error(`${id} is not of ${day.day}`);
  return found;
}

/** What becomes of a run reaching down to `lower` once the images between `above` and `below` are known. */
function cut(run: Run, lower: string, images: readonly Image[], above: string, below: string): Run[] {
  const top = run.upper < above ? run.upper : above;
  const bottom = lower > below ? lower : below;
  if (top <= bottom) return [run];
  const inside = images.filter((image) => image.id < top && image.id >= bottom);
  if (run.images) {
    const outside = run.images.filter((image) => image.id >= top || image.id < bottom);
    const all = [...outside, ...inside].sort((a, b) => (a.id < b.id ? 1 : -1));
    return [{ upper: run.upper, count: all.length, images: all }];
  }
  const pieces: Run[] = [{ upper: top, count: inside.length, images: [...inside] }];
  // a page that does not reach the end of the run leaves at least one image
  const rest = Math.max(run.count > 0 && lower < bottom ? 1 : 0, run.count - inside.length);
  const [hasAbove, hasBelow] = [run.upper > top, lower < bottom];
  const upperRest = hasAbove && hasBelow ? Math.floor(rest / 2) : rest;
  if (hasAbove) pieces.unshift({ upper: run.upper, count: upperRest, images: null });
  if (hasBelow) pieces.push({ upper: bottom, count: hasAbove ? rest - upperRest : rest, images: null });
  return pieces;
}

/** Neighbouring known runs of a few images become one, so that rows are full. */
function joined(runs: readonly Run[]): Run[] {
  const out: Run[] = [];
  for (const run of runs) {
    const before = out.at(-1);
    const small = before?.images && run.images && (before.count < LEAST || run.count < LEAST) && before.count + run.count < MOST;
    if (small && before.images && run.images) {
      out[out.length - 1] = { upper: before.upper, count: before.count + run.count, images: [...before.images, ...run.images] };
    } else out.push(run);
  }
  return out;
}

function halve(day: Day, run: Run): void {
  const images = run.images ?? [];
  const middle = images.length >> 1;
  const rest = images.splice(middle);
  run.count = images.length;
  const last = images.at(-1);
  day.runs.splice(day.runs.indexOf(run) + 1, 0, { upper: last?.id ?? run.upper, count: rest.length, images: rest });
}

/** Gives the images of a day that are only counted to its unknown runs, cut at the marks: `every` images lie between
 * one mark and the next, those that are known among them. */
function spread(runs: readonly Run[], day: string, count: number, marks: readonly string[], every: number): Run[] {
  const above = new Map(marks.map((mark, i) => [idAfter(mark), (i + 1) * every]));
  const pieces = runs.flatMap((run, i): Run[] => {
    if (run.images) return [run];
    const lower = runs[i + 1]?.upper ?? dayStart(day);
    const inner = [...above.keys()].filter((mark) => mark < run.upper && mark > lower);
    return [run.upper, ...inner].map((upper) => ({ upper, count: 0, images: null }));
  });
  let from = 0;
  for (let at = 0; at < pieces.length; ) {
    let next = at + 1;
    while (next < pieces.length && !above.has(pieces[next]?.upper ?? "")) next += 1;
    const to = above.get(pieces[next]?.upper ?? "") ?? count;
    share(pieces.slice(at, next), to - from);
    [at, from] = [next, to];
  }
  return pieces.filter((piece) => piece.images || piece.count > 0 || pieces.length === 1);
}

/** Gives what is left of `total` images to the unknown ones of the runs. */
function share(runs: readonly Run[], total: number): void {
  let rest = Math.max(0, runs.reduce((left, run) => left - (run.images ? run.count : 0), total));
  const unknown = runs.filter((run) => !run.images);
  for (const [i, run] of unknown.entries()) {
    run.count = Math.ceil(rest / (unknown.length - i));
    rest -= run.count;
  }
}
