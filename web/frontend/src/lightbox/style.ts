/** The viewer's style sheet, loaded when it is first needed. */

import { h } from "../dom";
import { start } from "../page";

let style: Promise<void> | null = null;

/** Resolves once it is there, or can't be had. */
export function loadStyle(): Promise<void> {
  style ??= new Promise((resolve) => {
    const link = h("link", { rel: "stylesheet", href: start.viewerStyle });
    link.addEventListener("load", () => resolve());
    link.addEventListener("error", () => resolve());
    document.head.append(link);
  });
  return style;
}
