/** Live updates for pages that the server renders: fetches the page again and replaces the parts that changed. */

import { find } from "./dom";
import { showLocalTimes } from "./local-times";

/** Fetches a page, with times in the reader's zone. A redirect means that the session has ended: reloading leads to the
 * sign-in page. */
export async function fetchPage(address: string): Promise<Document> {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (answer.redirected) location.reload();
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  showLocalTimes(page);
  return page;
}

/** Replaces the content of `selector` if it differs. The focus stays on the element with the same id or position, or
 * moves to the part's heading. */
export function replacePart(selector: string, page: Document): void {
  const [part, fresh] = [find(selector), find(selector, page)];
  for (const name of Object.keys(fresh.dataset)) part.dataset[name] = fresh.dataset[name];
  // Details that were opened stay open, unless their number has changed.
  const details = part.querySelectorAll("details");
  const anew = fresh.querySelectorAll("details");
  if (details.length === anew.length) anew.forEach((one, i) => (one.open = details[i]?.open ?? one.open));
  if (part.innerHTML === fresh.innerHTML) return;
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const places = (): HTMLElement[] => [...part.querySelectorAll<HTMLElement>("a, button, summary, [tabindex]")];
  const at = focused ? places().indexOf(focused as HTMLElement) : -1;
  const left = part.querySelector(".scroll")?.scrollLeft ?? 0;
  part.replaceChildren(...fresh.childNodes);
  part.querySelector(".scroll")?.scrollTo({ left });
  if (!focused) return;
  const again = focused.id ? document.getElementById(focused.id) : places()[Math.min(at, places().length - 1)];
  (again ?? part.querySelector<HTMLElement>("[tabindex='-1']"))?.focus({ preventScroll: true });
}
