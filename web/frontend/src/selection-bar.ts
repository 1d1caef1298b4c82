/** The bar that takes the place of the page's while images are picked. */

import * as api from "./api";
import { h } from "./dom";
import { icon } from "./icons";
import { mayChange } from "./page";
import { fileOf } from "./records";
import type { Selection } from "./selection";
import type { Timeline } from "./timeline";
import { toast } from "./toast";
import { count, many } from "./words";

/** The most images in one archive, as the server has it. */
const MOST_ZIPPED = 1000;

export class PickedBar {
  readonly #count = h("strong", { role: "status" });
  readonly #retry = this.#button("retry", "Retry", () => void this.#again());
  readonly #bar: HTMLElement;

  constructor(
    readonly timeline: Timeline,
    readonly selection: Selection,
    readonly remove: () => void,
  ) {
    const close = h("button", { type: "button", class: "knob", "aria-label": "Clear the selection", onclick: () => selection.clear() }, icon("close"));
    this.#bar = h(
      "div", { class: "picked", role: "toolbar", "aria-label": "Selected pictures", hidden: true },
      close, this.#count, mayChange && this.#retry,
      this.#button("download", "Download", () => this.#download()),
      mayChange && this.#button("trash", "Delete", remove),
    );
    document.querySelector(".bar")?.append(this.#bar);
  }

  show(): void {
    const { ids } = this.selection;
    this.#bar.hidden = ids.size === 0;
    document.documentElement.classList.toggle("picking", ids.size > 0);
    if (!ids.size) return;
    this.#count.textContent = `${count(ids.size)} selected`;
    this.#retry.hidden = !this.#failed().length;
  }

  #button(name: "retry" | "download" | "trash", label: string, run: () => void): HTMLButtonElement {
    return h("button", { type: "button", class: "button quiet", onclick: run }, icon(name), h("span", { class: "word" }, label));
  }

  #failed(): string[] {
    return [...this.selection.ids].filter((id) => this.timeline.images.get(id)?.state === "failed");
  }

  async #again(): Promise<void> {
    const ids = this.#failed();
    this.selection.clear();
    const answers = await Promise.allSettled(ids.map((id) => api.retry(id)));
    const refused = answers.filter((answer) => answer.status === "rejected").length;
    if (refused) toast(`${many(refused, "picture")} could not be retried.`);
  }

  #download(): void {
    const ids = [...this.selection.ids];
    if (ids.length > MOST_ZIPPED) {
      toast(`One archive holds up to ${count(MOST_ZIPPED)} pictures. Select fewer.`);
      return;
    }
    if (ids.length === 1) {
      const image = this.timeline.images.get(ids[0] ?? "");
      if (image) h("a", { href: fileOf(image), download: image.name }).click();
    } else {
      const form = h("form", { method: "post", action: "/api/zip", hidden: true }, ...ids.map((id) => h("input", { type: "hidden", name: "id", value: id })));
      document.body.append(form);
      form.submit();
      form.remove();
    }
    this.selection.clear();
  }
}
