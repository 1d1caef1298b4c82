/** The sticky heading below the bar: the day in view. The heading of the next day pushes it out. */

import { h, setText } from "./dom";
import { HEAD, type DayBox } from "./layout";
import { count, dayName } from "./words";

export class DayHeader {
  readonly #title = h("span");
  readonly #counted = h("small");
  readonly element = h("div", { class: "strip", "aria-hidden": "true", hidden: true }, this.#title, this.#counted);

  /** Shows the day at `edge`, in pixels from the top of the grid. */
  show(day: DayBox | undefined, edge: number): void {
    const stuck = day !== undefined && edge > day.top;
    if (this.element.hidden === stuck) this.element.hidden = !stuck;
    if (!stuck) return;
    setText(this.#title, dayName(day.day.day));
    setText(this.#counted, count(day.count));
    const pushed = Math.min(0, day.top + day.height - edge - HEAD);
    this.element.style.transform = pushed ? `translateY(${pushed}px)` : "";
  }
}
