/** What the page was asked for: which images, as the server understood it. */

import { byTaken, dayOf, keyOf } from "./order";
import { start } from "./page";
import type { Image } from "./records";

const { words, possible, state, format, first, last } = start.query;

/** Whether the page shows some images, and not all. */
export const filtered = words.length > 0 || !!(state || format || first || last);

/** The parameters of the API for the same images in the same order. */
export const asked: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({ sort: byTaken ? "taken" : null, q: words.join(" "), state, format, from: first, to: last }).filter((pair): pair is [string, string] => !!pair[1]),
);

/** The parameters of this page's own address, without the place in it. */
export const address: Readonly<Record<string, string>> = Object.fromEntries(
  location.pathname === "/" ? [...new URLSearchParams(location.search)].filter(([name]) => ["q", "sort", "state", "format", "from", "to"].includes(name)) : [],
);

/** Text to compare by, as the server does: without case and accents. */
function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().normalize("NFKC");
}

/** Whether an image that comes in now belongs here. */
export function matches(image: Image): boolean {
  const day = dayOf(keyOf(image));
  const text = [fold(image.name), fold(image.camera ?? "")];
  return (
    possible && (!state || image.state === state) && (!format || image.format === format) && (!first || day >= first) && (!last || day <= last) &&
    words.every((word) => text.some((part) => part.includes(fold(word))))
  );
}
