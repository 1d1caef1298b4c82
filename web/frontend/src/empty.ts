/** The message of an empty gallery. */

import { h } from "./dom";
import { icon } from "./icons";
import { mayUpload, start } from "./page";
import type { Timeline } from "./timeline";
import { limit } from "./words";

const ART = `<svg viewBox="0 0 180 124" aria-hidden="true"><g fill="none" stroke-width="2.5" stroke-linejoin="round" stroke-linecap="round"><rect x="20" y="24" width="92" height="70" rx="9" transform="rotate(-8 66 59)"/><g class="front"><rect x="62" y="36" width="98" height="74" rx="9"/><path d="M63 96l26-25a5 5 0 0 1 7 0l18 18 9-8a5 5 0 0 1 7 0l29 26"/><circle cx="138" cy="58" r="7.5"/></g></g></svg>`;

let shown: HTMLElement | null = null;

/** Shows the message if there are no images, and removes it once there are. */
export function showEmpty(main: HTMLElement, timeline: Timeline, choose: () => void): void {
  const empty = timeline.counted && timeline.total === 0;
  if (!empty) {
    shown?.remove();
    shown = null;
    return;
  }
  if (shown) return;
  const touch = matchMedia("(pointer: coarse)").matches;
  if (start.nothing) {
    const { title, hint, links } = start.nothing;
    const ways = links.map(({ label, href }, i) => h("a", { class: i ? "button quiet" : "button", href }, label));
    shown = h("section", { class: "empty" }, h("h2", {}, title), hint && h("p", {}, hint), h("p", { class: "ways" }, ...ways));
    main.append(shown);
    return;
  }
  shown = h(
    "section", { class: "empty" }, h("div", { class: "art" }), h("h2", {}, "No pictures yet"),
    h("p", {}, mayUpload ? `${touch ? "Choose pictures, or take one with the camera." : "Drop pictures anywhere on this page, paste them, or choose them."} ${start.accepted}, up to ${limit(start.maxBytes)} each.` : "Pictures appear here when someone adds them."),
    mayUpload && h("button", { type: "button", class: "button", onclick: choose }, icon("add"), "Choose pictures"),
  );
  const art = shown.querySelector(".art");
  if (art) art.innerHTML = ART;
  main.append(shown);
}
