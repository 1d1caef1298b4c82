/** The order that the page is in: each image has a key in it, which is its position as the server writes it, and sorts
 * as text. By when they were added that is the id; by when they were taken, the clock on the wall before the id. */

import { start } from "./page";
import { dayOf as dayOfId, idAfter, idAt, type Image, madeAt } from "./records";

export const byTaken = start.query.sort === "taken";

const LEAST_ID = idAt(0);
const MOST_ID = "0fffffff-ffff-7fff-bfff-ffffffffffff";
const CLOCK = "2019-07-14T18:03:22".length;
const DAY_MS = 86_400_000;

/** Above all that can be. */
export const AHEAD = byTaken ? `9999-12-31T23:59:59_${MOST_ID}` : MOST_ID;

/** What is not known to be taken at a time counts by when it was added, in UTC. */
export function keyOf(image: Image): string {
  if (!byTaken) return image.id;
  return `${(image.taken_at ?? new Date(madeAt(image.id)).toISOString()).slice(0, CLOCK)}_${image.id}`;
}

/** The day of a key, as 2026-11-24. */
export function dayOf(key: string): string {
  return byTaken ? key.slice(0, "2019-07-14".length) : dayOfId(key);
}

/** The least key of a day. */
export function dayStart(day: string): string {
  return byTaken ? `${day}T00:00:00_${LEAST_ID}` : idAt(Date.parse(day));
}

/** A key above all of a day's, and at most the next day's least. */
export function dayEnd(day: string): string {
  return dayStart(new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10));
}

/** The key that follows: what to page from so that the image of `key` itself comes first. */
export function keyAfter(key: string): string {
  return byTaken ? `${key.slice(0, CLOCK + 1)}${idAfter(key.slice(CLOCK + 1))}` : idAfter(key);
}
