/** Keyboard focus among the tiles: when its tile is removed, a neighbour gets it. */

import type { Grid } from "./grid";
import { keyOf } from "./order";
import type { Timeline } from "./timeline";

export class Focus {
  /** The image whose tile was focused last. */
  #last: string | null = null;

  constructor(
    readonly timeline: Timeline,
    readonly grid: Grid,
  ) {
    addEventListener("focusin", (event) => {
      const id = (event.target as HTMLElement).closest<HTMLElement>(".tile")?.dataset["id"];
      if (id) this.#last = id;
    });
  }

  /** Whether the focus was in a tile and is now nowhere: its tile was removed. */
  get lost(): boolean {
    return this.#last !== null && (document.activeElement === null || document.activeElement === document.body);
  }

  /** Focuses the tile of an image; false if the image is not loaded. */
  to(id: string | null): boolean {
    if (!id || !this.grid.show(id)) return false;
    this.grid.draw();
    this.grid.tiles.get(id)?.link.focus({ preventScroll: true });
    return true;
  }

  /** Focuses the last focused image again, or the one nearest to it. */
  back(): boolean {
    return this.#last !== null && this.to(this.near(new Set(), this.#last));
  }

  /** Runs `takeAway`, which removes these images. If that loses the focus, a neighbour gets it. `ours` is whether the
   * user removed them here: then a focus in the selection bar, or one lost before, moves to the neighbour too. */
  keep(ids: ReadonlySet<string>, takeAway: () => void, ours = true): void {
    const at = document.activeElement;
    const id = at?.closest<HTMLElement>(".tile")?.dataset["id"];
    const concerned = (id && ids.has(id)) || (ours && (at?.closest(".picked") || this.lost));
    const next = concerned ? this.near(ids, this.#last ?? [...ids].sort().at(-1) ?? "") : null;
    takeAway();
    if (concerned && !this.to(next)) document.querySelector<HTMLElement>(".empty .button, main")?.focus({ preventScroll: true });
  }

  /** The image nearest to `id` that is not in `without`: itself, the next older, or the next newer. */
  near(without: ReadonlySet<string>, id: string): string | null {
    let newer: string | null = null;
    const key = this.timeline.keyOf(id) ?? "";
    for (const other of this.timeline.known()) {
      if (without.has(other.id)) continue;
      if (keyOf(other) <= key) return other.id;
      newer = other.id;
    }
    return newer;
  }
}
