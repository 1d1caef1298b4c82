/** Keyboard shortcuts of the grid: arrows move, Home and End jump, x selects, Delete deletes, Escape clears the selection,
 * / searches, and the arrow down leads from the search to the pictures. */

import type { Focus } from "./focus";
import type { Grid } from "./grid";

export interface KeyActions {
  toggle(id: string, range: boolean): void;
  all(): void;
  /** Deletes the selection; without one, the focused image. */
  remove(focused: string | null): void;
  clear(): boolean;
  /** Focuses the newest image of the gallery, or the oldest. */
  edge(newest: boolean): void;
}

const WALKS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]);

export function listen(grid: Grid, focus: Focus, actions: KeyActions, free: () => boolean): void {
  addEventListener("keydown", (event) => {
    if (!free() || event.defaultPrevented || event.altKey) return;
    let target = event.target as HTMLElement;
    const command = event.ctrlKey || event.metaKey;
    if (event.key === "ArrowDown" && target.closest(".search") && !command && !event.shiftKey && !event.isComposing) {
      if (focus.to(grid.first())) event.preventDefault();
      return;
    }
    if (target.closest("input, textarea, select, [role=slider], dialog")) return;
    if (event.key === "/" && !command) {
      event.preventDefault();
      [...document.querySelectorAll<HTMLInputElement>(".search input[type=search]")].find((field) => field.offsetParent)?.select();
      return;
    }
    if (WALKS.has(event.key) && !command && focus.lost && focus.back()) target = document.activeElement as HTMLElement;
    if (event.key === "Escape" && actions.clear()) event.preventDefault();
    else if (event.key === "Delete") actions.remove(target.closest<HTMLElement>(".tile")?.dataset["id"] ?? null);
    else if (command && event.key.toLowerCase() === "a") {
      event.preventDefault();
      actions.all();
    } else if (!command) onTile(grid, actions, event, target);
  });
}

function onTile(grid: Grid, actions: KeyActions, event: KeyboardEvent, target: HTMLElement): void {
  const element = target.closest<HTMLElement>(".tile");
  const id = element?.dataset["id"];
  if (!element || !id) return;
  if (event.key === "x" || event.key === "X") {
    actions.toggle(id, event.shiftKey);
    event.preventDefault();
    return;
  }
  if (event.key === "Home" || event.key === "End") {
    actions.edge(event.key === "Home");
    event.preventDefault();
    return;
  }
  const next = neighbour(grid, element, event.key);
  if (!next) return;
  event.preventDefault();
  if (event.shiftKey) {
    if (!element.classList.contains("ticked")) actions.toggle(id, false);
    actions.toggle(next.dataset["id"] ?? "", true);
  }
  grid.show(next.dataset["id"] ?? "");
  next.querySelector<HTMLElement>("a")?.focus({ preventScroll: true });
}

function neighbour(grid: Grid, element: HTMLElement, key: string): HTMLElement | null {
  const all = [...grid.element.querySelectorAll<HTMLElement>(".tile")];
  const at = all.indexOf(element);
  const rtl = getComputedStyle(grid.element).direction === "rtl";
  if (key === "ArrowRight" || key === "ArrowLeft") return all[at + ((key === "ArrowRight") !== rtl ? 1 : -1)] ?? null;
  if (key !== "ArrowDown" && key !== "ArrowUp") return null;
  const from = element.getBoundingClientRect();
  const middle = from.left + from.width / 2;
  const down = key === "ArrowDown";
  let best: HTMLElement | null = null;
  let least = Infinity;
  for (const other of all) {
    const box = other.getBoundingClientRect();
    const dy = down ? box.top - from.bottom : from.top - box.bottom;
    if (dy < -1) continue;
    const distance = dy * 4 + Math.abs(box.left + box.width / 2 - middle);
    if (distance < least) [best, least] = [other, distance];
  }
  return best;
}
