/** The placeholder for an image without a picture: its progress, or why it failed, with Retry. */

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

/** Retry for an image that failed after its grid was made. */
export function retryButton(image: Image, retry: (id: string) => void): HTMLElement | null {
  if (image.state !== "failed" || !image.renditions.grid || !mayChange) return null;
  return h("button", { type: "button", class: "button quiet small again", onclick: () => retry(image.id) }, icon("retry"), "Retry");
}

/** The slide is rebuilt when this value changes. */
export const slideKey = (image: Image): string => (image.links.view ? "view" : image.links.grid ? "grid" : `${image.state} ${image.attempts} ${image.started_at}`);
