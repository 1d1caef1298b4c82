/** How many images a search has found, beside its heading. */

import { setText } from "./dom";
import type { Timeline } from "./timeline";
import { count, many } from "./words";

const place = document.querySelector<HTMLElement>("#found");

/** Shows the number of images; a plus means that there are more than are loaded. */
export function showFound(timeline: Timeline): void {
  if (!place || !timeline.counted) return;
  const { goesOn, total } = timeline;
  setText(place, !total ? "" : goesOn ? `${count(total)}+ pictures` : many(total, "picture"));
}
