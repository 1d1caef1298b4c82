/** Times on pages that the server renders: it writes them in UTC, and people read them by their own clock. */

import { when } from "./words";

/** Shows each time in the reader's zone and manner; the one in UTC is its title. */
export function showLocalTimes(within: ParentNode): void {
  for (const time of within.querySelectorAll("time")) {
    // a newer release may write it in another way
    if (Number.isNaN(Date.parse(time.dateTime))) continue;
    time.title = time.textContent;
    time.textContent = when(time.dateTime);
  }
}
