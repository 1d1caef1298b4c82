/** Exponential backoff, shared by all uploads. */

const FIRST_MS = 1000;
const MOST_MS = 30_000;

export class Gate {
  /** When the gate opens: 0 if it is open, Infinity while the browser is offline. */
  opensAt = 0;
  /** Whether the gate is shut because the server asked to wait. */
  busy = false;
  #times = 0;
  #timer = 0;
  #waiting: (() => void)[] = [];

  constructor(readonly changed: () => void) {
    addEventListener("online", () => this.open());
    addEventListener("offline", () => ((this.busy = false), this.#shut(Infinity)));
  }

  get shut(): boolean {
    return this.opensAt > 0;
  }

  /** Resolves once the gate is open. */
  wait(): Promise<void> {
    return this.shut ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
  }

  /** Shuts the gate after a failure, for at least `seconds` (from Retry-After). */
  trip(busy: boolean, seconds = 0): void {
    if (this.shut) return;
    this.busy = busy;
    const delay = Math.min(MOST_MS, FIRST_MS * 2 ** this.#times) * (0.8 + 0.4 * Math.random());
    this.#times += 1;
    this.#shut(navigator.onLine ? Math.max(delay, seconds * 1000) : Infinity);
  }

  /** Resets the backoff after a success. */
  reset(): void {
    this.#times = 0;
  }

  open(): void {
    clearTimeout(this.#timer);
    this.opensAt = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
    this.changed();
  }

  #shut(ms: number): void {
    clearTimeout(this.#timer);
    this.opensAt = Date.now() + ms;
    // `navigator.onLine` may be wrong, so even an offline browser tries again.
    this.#timer = window.setTimeout(() => this.open(), Math.min(ms, MOST_MS));
    this.changed();
  }
}
