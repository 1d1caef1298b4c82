/** Short words at the edge of the page, with something that can be done about them. */

import { h } from "./dom";
import { icon } from "./icons";

export const corner = h("div", { class: "toasts", role: "status", "aria-live": "polite" });

export interface Toast {
  close(): void;
}

/** Shows `text` for some seconds, or while the pointer or the focus is on it. */
export function toast(text: string, action?: { label: string; run: () => void }, seconds = 6): Toast {
  if (!corner.isConnected) document.body.append(corner);
  let timer = 0;
  const close = (): void => {
    clearTimeout(timer);
    element.remove();
  };
  const element = h(
    "div", { class: "toast" }, h("span", {}, text),
    action && h("button", { type: "button", class: "link", onclick: () => (close(), action.run()) }, action.label),
    h("button", { type: "button", class: "knob", "aria-label": "Dismiss", onclick: close }, icon("close")),
  );
  const wait = (): void => {
    clearTimeout(timer);
    timer = window.setTimeout(close, seconds * 1000);
  };
  wait();
  corner.append(element);
  while (corner.childElementCount > 3) corner.firstElementChild?.remove();
  return { close };
}
