/** A question before what cannot be undone. */

import { h } from "./dom";

/** Asks; the answer is no unless the button is pressed. The focus goes back to where it was. */
export function confirm(question: string, consequence: string, action: string): Promise<boolean> {
  return new Promise((resolve) => {
    const from = document.activeElement;
    const dialog = h(
      "dialog", { class: "ask", "aria-labelledby": "ask-title", "aria-describedby": "ask-text" },
      h("h2", { id: "ask-title" }, question), h("p", { id: "ask-text" }, consequence),
      h("form", { method: "dialog", class: "acts" }, h("button", { class: "button quiet", value: "" }, "Cancel"), h("button", { class: "button", value: "yes" }, action)),
    );
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (from instanceof HTMLElement && from.isConnected) from.focus({ preventScroll: true });
      resolve(dialog.returnValue === "yes");
    });
    (document.querySelector(".pswp") ?? document.body).append(dialog);
    dialog.showModal();
  });
}
