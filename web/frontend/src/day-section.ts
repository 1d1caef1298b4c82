/** A day of the grid: its heading, its checkbox, and the list of its tiles. */

import { h, setText } from "./dom";
import { icon } from "./icons";
import { type DayBox, HEAD, type RunBox } from "./layout";
import { GAP } from "./rows";
import { count, dayName } from "./words";

export class DaySection {
  readonly list: HTMLUListElement;
  readonly element: HTMLElement;
  readonly #title: HTMLElement;
  readonly #counted = h("small");
  readonly #tick: HTMLElement;
  readonly #head: HTMLElement;

  /** `day` is a date such as 2026-11-24. `tick` is called when the user selects or deselects the day. */
  constructor(
    readonly day: string,
    tick: () => void,
  ) {
    const id = `day-${day}`;
    this.#title = h("span", { id });
    this.list = h("ul", { "aria-labelledby": id });
    this.#tick = h("button", { type: "button", class: "day-tick", onclick: tick }, icon("check"));
    this.#head = h("div", { class: "head" }, h("h2", {}, this.#title, this.#counted), this.#tick);
    this.element = h("section", { class: "day" }, this.#head, this.list);
  }

  /** Positions of tiles are relative to `origin`; the section is drawn `shift` pixels above its place in the layout. */
  update(box: DayBox, origin: number, shift: number, ticked: boolean): void {
    const name = dayName(this.day);
    if (this.#title.textContent !== name) {
      this.#title.textContent = name;
      this.#tick.setAttribute("aria-label", `Select all of ${name}`);
    }
    if (this.#tick.getAttribute("aria-pressed") !== String(ticked)) this.#tick.setAttribute("aria-pressed", String(ticked));
    setText(this.#counted, count(box.count));
    this.element.style.transform = `translateY(${origin - shift}px)`;
    this.#head.style.transform = origin > box.top ? `translateY(${box.top - origin}px)` : "";
  }
}

/** The placeholder for a run that is not loaded: empty tiles of a typical shape, `target` pixels high. */
export class Blank {
  readonly element = h("li", { class: "blank", "aria-hidden": "true" });

  place(box: RunBox, origin: number, target: number): void {
    const { style } = this.element;
    style.transform = `translateY(${box.top - origin - HEAD}px)`;
    style.height = `${box.height - GAP}px`;
    style.backgroundSize = `${Math.round(target * 1.4) + GAP}px ${target + GAP}px`;
  }
}
