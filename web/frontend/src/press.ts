/** A long press selects on touch screens, as the checkbox does with a mouse. */

const HELD_MS = 450;
const APART = 12;

/** Calls `pick` with the id of a tile in `within` on a long press. Swallows the click that follows, which would open the
 * image. */
export function onLongPress(within: HTMLElement, pick: (id: string) => void): void {
  let timer = 0;
  let held = false;
  let from = { x: 0, y: 0 };
  const end = (): void => clearTimeout(timer);
  within.addEventListener("pointerdown", (event) => {
    end();
    held = false;
    const tile = (event.target as HTMLElement).closest<HTMLElement>(".tile");
    const id = tile?.dataset["id"];
    if (event.pointerType !== "touch" || !event.isPrimary || !id) return;
    from = { x: event.clientX, y: event.clientY };
    timer = window.setTimeout(() => {
      held = true;
      navigator.vibrate?.(12);
      pick(id);
    }, HELD_MS);
  });
  within.addEventListener("pointermove", (event) => {
    if (Math.hypot(event.clientX - from.x, event.clientY - from.y) > APART) end();
  });
  for (const name of ["pointerup", "pointercancel"]) within.addEventListener(name, end);
  // Otherwise a long press opens the browser's context menu for links.
  within.addEventListener("contextmenu", (event) => {
    if ((event as PointerEvent).pointerType === "touch" && (event.target as HTMLElement).closest(".tile")) event.preventDefault();
  });
  within.addEventListener(
    "click",
    (event) => {
      if (!held) return;
      held = false;
      event.preventDefault();
      event.stopPropagation();
    },
    { capture: true },
  );
}
