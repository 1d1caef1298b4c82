/** When to draw. */

/** What arrives within this time is drawn at once: while pictures arrive, a frame for each would keep the browser busy. */
const PAUSE_MS = 120;

export class Pace {
  #frame = 0;
  #pause = 0;
  #begun = -PAUSE_MS;

  constructor(readonly draw: () => void) {}

  /** Draws in the next frame. */
  soon = (): void => {
    this.#frame ||= requestAnimationFrame(this.draw);
  };

  /** Draws in the next frame, unless something was drawn a moment ago: then after a short pause. */
  afterPause(): void {
    const wait = this.#begun + PAUSE_MS - performance.now();
    if (wait <= 0) this.soon();
    else this.#pause ||= window.setTimeout(this.soon, wait);
  }

  /** Call when drawing begins. */
  begin(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#pause);
    this.#frame = this.#pause = 0;
    this.#begun = performance.now();
  }
}
