/** Where the focus is among the tiles, and where it goes when its tile does. */

import type { Grid } from "./grid";
import { keyOf } from "./order";
import type { Timeline } from "./timeline";

export class Focus {
  /** The image whose tile had it last. */
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

  /** Whether it has left the tiles for nowhere. */
  get lost(): boolean {
    return this.#last !== null && (document.activeElement === null || document.activeElement === document.body);
  }

  /** Focuses the tile of an image; whether it could. */
  to(id: string | null): boolean {
    if (!id || !this.grid.show(id)) return false;
    this.grid.draw();
    this.grid.tiles.get(id)?.link.focus({ preventScroll: true });
    return true;
  }

  /** Brings it back to where it was last, or near there. */
  back(): boolean {
    return this.#last !== null && this.to(this.near(new Set(), this.#last));
  }

  /** Runs what takes images away. If one of them has the focus, or it is lost by what we did, their neighbour gets it. */
  keep(ids: ReadonlySet<string>, takeAway: () => void, ours = true): void {
    const at = document.activeElement;
    const id = at?.closest<HTMLElement>(".tile")?.dataset["id"];
    const concerned = (id && ids.has(id)) || (ours && (at?.closest(".picked") || this.lost));
    const next = concerned ? this.near(ids, this.#last ?? [...ids].sort().at(-1) ?? "") : null;
    takeAway();
    if (concerned && !this.to(next)) document.querySelector<HTMLElement>(".empty .button, main")?.focus({ preventScroll: true });
  }

  /** The image nearest to one that is gone or going: itself, the next older, or the next newer. */
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
