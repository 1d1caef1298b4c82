/** Scrolling over more pixels than a browser can lay out: a page of bounded height stands for the whole.
 *
 * A browser cuts a page off at some 33 million pixels (Firefox at 17.8), which is half a million images. Beyond
 * `--tallest` the page is only so high, and what is drawn is shifted: none near the top, all that is missing near the
 * bottom, in proportion between. While the page is scrolled by hand the shift stands still, so that each pixel is one;
 * it is set right where nobody sees it, once the page rests. A far jump (the scroll bar, Home, End) sets it at once. */

/** A part at each end where the page is as it is, and how far at once is a jump, in heights of the view. */
const END = 0.04;
const JUMP = 6;
const REST_MS = 160;

export class Track {
  /** What is drawn stands this much higher than it is. */
  shift = 0;
  #missing = 0;
  #high = 0;
  #around = 0;
  #last = 0;
  #timer = 0;

  /** `moved` is called where the shift has changed by itself. */
  constructor(
    readonly element: HTMLElement,
    readonly moved: () => void,
  ) {
    addEventListener("scroll", () => this.#scrolled(), { passive: true });
  }

  /** How far the whole is scrolled, in pixels. */
  get at(): number {
    return scrollY + this.shift;
  }

  /** Makes the element as high as `height` pixels, or stand for them. */
  resize(height: number): void {
    const tallest = Number(getComputedStyle(this.element).getPropertyValue("--tallest")) || Infinity;
    this.#high = Math.min(height, tallest);
    this.#missing = height - this.#high;
    this.element.style.height = `${this.#high}px`;
    this.#around = this.#missing ? document.documentElement.scrollHeight - this.#high : 0;
    if (!this.#missing) this.shift = 0;
  }

  /** Scrolls to a place of the whole. */
  go(to: number): void {
    if (!this.#missing) {
      scrollTo({ top: to, behavior: "instant" });
      return;
    }
    const whole = Math.min(Math.max(0, to), this.#most + this.#missing);
    const place = Math.round(this.#placeOf(whole));
    this.shift = whole - place;
    this.#last = place;
    if (Math.abs(place - scrollY) >= 1) scrollTo({ top: place, behavior: "instant" });
  }

  get #most(): number {
    return Math.max(1, this.#high + this.#around - innerHeight);
  }

  #shiftAt(place: number): number {
    const end = this.#most * END;
    return this.#missing * Math.min(1, Math.max(0, (place - end) / (this.#most - 2 * end)));
  }

  #placeOf(whole: number): number {
    const end = this.#most * END;
    if (whole <= end) return whole;
    const below = whole - this.#missing;
    if (below >= this.#most - end) return below;
    return end + ((whole - end) * (this.#most - 2 * end)) / (this.#most + this.#missing - 2 * end);
  }

  #scrolled(): void {
    if (!this.#missing) return;
    const place = scrollY;
    if (Math.abs(place - this.#last) > JUMP * innerHeight) this.shift = this.#shiftAt(place);
    this.#last = place;
    clearTimeout(this.#timer);
    const edge = place <= 0 || place >= this.#most - 1;
    if (edge) this.#right();
    else this.#timer = window.setTimeout(() => this.#right(), REST_MS);
  }

  /** Takes the page to where it should be for what it shows. */
  #right(): void {
    if (Math.abs(this.shift - this.#shiftAt(scrollY)) < 1) return;
    this.go(this.at);
    this.moved();
  }
}
