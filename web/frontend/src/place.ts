/** Keeps the scroll position in the address, so that reloading, sharing and the back button return to the same rows. */

import type { Grid } from "./grid";
import { keyAfter } from "./order";
import { address } from "./query";

const REST_MS = 250;

export function keepPlace(grid: Grid, free: () => boolean): void {
  let timer = 0;
  addEventListener(
    "scroll",
    () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => {
        if (!free()) return;
        const address = addressOf(grid);
        if (address !== location.pathname + location.search) history.replaceState(history.state, "", address);
      }, REST_MS);
    },
    { passive: true },
  );
}

/** The address of the rows in view. */
export function addressOf(grid: Grid): string {
  const first = scrollY > 40 ? grid.first() : null;
  const key = first && grid.timeline.keyOf(first);
  const query = new URLSearchParams({ ...address, ...(key ? { before: keyAfter(key) } : {}) });
  return query.size ? `/?${query}` : "/";
}
