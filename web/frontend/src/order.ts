/** The page's sort order. Each image has a key, which is its position in the API and sorts as text: its id when sorted by
 * date added, its local time and id when sorted by date taken. */

import { start } from "./page";
import { dayOf as dayOfId, idAfter, idAt, type Image, madeAt } from "./records";

export const byTaken = start.query.sort === "taken";

const LEAST_ID = idAt(0);
const MOST_ID = "0fffffff-ffff-7fff-bfff-ffffffffffff";
const CLOCK = "2019-07-14T18:03:22".length;
const DAY_MS = 86_400_000;

/** A key above every image's. */
export const AHEAD = byTaken ? `9999-12-31T23:59:59_${MOST_ID}` : MOST_ID;

/** The sort key of an image. Without a date taken, the time of the upload in UTC counts. */
export function keyOf(image: Image): string {
  if (!byTaken) return image.id;
  return `${(image.taken_at ?? new Date(madeAt(image.id)).toISOString()).slice(0, CLOCK)}_${image.id}`;
}

/** The day of a key, such as 2026-11-24. */
export function dayOf(key: string): string {
  return byTaken ? key.slice(0, "2019-07-14".length) : dayOfId(key);
}

/** The least key of a day. */
export function dayStart(day: string): string {
  return byTaken ? `${day}T00:00:00_${LEAST_ID}` : idAt(Date.parse(day));
}

/** The exclusive upper bound of a day's keys: the least key of the next day. */
export function dayEnd(day: string): string {
  return dayStart(new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10));
}

/** The next key: paging from it returns the image of `key` first. */
export function keyAfter(key: string): string {
  return byTaken ? `${key.slice(0, CLOCK + 1)}${idAfter(key.slice(CLOCK + 1))}` : idAfter(key);
}
