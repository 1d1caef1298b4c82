/** Helpers for creating and finding elements. */

type Value = string | number | boolean | null | undefined | EventListener;
type Child = Node | string | null | undefined | false;

/** Creates an element with attributes, `on…` listeners and children. False, null and undefined ones are skipped. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, Value> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child): child is Node | string => child != null && child !== false));
  return element;
}

export function find<T extends HTMLElement>(selector: string, within: ParentNode = document): T {
  const found = within.querySelector<T>(selector);
  if (!found) throw new Error(`nothing matches ${selector}`);
  return found;
}

/** Whether a click hit the backdrop of a dialog; a click on the dialog's padding has the same target. */
export function isBeside(dialog: HTMLDialogElement, { clientX, clientY, target }: MouseEvent): boolean {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return target === dialog && (clientX < left || clientX > right || clientY < top || clientY > bottom);
}

/** Sets a text only if it differs, so that live regions don't repeat themselves. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
