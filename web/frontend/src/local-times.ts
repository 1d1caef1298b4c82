/** Local times on pages that the server renders: it writes UTC, because it does not know the reader's zone. */

import { when } from "./words";

/** Shows each time in the reader's zone and format; the title keeps the UTC time. */
export function showLocalTimes(within: ParentNode): void {
  for (const time of within.querySelectorAll("time")) {
    // A newer release may use another format.
    if (Number.isNaN(Date.parse(time.dateTime))) continue;
    time.title = time.textContent;
    time.textContent = when(time.dateTime);
  }
}
