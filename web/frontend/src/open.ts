/** Opens and closes the viewer, and keeps the address and the history in step. */

import type { Grid } from "./grid";
import { lazily, MustReload } from "./lazy";
import type { Viewer } from "./lightbox/viewer";
import type { Loader } from "./loader";
import { addressOf } from "./place";
import type { Image } from "./records";
import type { Timeline } from "./timeline";
import { titlePage } from "./title";
import { toast } from "./toast";

const PATH = /^\/images\/([0-9a-f-]{36})$/;

const loadViewer = lazily(() => Promise.all([import("./lightbox/viewer"), import("./lightbox/slots")]));

/** Says why the viewer of an image could not be loaded. */
function explain(id: string, error: unknown): null {
  if (error instanceof MustReload) toast("The picture could not be opened. Reload the page.", { label: "Reload", run: () => location.assign(`/images/${id}`) });
  else toast("The picture could not be opened: the gallery can’t be reached. Try again.");
  return null;
}

/** The image id in the address, or null. */
export const idInAddress = (): string | null => PATH.exec(location.pathname)?.[1] ?? null;

export class Opener {
  viewer: Viewer | null = null;
  #coming = false;
  /** Whether opening pushed a history entry, so that closing must go back. */
  #pushed = false;
  /** The title of the pictures behind the viewer. */
  readonly #title = idInAddress() ? "Gallery" : document.title;

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

  /** Opens the viewer on an image; `push` adds a history entry. */
  async open(id: string, push = true): Promise<void> {
    if (this.busy) return;
    this.#coming = true;
    try {
      const modules = await loadViewer().catch((error: unknown) => explain(id, error));
      if (modules) await this.#begin(modules, id, push);
    } finally {
      this.#coming = false;
    }
  }

  async #begin([{ Viewer }, { Slots }]: Awaited<ReturnType<typeof loadViewer>>, id: string, push: boolean): Promise<void> {
    const slots = new Slots(this.timeline, this.loader);
    if (push) history.pushState({}, "", `/images/${id}`);
    this.#pushed = push;
    this.viewer = await Viewer.open(slots, id, {
      ...this.actions,
      thumbnail: (other) => this.grid.tiles.get(other)?.link.querySelector("img") ?? null,
      changed: (image) => this.#at(image),
      closed: (last) => this.#closed(last),
    });
  }

  #at(image: Image): void {
    titlePage(`${image.name} · Gallery`);
    const address = `/images/${image.id}`;
    if (idInAddress() && location.pathname !== address) history.replaceState(history.state, "", address);
    this.grid.show(image.id);
  }

  /** Closes the viewer after the back button has left the image's address. */
  #away(): void {
    this.#pushed = false;
    this.viewer?.close();
  }

  #closed(last: string | null): void {
    this.viewer = null;
    titlePage(this.#title);
    if (idInAddress()) {
      if (this.#pushed) history.back();
      else history.replaceState(history.state, "", addressOf(this.grid));
    }
    if (!last) return;
    this.grid.show(last);
    this.grid.tiles.get(last)?.link.focus({ preventScroll: true });
  }
}
