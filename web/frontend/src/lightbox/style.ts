/** The viewer's style sheet, loaded on first use. */

import { h } from "../dom";
import { start } from "../page";

let style: Promise<void> | null = null;

/** Resolves when the style sheet has loaded or failed to. */
export function loadStyle(): Promise<void> {
  style ??= new Promise((resolve) => {
    const link = h("link", { rel: "stylesheet", href: start.viewerStyle });
    link.addEventListener("load", () => resolve());
    link.addEventListener("error", () => resolve());
    document.head.append(link);
  });
  return style;
}
