/** Holds uploads back while the network or the server stumbles, longer each time. */

const FIRST_MS = 1000;
const MOST_MS = 30_000;

export class Gate {
  /** When it opens by itself; 0 where it is open, Infinity while the machine is offline. */
  opens = 0;
  /** It is shut because the server asked to wait. */
  busy = false;
  #times = 0;
  #timer = 0;
  #waiting: (() => void)[] = [];

  constructor(readonly changed: () => void) {
    addEventListener("online", () => this.open());
    addEventListener("offline", () => ((this.busy = false), this.#shut(Infinity)));
  }

  get shut(): boolean {
    return this.opens > 0;
  }

  /** Resolves once the gate is open. */
  pass(): Promise<void> {
    return this.shut ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
  }

  /** Something failed: wait, at least for `seconds` if the server says so. */
  trip(busy: boolean, seconds = 0): void {
    if (this.shut) return;
    this.busy = busy;
    const delay = Math.min(MOST_MS, FIRST_MS * 2 ** this.#times) * (0.8 + 0.4 * Math.random());
    this.#times += 1;
    this.#shut(navigator.onLine ? Math.max(delay, seconds * 1000) : Infinity);
  }

  /** Something went well. */
  ease(): void {
    this.#times = 0;
  }

  open(): void {
    clearTimeout(this.#timer);
    this.opens = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
    this.changed();
  }

  #shut(ms: number): void {
    clearTimeout(this.#timer);
    this.opens = Date.now() + ms;
    // a machine that says it is offline may be wrong
    this.#timer = window.setTimeout(() => this.open(), Math.min(ms, MOST_MS));
    this.changed();
  }
}
