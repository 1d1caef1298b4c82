/** A question before what cannot be undone, or what nobody here may have asked for. */

import { h, isBeside } from "./dom";

/** Asks; the answer is no unless the button is pressed. */
export async function confirm(question: string, consequence: string, action: string): Promise<boolean> {
  return (await choose(question, consequence, "Cancel", action, true)) === "yes";
}

/**
 * Asks; "" is a dialog that was closed without an answer. The focus goes back to where it was. `ready` puts the focus on
 * the first button; otherwise a key that is pressed as the dialog comes up answers nothing.
 */
export function choose(question: string, consequence: string, no: string, yes: string, ready = false): Promise<"yes" | "no" | ""> {
  return new Promise((resolve) => {
    const from = document.activeElement;
    const dialog = h(
      "dialog", { class: "ask", "aria-labelledby": "ask-title", "aria-describedby": "ask-text" },
      h("h2", { id: "ask-title", tabindex: "-1", autofocus: !ready }, question), h("p", { id: "ask-text" }, consequence),
      h("form", { method: "dialog", class: "acts" }, h("button", { class: "button quiet", value: "no" }, no), h("button", { class: "button", value: "yes" }, yes)),
    );
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    dialog.addEventListener("click", (event) => isBeside(dialog, event) && dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (from instanceof HTMLElement && from.isConnected) from.focus({ preventScroll: true });
      resolve(dialog.returnValue as "yes" | "no" | "");
    });
    (document.querySelector(".pswp") ?? document.body).append(dialog);
    dialog.showModal();
  });
}
