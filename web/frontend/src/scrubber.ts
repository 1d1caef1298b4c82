/** The scrubber: a slider beside a long gallery that jumps to any day. */

import { h } from "./dom";
import type { Grid } from "./grid";
import { dayInFull, monthName } from "./words";

/** The scrubber is shown if the pictures fill more than `LONG` screens, and hidden below `SHORT`: it takes width from the grid,
 * whose height changes with that. */
const LONG = 4;
const SHORT = 3.5;
const APART = 22;

export class Scrubber {
  readonly #thumb = h("span", { class: "thumb" });
  readonly #label = h("span", { class: "label" });
  readonly #ticks = h("span", { class: "ticks", "aria-hidden": "true" });
  readonly element = h(
    "div", { class: "scrubber", role: "slider", tabindex: "0", "aria-label": "Jump to a day", "aria-orientation": "vertical", hidden: true },
    this.#ticks, this.#thumb, this.#label,
  );
  #marked = 0;
  #track = 0;
  #idle = 0;
  #frame = 0;

  constructor(readonly grid: Grid) {
    document.body.append(this.element);
    addEventListener("scroll", () => this.#follow(), { passive: true });
    addEventListener("resize", () => ((this.#marked = 0), this.update()));
    new ResizeObserver(() => this.soon()).observe(grid.element);
    this.element.addEventListener("pointerdown", (event) => this.#drag(event));
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Call when the timeline has changed and the grid knows: follows in the next frame, once, after the grid is drawn. */
  soon(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.update());
  }

  /** Call when the layout has changed. */
  update(): void {
    const { layout } = this.grid;
    const long = layout.height > innerHeight * (this.element.hidden ? LONG : SHORT);
    this.element.hidden = !long;
    document.documentElement.classList.toggle("long", long);
    if (!long) return;
    if (Math.abs(layout.height - this.#marked) > 1) this.#mark();
    this.#follow(false);
  }

  #mark(): void {
    const { layout } = this.grid;
    this.#marked = layout.height;
    const track = (this.#track = this.element.clientHeight);
    const marks: HTMLElement[] = [];
    let last = -APART;
    let shown = "";
    for (const day of layout.days) {
      const y = (day.top / layout.height) * track;
      const name = monthName(day.day.day);
      if (name === shown || y - last < APART || y > track - 12) continue;
      const mark = h("span", {}, name);
      mark.style.transform = `translateY(${y}px)`;
      marks.push(mark);
      shown = name;
      last = y;
    }
    this.#ticks.replaceChildren(...marks);
  }

  #follow(moving = true): void {
    if (this.element.hidden) return;
    const { layout } = this.grid;
    const edge = Math.max(0, this.grid.edge);
    const part = Math.min(1, edge / Math.max(1, layout.height - innerHeight + 64));
    const at = layout.dayAt(edge);
    const day = layout.days[Math.min(at, layout.days.length - 1)];
    const y = part * this.#track;
    this.#thumb.style.transform = `translateY(${y}px)`;
    this.#label.style.transform = `translateY(${y}px)`;
    const text = day ? dayInFull(day.day.day) : "";
    if (this.#label.textContent !== text) this.#label.textContent = text;
    this.element.setAttribute("aria-valuemin", "1");
    this.element.setAttribute("aria-valuemax", String(layout.days.length));
    this.element.setAttribute("aria-valuenow", String(Math.min(at + 1, layout.days.length)));
    this.element.setAttribute("aria-valuetext", text);
    if (!moving) return;
    this.element.classList.add("moving");
    clearTimeout(this.#idle);
    this.#idle = window.setTimeout(() => this.element.classList.remove("moving"), 900);
  }

  #drag(event: PointerEvent): void {
    if (event.button !== 0) return;
    event.preventDefault();
    this.element.focus({ preventScroll: true });
    this.element.setPointerCapture(event.pointerId);
    const to = (moved: PointerEvent): void => {
      const box = this.element.getBoundingClientRect();
      const part = Math.min(1, Math.max(0, (moved.clientY - box.top) / box.height));
      this.grid.scrollTo(part * (this.grid.layout.height - innerHeight + 64));
    };
    to(event);
    this.element.addEventListener("pointermove", to);
    const end = (): void => this.element.removeEventListener("pointermove", to);
    this.element.addEventListener("pointerup", end, { once: true });
    this.element.addEventListener("pointercancel", end, { once: true });
  }

  #key(event: KeyboardEvent): void {
    const { days } = this.grid.layout;
    const at = Math.min(this.grid.layout.dayAt(Math.max(0, this.grid.edge)), days.length - 1);
    const steps: Record<string, number> = { ArrowUp: at - 1, ArrowDown: at + 1, PageUp: at - 30, PageDown: at + 30, Home: 0, End: days.length - 1 };
    const to = steps[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const day = days[Math.min(days.length - 1, Math.max(0, to))];
    if (day) this.grid.scrollTo(day.top + (to <= 0 ? -100 : 1));
  }
}
