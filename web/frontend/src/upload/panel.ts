/** The panel of uploads: one bar for all, and each file with its own and its verdict. */

import { h, say } from "../dom";
import { icon, type IconName } from "../icons";
import { count, many, size } from "../words";
import type { Gate } from "./backoff";
import { type Item, isActive, type Sum, sumOf } from "./items";
import type { Queue } from "./queue";

const MOST_ROWS = 40;
const EVERY_MS = 120;
const ORDER: Item["fate"][] = ["refused", "failed", "lost", "sending", "resting", "waiting", "here", "added"];

export class Panel {
  readonly #title = h("strong");
  readonly #sub = h("span", { class: "sub" });
  readonly #all = h("progress", { max: 1, value: 0, "aria-label": "All uploads" });
  readonly #list = h("ul", { class: "files", "aria-label": "Files" });
  readonly #more = h("p", { class: "more" });
  readonly #told = h("p", { class: "unseen", role: "status", "aria-live": "polite" });
  readonly #now = h("button", { type: "button", class: "link", hidden: true, onclick: () => this.queue.gate.open() }, "Try now");
  readonly #cancel = h("button", { type: "button", class: "link", onclick: () => this.queue.cancelAll() }, "Cancel all");
  readonly #fold = h("button", { type: "button", class: "knob", "aria-label": "Details", "aria-expanded": "true", onclick: () => this.#toggle() }, icon("more"));
  readonly #close = h("button", { type: "button", class: "knob", "aria-label": "Close", onclick: () => this.queue.clear() }, icon("close"));
  readonly #body = h("div", { class: "body" }, this.#list, this.#more);
  readonly #panel = h(
    "section", { class: "uploads", "aria-label": "Uploads", hidden: true },
    h("header", {}, h("div", { class: "sum" }, this.#title, this.#sub), this.#now, this.#cancel, this.#fold, this.#close),
    this.#all, this.#body,
  );
  readonly #rows = new Map<Item, Row>();
  #timer = 0;
  #ended = true;

  constructor(readonly queue: Queue) {
    document.body.append(this.#panel, this.#told);
    addEventListener("beforeunload", (event) => this.queue.active && event.preventDefault());
  }

  /** Something has changed: shown soon, not each time. */
  changed(): void {
    this.#timer ||= window.setTimeout(() => this.#show(), EVERY_MS);
  }

  #toggle(): void {
    const open = this.#body.hidden;
    this.#body.hidden = !open;
    this.#fold.setAttribute("aria-expanded", String(open));
  }

  #show(): void {
    this.#timer = 0;
    const { items, gate } = this.queue;
    const sum = sumOf(items);
    this.#panel.hidden = sum.all === 0;
    document.documentElement.classList.toggle("uploading", sum.all > 0);
    if (!sum.all) return;
    const waiting = gate.shut && sum.active > 0;
    if (waiting) this.changed();
    say(this.#title, sum.active ? `Uploading ${count(Math.min(sum.all, sum.done + 1))} of ${count(sum.all)}` : ending(sum));
    say(this.#sub, waiting ? holding(gate) : sum.active ? `${size(sum.sent)} of ${size(sum.bytes)}` : beside(sum));
    this.#panel.classList.toggle("held", waiting);
    this.#panel.classList.toggle("trouble", !sum.active && sum.refused + sum.failed + sum.lost > 0);
    this.#now.hidden = !waiting;
    this.#cancel.hidden = !sum.active;
    this.#close.hidden = sum.active > 0;
    this.#all.value = sum.bytes ? sum.sent / sum.bytes : 1;
    this.#all.hidden = !sum.active;
    this.#tell(sum, waiting);
    this.#fill(items.filter(({ fate }) => fate !== "cancelled"));
  }

  #fill(items: Item[]): void {
    const ranked = items.map((item, i) => ({ item, rank: ORDER.indexOf(item.fate) * 1e6 + (isActive(item) ? i : items.length - i) }));
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
    say(this.#more, more ? `and ${many(more, "file")} more` : "");
  }

  /** For those who listen: the beginning, each quarter, and the end with its verdicts. */
  #tell(sum: Sum, held: boolean): void {
    if (held) say(this.#told, "Uploads wait for the network and go on by themselves.");
    else if (sum.active) {
      this.#ended = false;
      const quarter = Math.floor((4 * sum.done) / sum.all) * 25;
      say(this.#told, `Uploading ${many(sum.all, "file")}${quarter ? `, ${quarter} % done` : ""}.`);
    } else if (!this.#ended) {
      this.#ended = true;
      const refused = this.queue.items.filter(({ fate }) => fate === "refused" || fate === "failed").slice(0, 5);
      say(this.#told, `${ending(sum)}. ${beside(sum)} ${refused.map(({ name, why }) => `${name}: ${why}`).join(" ")}`);
    }
  }
}

class Row {
  readonly #mark = h("span", { class: "mark" });
  readonly #word = h("span", { class: "verdict" });
  readonly #bar: HTMLProgressElement;
  readonly #act = h("button", { type: "button", class: "knob small" });
  readonly element: HTMLLIElement;
  #shown = "";

  constructor(readonly item: Item, readonly queue: Queue) {
    this.#bar = h("progress", { max: Math.max(1, item.size), value: 0, "aria-label": item.name });
    this.#act.addEventListener("click", () => (item.fate === "failed" ? queue.retry(item) : queue.cancel(item)));
    this.element = h("li", {}, this.#mark, h("span", { class: "text" }, h("span", { class: "name", title: item.name }, item.name), this.#word, this.#bar), this.#act);
  }

  update(): void {
    const { item } = this;
    this.#bar.value = item.sent;
    const key = `${item.fate} ${item.why} ${item.link}`;
    if (key === this.#shown) return;
    this.#shown = key;
    this.element.className = item.fate;
    this.#bar.hidden = item.fate !== "sending";
    const marks: Partial<Record<Item["fate"], IconName>> = { added: "check", here: "link", refused: "warn", failed: "warn", lost: "warn", resting: "wait", waiting: "wait", sending: "up" };
    this.#mark.replaceChildren(icon(marks[item.fate] ?? "wait"));
    this.#word.replaceChildren(...verdict(item));
    const act = isActive(item) ? "Cancel" : item.fate === "failed" ? "Retry" : item.fate === "lost" ? "Dismiss" : "";
    this.#act.hidden = !act;
    this.#act.setAttribute("aria-label", `${act} ${item.name}`);
    this.#act.replaceChildren(icon(item.fate === "failed" ? "retry" : "close"));
  }
}

function verdict(item: Item): (Node | string)[] {
  const link = (text: string): HTMLElement => h("a", { href: item.link ?? "#", "data-image": item.link }, text);
  switch (item.fate) {
    case "added":
      return [link("Added")];
    case "here":
      return ["Already here: ", link("show it")];
    case "refused":
      return [item.why];
    case "failed":
      return [`Not sent. ${item.why}`];
    case "lost":
      return [item.why];
    case "resting":
      return [`Interrupted, goes on by itself. ${item.why}`];
    default:
      return [size(item.size)];
  }
}

const ending = (sum: Sum): string =>
  sum.added ? `${many(sum.added, "picture")} added` : sum.here ? `${many(sum.here, "picture")} already here` : "Nothing was added";

function beside(sum: Sum): string {
  const parts = [
    sum.added && sum.here ? `${count(sum.here)} already here` : "",
    sum.refused ? `${count(sum.refused)} refused` : "",
    sum.failed ? `${count(sum.failed)} not sent` : "",
    sum.lost ? `${count(sum.lost)} to choose again` : "",
  ];
  return parts.filter(Boolean).join(", ");
}

function holding({ opens, busy }: Gate): string {
  const seconds = Math.max(1, Math.ceil((opens - Date.now()) / 1000));
  if (!Number.isFinite(seconds)) return "No network. Goes on when it is back";
  return busy ? `The gallery is busy. Going on in ${seconds} s` : `Can’t reach the gallery. Trying again in ${seconds} s`;
}
