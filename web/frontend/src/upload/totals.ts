/** Summaries of all uploads as text. */

import { count, many, size } from "../words";
import type { Gate } from "./backoff";
import type { Totals } from "./items";

export const title = (sum: Totals): string =>
  sum.active ? `Uploading ${count(Math.min(sum.all, sum.done + 1))} of ${count(sum.all)}` : ending(sum);

export const ending = (sum: Totals): string =>
  sum.added ? `${many(sum.added, "picture")} added` : sum.here ? `${many(sum.here, "picture")} already here` : "Nothing was added";

export function beside(sum: Totals): string {
  const parts = [
    sum.added && sum.here ? `${count(sum.here)} already here` : "",
    sum.refused ? `${count(sum.refused)} refused` : "",
    sum.failed ? `${count(sum.failed)} not sent` : "",
    sum.lost ? `${count(sum.lost)} to choose again` : "",
  ];
  return parts.filter(Boolean).join(", ");
}

/** The line below the title: progress, what the uploads wait for, or the other results. */
export function subtitle(sum: Totals, gate: Gate | null): string {
  if (!gate) return sum.active ? `${size(sum.sent)} of ${size(sum.bytes)}` : beside(sum);
  const seconds = Math.max(1, Math.ceil((gate.opensAt - Date.now()) / 1000));
  if (!Number.isFinite(seconds)) return "No network. Continues when it is back";
  return gate.busy ? `The gallery is busy. Continuing in ${seconds} s` : `Can’t reach the gallery. Trying again in ${seconds} s`;
}
