/** Toasts: short messages with an optional action. */

import { h } from "./dom";
import { icon } from "./icons";

export const corner = h("div", { class: "toasts", role: "status", "aria-live": "polite" });

export interface Toast {
  close(): void;
}

export interface Action {
  label: string;
  keys?: string;
  run(): void;
}

let fresh: HTMLElement | null = null;
let from: Element | null = null;

// The action of the newest toast is one Tab away from anywhere; leaving it returns the focus.
addEventListener("keydown", (event) => {
  if (event.key === "Tab" && !event.shiftKey && fresh?.isConnected && !corner.contains(document.activeElement)) {
    from = document.activeElement;
    fresh.focus();
    event.preventDefault();
  }
});
corner.addEventListener("keydown", (event) => {
  const buttons = [...corner.querySelectorAll("button")].filter((button) => button.offsetParent);
  const edge = event.shiftKey ? buttons[0] : buttons.at(-1);
  if (event.key !== "Escape" && !(event.key === "Tab" && event.target === edge)) return;
  event.preventDefault();
  event.stopPropagation();
  giveBack();
});

function giveBack(): void {
  fresh = null;
  if (from instanceof HTMLElement && from.isConnected) from.focus({ preventScroll: true });
}

/** Shows `text` for some seconds, and longer while the pointer or the focus is on it. Calls `ended` if it is dismissed or
 * times out without its action. */
export function toast(text: string, action?: Action, seconds = 6, ended?: () => void): Toast {
  if (!corner.isConnected) document.body.append(corner);
  let timer = 0;
  let open = true;
  let pointed = false;
  const close = (how?: () => void): void => {
    if (!open) return;
    open = false;
    clearTimeout(timer);
    const focused = element.contains(document.activeElement);
    element.remove();
    how?.();
    if (focused && (!document.activeElement || document.activeElement === document.body)) giveBack();
  };
  const act = action && h("button", { type: "button", class: "link", "aria-keyshortcuts": action.keys, onclick: () => close(action.run) }, action.label);
  const element = h(
    "div", { class: "toast" }, h("span", {}, text), act,
    h("button", { type: "button", class: "knob", "aria-label": "Dismiss", onclick: () => close(ended) }, icon("close")),
  );
  const wait = (): void => {
    clearTimeout(timer);
    timer = window.setTimeout(() => (pointed || element.matches(":focus-within") ? wait() : close(ended)), seconds * 1000);
  };
  // Only a moving pointer counts: one may rest where the toast happens to appear.
  element.addEventListener("pointermove", (event) => (pointed ||= event.movementX !== 0 || event.movementY !== 0));
  element.addEventListener("pointerleave", () => ((pointed = false), wait()));
  element.addEventListener("focusout", wait);
  wait();
  corner.append(element);
  if (act) fresh = act;
  return { close: () => close() };
}
