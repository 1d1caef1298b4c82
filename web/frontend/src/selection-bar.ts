/** The selection bar, shown in place of the page's bar while images are selected. */

import * as api from "./api";
import { h } from "./dom";
import { icon } from "./icons";
import { mayChange } from "./page";
import { asked } from "./query";
import { fileOf } from "./records";
import type { Selection } from "./selection";
import type { Timeline } from "./timeline";
import { toast } from "./toast";
import { count, many } from "./words";

/** The server's limit of images per archive. */
const MOST_ZIPPED = 1000;

export class SelectionBar {
  readonly #count = h("strong", { role: "status" });
  readonly #rest = h("button", { type: "button", class: "link", hidden: true, onclick: () => void this.everything() });
  readonly #retry = this.#button("retry", "Retry", () => void this.#again());
  readonly #bar: HTMLElement;

  constructor(
    readonly timeline: Timeline,
    readonly selection: Selection,
    readonly remove: () => void,
    readonly retried: (ids: readonly string[]) => void,
  ) {
    const close = h("button", { type: "button", class: "knob", "aria-label": "Clear the selection", onclick: () => selection.clear() }, icon("close"));
    this.#bar = h(
      "div", { class: "picked", role: "toolbar", "aria-label": "Selected pictures", hidden: true },
      close, h("div", { class: "counted" }, this.#count, this.#rest), mayChange && this.#retry,
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
    const { total } = this.timeline;
    const partial = this.selection.partial && (ids.size < total || this.timeline.goesOn);
    const open = this.timeline.goesOn;
    this.#count.textContent = partial && !open ? `${count(ids.size)} of ${count(total)} selected` : `${count(ids.size)} selected`;
    this.#rest.hidden = !partial;
    this.#rest.textContent = open ? "Select all" : `Select all ${count(total)}`;
    this.#retry.hidden = !this.#failed().length;
  }

  /** Selects every image, loaded or not. */
  async everything(): Promise<void> {
    this.#rest.disabled = true;
    try {
      this.selection.add(await api.ids(asked));
    } catch (error) {
      toast(error instanceof Error ? error.message : "Not all could be selected.");
    }
    this.#rest.disabled = false;
  }

  #button(name: "retry" | "download" | "trash", label: string, run: () => void): HTMLButtonElement {
    return h("button", { type: "button", class: "button quiet", onclick: run }, icon(name), h("span", { class: "word" }, label));
  }

  /** The selected images that failed or may have: the state of unloaded ones is known only to the server. */
  #failed(): string[] {
    const { images } = this.timeline;
    return [...this.selection.ids].filter((id) => (images.get(id)?.state ?? "failed") === "failed");
  }

  async #again(): Promise<void> {
    const ids = this.#failed();
    this.selection.clear();
    this.retried(ids);
    try {
      const retried = await api.retryAll(ids);
      toast(retried ? `${many(retried, "picture")} tried again.` : "There was nothing to try again.");
    } catch (error) {
      toast(error instanceof Error ? error.message : "They could not be retried.");
    }
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
