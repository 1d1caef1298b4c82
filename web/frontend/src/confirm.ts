/** Confirmation dialogs: before a step that cannot be undone, or one that the user may not have started. */

import { h, isBeside } from "./dom";

/** Whether the user confirms. Closing the dialog in any other way means no. */
export async function confirm(question: string, consequence: string, action: string): Promise<boolean> {
  return (await choose(question, consequence, "Cancel", action, true)) === "yes";
}

/**
 * Shows two choices; "" if the dialog was closed without one. The focus returns to where it was. `ready` focuses the
 * first button. Leave it out when the dialog may appear while the user types: a stray key must not choose.
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
