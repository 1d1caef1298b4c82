/** The upload panel: total progress, and each file with its progress or result. */

import { h, setText } from "../dom";
import { icon } from "../icons";
import { titleWork } from "../title";
import { count, many } from "../words";
import { Announcer } from "./announcer";
import { type Item, isActive, type Totals, totalsOf } from "./items";
import type { Queue } from "./queue";
import { Row } from "./row";
import { ending, subtitle, title } from "./totals";

const MOST_ROWS = 40;
const EVERY_MS = 120;
/** How long the panel stays after success, and if duplicates were found, whose links are worth a look. */
const STAYS_MS = 6000;
const LOOK_MS = 12_000;
const ORDER: Item["state"][] = ["refused", "failed", "lost", "sending", "resting", "waiting", "here", "added"];

export class Panel {
  readonly #title = h("strong");
  readonly #sub = h("span", { class: "sub" });
  readonly #all = h("progress", { max: 1, value: 0, "aria-label": "All uploads" });
  readonly #list = h("ul", { class: "files", "aria-label": "Files" });
  readonly #more = h("p", { class: "more" });
  readonly #announcer = new Announcer();
  readonly #now = h("button", { type: "button", class: "link", hidden: true, onclick: () => this.queue.gate.open() }, "Try now");
  readonly #cancel = h("button", { type: "button", class: "link", onclick: () => this.queue.cancelAll() }, "Cancel all");
  readonly #fold = h("button", { type: "button", class: "knob", "aria-label": "Details", "aria-expanded": "true", onclick: () => this.#toggle() }, icon("more"));
  readonly #close = h("button", { type: "button", class: "knob", "aria-label": "Close", onclick: () => this.#dismiss() }, icon("close"));
  readonly #body = h("div", { class: "body" }, this.#list, this.#more);
  readonly #panel = h(
    "section", { class: "uploads", "aria-label": "Uploads", hidden: true },
    h("header", {}, h("div", { class: "sum" }, this.#title, this.#sub), this.#now, this.#cancel, this.#fold, this.#close),
    this.#all, this.#body,
  );
  readonly #rows = new Map<Item, Row>();
  #timer = 0;
  #leaving = 0;
  #batch = -1;
  #height = 0;
  #width = 0;
  #working = false;

  constructor(readonly queue: Queue) {
    document.body.append(this.#panel, this.#announcer.element);
    document.addEventListener("visibilitychange", () => document.hidden || this.#working || titleWork(""));
    addEventListener("beforeunload", (event) => this.queue.active && event.preventDefault());
    new ResizeObserver(() => this.#resized()).observe(this.#list);
  }

  /** Schedules an update; many changes share one. */
  changed(): void {
    this.#timer ||= window.setTimeout(() => this.#show(), EVERY_MS);
  }

  /** Measures the rows anew if their width has changed: their texts may break differently now. */
  #resized(): void {
    const width = this.#list.clientWidth;
    if (width === this.#width) return;
    this.#width = width;
    for (const row of this.#rows.values()) row.resized();
    if (!this.#panel.hidden) this.changed();
  }

  #toggle(open = this.#body.hidden): void {
    this.#body.hidden = !open;
    this.#fold.setAttribute("aria-expanded", String(open));
    if (open) this.changed();
  }

  #show(): void {
    this.#timer = 0;
    const { items, gate, batch } = this.queue;
    const sum = totalsOf(items);
    const listed = items.filter(({ state }) => state !== "cancelled");
    this.#panel.hidden = listed.length === 0;
    document.documentElement.classList.toggle("uploading", listed.length > 0);
    if (!listed.length) return this.#end();
    if (batch !== this.#batch) this.#begin(batch);
    const waiting = gate.shut && sum.active > 0;
    if (waiting) this.changed();
    setText(this.#title, title(sum));
    setText(this.#sub, subtitle(sum, waiting ? gate : null));
    const trouble = !sum.active && sum.refused + sum.failed + sum.lost > 0;
    this.#panel.classList.toggle("held", waiting);
    this.#panel.classList.toggle("trouble", trouble);
    this.#now.hidden = !waiting;
    this.#cancel.hidden = !sum.active;
    this.#close.hidden = sum.active > 0;
    this.#all.value = sum.bytes ? sum.sent / sum.bytes : 1;
    this.#all.classList.toggle("done", !sum.active);
    this.#announcer.tell(sum, batch, items, waiting);
    this.#entitle(sum, trouble);
    this.#fill(listed);
    this.#leave(sum, trouble);
  }

  /** Shows progress in the tab's title, and the result if the tab is hidden. */
  #entitle(sum: Totals, trouble: boolean): void {
    const done = this.#working && document.hidden ? `${trouble ? "!" : "✓"} ${ending(sum)}` : "";
    if (sum.active) titleWork(`${count(sum.done)} of ${count(sum.all)}`);
    else if (this.#working) titleWork(done);
    this.#working = sum.active > 0;
  }

  /** Empties the list after the last file is gone. */
  #end(): void {
    if (this.#working) titleWork("");
    this.#working = false;
    clearTimeout(this.#leaving);
    this.#leaving = 0;
    this.#fill([]);
  }

  /** Starts a new batch. On phones the list starts folded, so that it does not cover the pictures. */
  #begin(batch: number): void {
    this.#batch = batch;
    this.#height = 0;
    this.#toggle(!matchMedia("(max-width: 34rem)").matches);
  }

  #fill(items: Item[]): void {
    const ranked = items.map((item, i) => ({ item, rank: ORDER.indexOf(item.state) * 1e6 + (isActive(item) ? i : items.length - i) }));
    const shown = ranked.sort((a, b) => a.rank - b.rank).slice(0, MOST_ROWS).map(({ item }) => item);
    const wanted = new Set(shown);
    for (const [item, row] of this.#rows) {
      if (wanted.has(item)) continue;
      row.element.remove();
      this.#rows.delete(item);
    }
    let cursor = this.#list.firstElementChild;
    for (const item of shown) {
      let row = this.#rows.get(item);
      if (!row) this.#rows.set(item, (row = new Row(item, this.queue)));
      row.update();
      if (row.element === cursor) cursor = cursor.nextElementSibling;
      else this.#list.insertBefore(row.element, cursor);
    }
    const more = items.length - shown.length;
    setText(this.#more, more ? `and ${many(more, "file")} more` : "");
    this.#place(shown);
  }

  /** Stacks the rows. The list does not shrink while a batch is active, so that the panel does not jump. */
  #place(shown: readonly Item[]): void {
    if (this.#body.hidden) return;
    const rows = shown.flatMap((item) => this.#rows.get(item) ?? []);
    // Measure all rows before moving any: one layout pass instead of one per row.
    const heights = rows.map((row) => row.height);
    let end = 0;
    for (const [i, row] of rows.entries()) {
      row.place(end);
      end += heights[i] ?? 0;
    }
    this.#height = this.queue.active ? Math.max(this.#height, end) : end;
    this.#list.style.blockSize = `${this.#height}px`;
  }

  /** Schedules closing after success; failures stay until the user closes the panel. */
  #leave(sum: Totals, trouble: boolean): void {
    if (sum.active || trouble) {
      clearTimeout(this.#leaving);
      this.#leaving = 0;
    } else this.#leaving ||= window.setTimeout(() => this.#left(), sum.here ? LOOK_MS : STAYS_MS);
  }

  /** Closes the panel unless the user is on it. */
  #left(): void {
    this.#leaving = 0;
    if (this.#panel.matches(":hover, :focus-within")) this.changed();
    else this.#dismiss();
  }

  /** Closes the panel at once, so that files of a new batch are never closed along with it. */
  #dismiss(): void {
    this.queue.clear();
    clearTimeout(this.#timer);
    this.#show();
  }
}
