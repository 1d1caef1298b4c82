/** What an empty gallery says. */

import { h } from "./dom";
import { mayUpload, start } from "./page";
import type { Timeline } from "./timeline";
import { size } from "./words";

const ART = `<svg viewBox="0 0 180 130" aria-hidden="true"><g fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"><rect class="a" x="22" y="30" width="88" height="66" rx="8" transform="rotate(-7 66 63)"/><rect class="b" x="64" y="36" width="92" height="70" rx="8"/><path class="b" d="M64 92l24-24a5 5 0 0 1 7 0l18 18 9-9a5 5 0 0 1 7 0l27 26"/><circle class="b" cx="136" cy="56" r="7"/></g></svg>`;

let shown: HTMLElement | null = null;

/** Shows or takes away the words for a gallery without pictures. */
export function showEmpty(main: HTMLElement, timeline: Timeline): void {
  const empty = timeline.counted && timeline.total === 0;
  if (!empty) {
    shown?.remove();
    shown = null;
    return;
  }
  if (shown) return;
  shown = h(
    "section", { class: "empty" }, h("div", { class: "art" }), h("h1", {}, "No pictures yet"),
    h("p", {}, mayUpload ? `Drop pictures anywhere on this page, paste them, or choose them. ${start.accepted}, up to ${size(start.maxBytes)} each.` : "Pictures appear here when someone adds them."),
  );
  const art = shown.querySelector(".art");
  if (art) art.innerHTML = ART;
  main.append(shown);
}
