/** Scrolling over more pixels than a browser can lay out.
 *
 * Browsers limit the height of a page to some 33 million pixels (Firefox to 17.8), which is half a million images. Beyond
 * `--tallest` the page keeps that height and the content is shifted up: by nothing near the top, by the whole missing
 * height near the bottom, in proportion between. The shift stays constant while the user scrolls, so that scrolling moves
 * pixel by pixel. Once scrolling has stopped, page and shift are corrected together, which nobody sees. A far jump (the
 * scroll bar, Home, End) corrects the shift at once. */

/** `END`: the fraction of the page at each end where the shift is constant. `JUMP`: in viewport heights, the distance
 * from which one scroll event counts as a jump. */
const END = 0.04;
const JUMP = 6;
const REST_MS = 160;

export class ScrollScale {
  /** How many pixels above its place in the layout the content is drawn. */
  shift = 0;
  #missing = 0;
  #high = 0;
  #around = 0;
  #last = 0;
  #timer = 0;

  /** `moved` is called when a correction has changed the shift. */
  constructor(
    readonly element: HTMLElement,
    readonly moved: () => void,
  ) {
    addEventListener("scroll", () => this.#scrolled(), { passive: true });
  }

  /** The scroll position in the full height, in pixels. */
  get at(): number {
    return scrollY + this.shift;
  }

  /** Sets the full height in pixels; the element gets at most `--tallest` of them. */
  resize(height: number): void {
    const tallest = Number(getComputedStyle(this.element).getPropertyValue("--tallest")) || Infinity;
    this.#high = Math.min(height, tallest);
    this.#missing = height - this.#high;
    this.element.style.height = `${this.#high}px`;
    this.#around = this.#missing ? document.documentElement.scrollHeight - this.#high : 0;
    if (!this.#missing) this.shift = 0;
  }

  /** Scrolls to a position in the full height. */
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

  /** Moves page and shift to the proportional position, without moving what is shown. */
  #right(): void {
    if (Math.abs(this.shift - this.#shiftAt(scrollY)) < 1) return;
    this.go(this.at);
    this.moved();
  }
}
