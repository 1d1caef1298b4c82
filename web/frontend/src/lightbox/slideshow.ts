/** The slideshow: advances automatically, in a loop, while the page is visible. */

import type PhotoSwipe from "photoswipe";
import { h } from "../dom";
import type { Image } from "../records";

const EACH_MS = 5000;
/** How often to check whether the next picture has loaded. */
const AGAIN_MS = 300;
/** How long the buttons stay visible after the last input. */
const HIDE_MS = 3000;
const INPUTS = ["pointermove", "pointerdown", "keydown", "focusin"];
const VISIBLE = "pswp--ui-visible";

export class Slideshow {
  on = false;
  readonly #said = h("p", { class: "unseen", role: "status" });
  #next = 0;
  #rest = 0;
  #awake: WakeLockSentinel | null = null;

  constructor(
    readonly pswp: PhotoSwipe,
    readonly at: (index: number) => Image | null,
    /** Called when the slideshow starts or stops. */
    readonly changed: () => void,
  ) {
    pswp.on("change", () => this.on && this.#wait());
    pswp.on("firstUpdate", () => pswp.element?.append(this.#said));
    pswp.on("close", () => this.on && this.#end());
  }

  get offered(): boolean {
    return this.pswp.getNumItems() > 1;
  }

  toggle(): void {
    if (this.on) this.#end();
    else if (this.offered) this.#begin();
    this.#said.textContent = this.on ? "Slideshow started." : "Slideshow stopped.";
    this.changed();
  }

  #begin(): void {
    const root = this.pswp.element;
    this.on = true;
    root?.classList.add("showing");
    for (const event of INPUTS) root?.addEventListener(event, this.#showButtons);
    document.addEventListener("visibilitychange", this.#updateVisibility);
    this.#scheduleHide();
    this.#updateVisibility();
  }

  #end(): void {
    const root = this.pswp.element;
    if (!this.pswp.isDestroying) root?.classList.add(VISIBLE);
    this.on = false;
    clearTimeout(this.#next);
    clearTimeout(this.#rest);
    root?.classList.remove("showing");
    for (const event of INPUTS) root?.removeEventListener(event, this.#showButtons);
    document.removeEventListener("visibilitychange", this.#updateVisibility);
    void this.#awake?.release();
    this.#awake = null;
  }

  /** Pauses while the page is hidden; keeps the screen on while it is visible. */
  readonly #updateVisibility = (): void => {
    clearTimeout(this.#next);
    if (document.hidden) return;
    this.#wait();
    // Requested each time, because a hidden page loses the lock. Not every browser has wake locks.
    void this.#keepAwake().catch(() => undefined);
  };

  async #keepAwake(): Promise<void> {
    const lock = await navigator.wakeLock?.request("screen");
    if (this.on) this.#awake = lock;
    else await lock?.release();
  }

  /** Shows the buttons for a while. On touch, PhotoSwipe's tap toggles them already. */
  readonly #showButtons = (event: Event): void => {
    if (!(event instanceof PointerEvent && event.pointerType === "touch")) this.pswp.element?.classList.add(VISIBLE);
    this.#scheduleHide();
  };

  #scheduleHide(): void {
    clearTimeout(this.#rest);
    this.#rest = window.setTimeout(() => this.pswp.element?.classList.remove(VISIBLE), HIDE_MS);
  }

  #wait(ms = EACH_MS): void {
    clearTimeout(this.#next);
    this.#next = window.setTimeout(() => this.#advance(), ms);
  }

  #advance(): void {
    const { pswp } = this;
    const slide = pswp.currSlide;
    // Don't advance while the user has zoomed in, reads the details or has a dialog open.
    const busy = (slide && slide.currZoomLevel > slide.zoomLevels.initial) || pswp.element?.querySelector("dialog, .viewer-facts");
    if (busy) return this.#wait();
    const next = this.#nextIndex();
    pswp.contentLoader.loadSlideByIndex(next);
    if (pswp.contentLoader.getContentByIndex(next)?.isLoading()) return this.#wait(AGAIN_MS);
    pswp.goTo(next);
  }

  /** The index of the next image that has a picture or is not loaded yet; wraps around. */
  #nextIndex(): number {
    const [count, here] = [this.pswp.getNumItems(), this.pswp.currIndex];
    for (let step = 1; step < count; step += 1) {
      const index = (here + step) % count;
      const image = this.at(index);
      if (!image || image.links.grid) return index;
    }
    return here;
  }
}
