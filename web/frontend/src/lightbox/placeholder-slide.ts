/** What stands in the place of a picture that there is none of: how far it is, or why it failed, and Retry. */

import { h } from "../dom";
import { icon } from "../icons";
import { mayChange } from "../page";
import type { Image } from "../records";
import { stateText } from "../words";

export function placeholderFor(image: Image | null, retry: (id: string) => void): HTMLDivElement {
  if (!image) return h("div", { class: "standing" }, icon("wait"), h("p", {}, "Loading…"));
  const failed = image.state === "failed";
  const words = failed ? (image.reason?.message ?? "Failed.") : `${stateText(image)}${image.state === "pending" ? "…" : "."}`;
  return h(
    "div", { class: "standing" }, icon(image.state === "pending" ? "wait" : "warn"), h("p", {}, words),
    failed && mayChange && h("button", { type: "button", class: "button", onclick: () => retry(image.id) }, icon("retry"), "Retry"),
  );
}

/** What failed after its grid was made is shown, and can be tried again all the same. */
export function retryButton(image: Image, retry: (id: string) => void): HTMLElement | null {
  if (image.state !== "failed" || !image.renditions.grid || !mayChange) return null;
  return h("button", { type: "button", class: "button quiet small again", onclick: () => retry(image.id) }, icon("retry"), "Retry");
}

/** What a slide depends on: it is made again where this changes. */
export const slideKey = (image: Image): string => (image.links.view ? "view" : image.links.grid ? "grid" : `${image.state} ${image.attempts} ${image.started_at}`);
