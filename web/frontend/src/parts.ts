/** Pages that the server renders: what has changed in them is replaced. */

import { find } from "./dom";
import { showLocalTimes } from "./local-times";

/** The page of an address as the server has it now, with times as people read them; an ended session is asked to sign in again. */
export async function fetchPage(address: string): Promise<Document> {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (answer.redirected) location.reload();
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  showLocalTimes(page);
  return page;
}

/** Replaces what `selector` finds if it differs. The focus stays on the element with the same id or in the same place,
 * or goes to the part's heading. */
export function replacePart(selector: string, page: Document): void {
  const [part, fresh] = [find(selector), find(selector, page)];
  for (const name of Object.keys(fresh.dataset)) part.dataset[name] = fresh.dataset[name];
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
