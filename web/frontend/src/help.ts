/** The dialog of keyboard shortcuts: ? opens it, in the grid and in the viewer. */

import { h, isBeside } from "./dom";
import { icon } from "./icons";
import { mayChange } from "./page";

const GRID: [string, string][] = [
  ["← → ↑ ↓", "Go to the next picture"], ["Home, End", "Go to the newest or oldest"], ["Enter", "Open"],
  ["X", "Select"], ["Shift + arrow", "Select a range"], ["Ctrl + A", "Select all"], ["Esc", "Clear the selection"], ["/", "Search"], ["↓", "From the search to the pictures"],
];
const VIEWER: [string, string][] = [["← →", "Newer, older"], ["I", "Details"], ["D", "Download"], ["C", "Copy the link"], ["Z", "Zoom"], ["S", "Slideshow"], ["Esc", "Close"]];
const BOTH: [string, string][] = [...(mayChange ? ([["Delete", "Delete"], ["Ctrl + Z", "Undo"], ["Tab", "Go to Undo, after deleting"]] as [string, string][]) : []), ["?", "Show this"]];

let dialog: HTMLDialogElement | null = null;

addEventListener("keydown", (event) => {
  const target = event.target as HTMLElement;
  if (event.key !== "?" || event.ctrlKey || event.metaKey || target.closest("input, textarea, select, dialog")) return;
  event.preventDefault();
  showHelp();
});

export function showHelp(): void {
  if (dialog) return;
  const list = (title: string, keys: [string, string][]): HTMLElement =>
    h("section", {}, h("h3", {}, title), h("dl", {}, ...keys.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])));
  const close = h("button", { type: "button", class: "knob", "aria-label": "Close", onclick: () => dialog?.close() }, icon("close"));
  dialog = h("dialog", { class: "help", "aria-labelledby": "help-title" }, h("header", {}, h("h2", { id: "help-title" }, "Keys"), close), h("div", { class: "keys" }, list("Pictures", GRID), list("Viewer", VIEWER), list("Both", BOTH)));
  const from = document.activeElement;
  // Keys pressed in the dialog must not reach the grid or the viewer.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("click", (event) => dialog && isBeside(dialog, event) && dialog.close());
  dialog.addEventListener("close", () => {
    dialog?.remove();
    dialog = null;
    if (from instanceof HTMLElement) from.focus({ preventScroll: true });
  });
  (document.querySelector(".pswp") ?? document.body).append(dialog);
  dialog.showModal();
}
