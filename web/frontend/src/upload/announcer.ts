/** Announces uploads to screen readers: the start, each quarter, and the results. */

import { h } from "../dom";
import { many } from "../words";
import type { Item, Totals } from "./items";
import { beside, ending } from "./totals";

const MANY = 8;
const PAUSE_MS = 80;
const MOST_REASONS = 5;

export class Announcer {
  readonly element = h("p", { class: "unseen", role: "status", "aria-live": "polite" });
  #said = "";
  #timer = 0;

  tell(sum: Totals, batch: number, items: readonly Item[], held: boolean): void {
    if (held) this.#announce(`${batch} held`, "Uploads wait for the gallery and continue automatically.");
    else if (sum.active) {
      const quarter = sum.all < MANY ? 0 : Math.floor((4 * sum.done) / sum.all) * 25;
      this.#announce(`${batch} ${sum.all} ${quarter}`, `Uploading ${many(sum.all, "file")}${quarter ? `, ${quarter} % done` : ""}.`);
    } else {
      const refused = items.filter(({ state, old }) => !old && (state === "refused" || state === "failed")).slice(0, MOST_REASONS);
      const words = [`${ending(sum)}.`, beside(sum) && `${beside(sum)}.`, ...refused.map(({ name, why }) => `${name}: ${why}`)];
      this.#announce(`${batch} ended ${JSON.stringify(sum)}`, words.filter(Boolean).join(" "));
    }
  }

  /** Announces each event (`what`) once. Clears the text first, so that the same words are announced again for another
   * event. */
  #announce(what: string, words: string): void {
    if (what === this.#said) return;
    this.#said = what;
    this.element.textContent = "";
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => (this.element.textContent = words), PAUSE_MS);
  }
}
