/** Opening and closing the viewer, and its part of the address. */

import type { Grid } from "./grid";
import type { Viewer } from "./lightbox/viewer";
import type { Loader } from "./loader";
import { addressOf } from "./place";
import type { Image } from "./records";
import type { Timeline } from "./timeline";
import { titlePage } from "./title";

const PATH = /^\/images\/([0-9a-f-]{36})$/;

/** The id of the image whose page the address names. */
export const idInAddress = (): string | null => PATH.exec(location.pathname)?.[1] ?? null;

export class Opener {
  viewer: Viewer | null = null;
  #coming = false;
  /** Whether closing goes back to where it was opened from. */
  #pushed = false;

  constructor(
    readonly timeline: Timeline,
    readonly grid: Grid,
    readonly loader: Loader,
    readonly actions: { retry(id: string): void; remove(id: string): void },
  ) {
    addEventListener("popstate", () => {
      const id = idInAddress();
      if (!id) this.#away();
      else if (this.viewer) this.viewer.goTo(id);
      else void this.open(id, false);
    });
  }

  get busy(): boolean {
    return this.#coming || this.viewer !== null;
  }

  /** Opens the viewer on an image; `push` puts it on top of the history. */
  async open(id: string, push = true): Promise<void> {
    if (this.busy) return;
    this.#coming = true;
    const [{ Viewer }, { Slots }] = await Promise.all([import("./lightbox/viewer"), import("./lightbox/slots")]);
    const slots = new Slots(this.timeline, this.loader);
    if (push) history.pushState({}, "", `/images/${id}`);
    this.#pushed = push;
    this.viewer = await Viewer.open(slots, id, {
      ...this.actions,
      thumbnail: (other) => this.grid.tiles.get(other)?.link.querySelector("img") ?? null,
      changed: (image) => this.#at(image),
      closed: (last) => this.#closed(last),
    });
    this.#coming = false;
  }

  #at(image: Image): void {
    titlePage(`${image.name} · Gallery`);
    const address = `/images/${image.id}`;
    if (idInAddress() && location.pathname !== address) history.replaceState(history.state, "", address);
    this.grid.show(image.id);
  }

  /** The address has left the images: by the back button. */
  #away(): void {
    this.#pushed = false;
    this.viewer?.close();
  }

  #closed(last: string | null): void {
    this.viewer = null;
    titlePage("Gallery");
    if (idInAddress()) {
      if (this.#pushed) history.back();
      else history.replaceState(history.state, "", addressOf(this.grid));
    }
    if (!last) return;
    this.grid.show(last);
    this.grid.tiles.get(last)?.link.focus({ preventScroll: true });
  }
}
