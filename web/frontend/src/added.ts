/** The button that counts the images added outside the viewport and scrolls to them. */

import { h, setText } from "./dom";
import type { Grid } from "./grid";
import { dayOf } from "./order";
import { count } from "./words";

const SOON_MS = 150;

export class Added {
  /** Sort keys by image id. */
  readonly #unseen = new Map<string, string>();
  readonly #words = h("span");
  readonly #arrow = h("span", { "aria-hidden": "true" });
  readonly #button = h("button", { type: "button", class: "added", onclick: () => this.#go() }, this.#arrow, this.#words);
  readonly #corner = h("div", { class: "added-corner", role: "status", "aria-live": "polite" });
  #timer = 0;

  constructor(readonly grid: Grid) {
    document.body.append(this.#corner);
    addEventListener("scroll", () => this.soon(), { passive: true });
  }

  /** Counts an image that was added or moved, unless it is in view. */
  note(id: string, key: string): void {
    this.#unseen.set(id, key);
    this.soon();
  }

  forget(id: string): void {
    if (this.#unseen.delete(id)) this.soon();
  }

  /** Schedules an update: the viewport or the images may have changed. */
  soon(): void {
    if (this.#unseen.size || this.#button.isConnected) this.#timer ||= window.setTimeout(() => this.#look(), SOON_MS);
  }

  #look(): void {
    this.#timer = 0;
    for (const id of this.#unseen.keys()) if (this.grid.isInView(id)) this.#unseen.delete(id);
    if (!this.#unseen.size) return this.#button.remove();
    const nearest = this.#next();
    this.#arrow.textContent = nearest !== null && this.#yOf(nearest) > this.grid.edge ? "↓" : "↑";
    setText(this.#words, `${count(this.#unseen.size)} added`);
    if (!this.#button.isConnected) this.#corner.append(this.#button);
  }

  /** The id that sorts first. */
  #next(): string | null {
    return [...this.#unseen].sort(([, one], [, other]) => (one < other ? 1 : -1))[0]?.[0] ?? null;
  }

  /** The vertical position of an image, or of its day while the image is not loaded. */
  #yOf(id: string): number {
    const found = this.grid.locate(id);
    if (found) return found.y;
    const day = dayOf(this.#unseen.get(id) ?? "");
    return this.grid.layout.days.find((box) => box.day.day <= day)?.top ?? 0;
  }

  #go(): void {
    const id = this.#next();
    if (id && !this.grid.show(id)) this.grid.scrollTo(this.#yOf(id));
    if (id) this.#unseen.delete(id);
    this.grid.draw();
    if (id) this.grid.tiles.get(id)?.link.focus({ preventScroll: true });
    this.soon();
  }
}
