/** Runs: a day's images in pieces. The images of a run are loaded, or only their number is known. */

import { dayOf, dayStart, keyAfter, keyOf } from "./order";
import type { Image } from "./records";

/** A day's images with keys below `upper`, down to the next run's `upper`. `images` is null until they are loaded;
 * `count` is then an estimate. */
export interface Run {
  upper: string;
  count: number;
  images: Image[] | null;
}

export interface Day {
  day: string;
  runs: Run[];
}

/** A loaded run of more images is split; two neighbours are joined if one has fewer than `LEAST`. */
export const MOST = 400;
const LEAST = 24;

export function group(images: readonly Image[]): Map<string, Image[]> {
  const groups = new Map<string, Image[]>();
  for (const image of images) {
    const day = dayOf(keyOf(image));
    groups.set(day, [...(groups.get(day) ?? []), image]);
  }
  return groups;
}

export function runOf(day: Day, key: string): Run {
  const found = day.runs.findLast((run) => run.upper > key);
  if (!found) throw new Error(`${key} is not of ${day.day}`);
  return found;
}

/** Replaces a run, which reaches down to `lower`, by runs in which all images between `above` and `below` are loaded. */
export function cut(run: Run, lower: string, images: readonly Image[], above: string, below: string): Run[] {
  const top = run.upper < above ? run.upper : above;
  const bottom = lower > below ? lower : below;
  if (top <= bottom) return [run];
  const isInside = (image: Image): boolean => keyOf(image) < top && keyOf(image) >= bottom;
  const inside = images.filter(isInside);
  if (run.images) {
    const outside = run.images.filter((image) => !isInside(image));
    const all = [...outside, ...inside].sort((a, b) => (keyOf(a) < keyOf(b) ? 1 : -1));
    return [{ upper: run.upper, count: all.length, images: all }];
  }
  const pieces: Run[] = [{ upper: top, count: inside.length, images: [...inside] }];
  // If the loaded part ends above the end of the run, at least one image is left.
  const rest = Math.max(run.count > 0 && lower < bottom ? 1 : 0, run.count - inside.length);
  const [hasAbove, hasBelow] = [run.upper > top, lower < bottom];
  const upperRest = hasAbove && hasBelow ? Math.floor(rest / 2) : rest;
  if (hasAbove) pieces.unshift({ upper: run.upper, count: upperRest, images: null });
  if (hasBelow) pieces.push({ upper: bottom, count: hasAbove ? rest - upperRest : rest, images: null });
  return pieces;
}

/** Joins small neighbouring loaded runs, so that their images share rows. */
export function join(runs: readonly Run[]): Run[] {
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

export function halve(day: Day, run: Run): void {
  const images = run.images ?? [];
  const middle = images.length >> 1;
  const rest = images.splice(middle);
  run.count = images.length;
  const last = images.at(-1);
  day.runs.splice(day.runs.indexOf(run) + 1, 0, { upper: last ? keyOf(last) : run.upper, count: rest.length, images: rest });
}

/** Splits a day's unloaded runs at the marks and distributes the day's count over them. Consecutive marks are `every`
 * images apart, loaded ones included.
 *
 * Example: a day of 450 images, none loaded, marks [a, b], every 200. The result is three unloaded runs: 200 images above
 * a, 200 that begin with a, and 50 that begin with b. If 30 images above a were loaded, the unloaded runs beside them
 * would share the other 170. */
export function spread(runs: readonly Run[], day: string, count: number, marks: readonly string[], every: number): Run[] {
  const above = new Map(marks.map((mark, i) => [keyAfter(mark), (i + 1) * every]));
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

/** Distributes `total`, less the loaded images, evenly over the unloaded runs. */
function share(runs: readonly Run[], total: number): void {
  let rest = Math.max(0, runs.reduce((left, run) => left - (run.images ? run.count : 0), total));
  const unknown = runs.filter((run) => !run.images);
  for (const [i, run] of unknown.entries()) {
    run.count = Math.ceil(rest / (unknown.length - i));
    rest -= run.count;
  }
}
