/** The page's search and filters, as the server parsed them. */

import { byTaken, dayOf, keyOf } from "./order";
import { start } from "./page";
import type { Image } from "./records";

const { words, possible, state, format, first, last } = start.query;

/** Whether the page shows search results, and not the whole gallery. */
export const filtered = words.length > 0 || !!(state || format || first || last);

/** The API parameters for the same images in the same order. */
export const asked: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({ sort: byTaken ? "taken" : null, q: words.join(" "), state, format, from: first, to: last }).filter((pair): pair is [string, string] => !!pair[1]),
);

/** The parameters of the page's address, without the scroll position. */
export const address: Readonly<Record<string, string>> = Object.fromEntries(
  location.pathname === "/" ? [...new URLSearchParams(location.search)].filter(([name]) => ["q", "sort", "state", "format", "from", "to"].includes(name)) : [],
);

/** Folds text for comparison as the server does: no case, no accents. */
function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().normalize("NFKC");
}

/** Whether a new image matches the search. */
export function matches(image: Image): boolean {
  const day = dayOf(keyOf(image));
  const text = [fold(image.name), fold(image.camera ?? "")];
  return (
    possible && (!state || image.state === state) && (!format || image.format === format) && (!first || day >= first) && (!last || day <= last) &&
    words.every((word) => text.some((part) => part.includes(fold(word))))
  );
}
