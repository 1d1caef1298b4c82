/** A row of the upload panel: preview, progress and result of one file. */

import { h } from "../dom";
import { icon, type IconName } from "../icons";
import { previewOf } from "../previews";
import { size } from "../words";
import { type Item, isActive } from "./items";
import type { Queue } from "./queue";

const MARKS: Partial<Record<Item["state"], IconName>> = { added: "check", here: "link", refused: "warn", failed: "warn", lost: "warn", resting: "wait", waiting: "wait", sending: "up" };

export class Row {
  readonly #word = h("span", { class: "verdict" });
  readonly #bar: HTMLProgressElement;
  readonly #act = h("button", { type: "button", class: "knob small" });
  readonly element: HTMLLIElement;
  #shown = "";
  #top = -1;
  #height = 0;

  constructor(readonly item: Item, readonly queue: Queue) {
    this.#bar = h("progress", { max: Math.max(1, item.size), value: 0, "aria-label": item.name });
    this.#act.addEventListener("click", () => (item.state === "failed" ? queue.retry(item) : queue.cancel(item)));
    const text = h("span", { class: "text" }, h("span", { class: "name", title: item.name }, item.name), this.#word, this.#bar);
    const thumb = h("span", { class: "thumb" }, icon("pictures"));
    this.element = h("li", {}, thumb, text, this.#act);
    if (item.data) void previewOf(item.data).then((src) => src && thumb.replaceChildren(h("img", { src, alt: "" })));
  }

  /** The height in pixels, measured again after the text has changed: measuring lays out the whole page. */
  get height(): number {
    return (this.#height ||= this.element.offsetHeight);
  }

  /** Call when the panel's width has changed. */
  resized(): void {
    this.#height = 0;
  }

  /** Moves the row to `top`, by a transform, which causes no layout shift. */
  place(top: number): void {
    if (top !== this.#top) this.element.style.transform = `translateY(${top}px)`;
    this.#top = top;
  }

  update(): void {
    const { item } = this;
    this.#bar.value = item.sent;
    const key = `${item.state} ${item.why} ${item.link}`;
    if (key === this.#shown) return;
    this.#shown = key;
    this.#height = 0;
    this.element.className = item.state;
    this.#bar.hidden = item.state !== "sending";
    this.#word.replaceChildren(icon(MARKS[item.state] ?? "wait"), h("span", {}, ...verdict(item)));
    const act = isActive(item) ? "Cancel" : item.state === "failed" ? "Retry" : item.state === "lost" ? "Dismiss" : "";
    this.#act.hidden = !act;
    this.#act.setAttribute("aria-label", `${act} ${item.name}`);
    this.#act.replaceChildren(icon(item.state === "failed" ? "retry" : "close"));
  }
}

function verdict(item: Item): (Node | string)[] {
  const link = (text: string): HTMLElement => h("a", { href: item.link ?? "#", "data-image": item.link }, text);
  switch (item.state) {
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
      return [`Interrupted, continues automatically. ${item.why}`];
    default:
      return [size(item.size)];
  }
}
