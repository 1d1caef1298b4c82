/** Sends files one by one: waits for the gate, and retries while the network or the server fails. */

import { rememberFile } from "../previews";
import { type Image, madeAt } from "../records";
import { isReadable } from "./admit";
import { answerOf } from "./answers";
import type { Gate } from "./backoff";
import { findDuplicate } from "./dedupe";
import { type Item, leftUnfinished } from "./items";
import type { Ledger } from "./ledger";

const MOST_TRIES = 30;
const MOST_BROKEN = 3;
const SKEW_MS = 60_000;
const MOST_HASHED = 128 * 2 ** 20;
const HALF = /\p{Surrogate}/gu; // a lone surrogate, on which encodeURIComponent throws

export class Delivery {
  readonly #unfinished = leftUnfinished();

  /** `arrived` is called with the record in the server's response. */
  constructor(
    readonly ledger: Ledger,
    readonly gate: Gate,
    readonly arrived: (image: Image) => void,
  ) {}

  /** The URL to send a file to, once the gate is open. Throws if an earlier attempt or visit has delivered it already. */
  async address(id: string): Promise<string> {
    await this.gate.wait();
    const item = this.ledger.open(id);
    if (item && (this.#unfinished || item.tries > 0) && (await this.#completeIfOnServer(item))) throw new Error("It is already there.");
    if (item && this.ledger.isOpen(item)) this.ledger.setState(item, "sending", { began: item.began || Date.now(), sent: 0 });
    return `/api/images?name=${encodeURIComponent((item?.name ?? "").replace(HALF, "\ufffd"))}`;
  }

  progress(id: string | undefined, sent: number): void {
    const item = this.ledger.open(id);
    if (!item || item.state !== "sending") return;
    item.sent = Math.min(item.size, sent);
    this.ledger.changed();
  }

  success(id: string | undefined, status: number, image: Image | undefined): void {
    const item = this.ledger.open(id);
    if (!item || !image) return;
    this.gate.reset();
    // An earlier attempt may have succeeded, with only its response lost.
    const ours = item.tries > 0 && madeAt(image.id) > item.began - SKEW_MS;
    item.link = `/images/${image.id}`;
    if (item.data && !image.links.grid) rememberFile(image.id, item.data);
    this.arrived(image);
    this.ledger.end(item, status === 201 || ours ? "added" : "here");
  }

  error(id: string | undefined, error: { message: string }, answer: unknown): void {
    const item = this.ledger.open(id);
    if (!item) return;
    const xhr = answer instanceof XMLHttpRequest ? answer : null;
    const { outcome, why, after } = answerOf(xhr);
    if (outcome === "outage" && !xhr?.status) void this.#unanswered(item);
    else if (outcome === "outage" || outcome === "busy") this.#again(item, why ?? "", outcome, after);
    else if (outcome === "broken" && item.tries < MOST_BROKEN) this.#rest(item, why ?? "");
    else if (outcome === "refused") this.ledger.end(item, "refused", why ?? error.message);
    else this.ledger.fail(item, why ?? error.message);
  }

  stalled(id: string, why: string): void {
    const item = this.ledger.open(id);
    if (item) this.#again(item, why, "outage");
  }

  /** Asks the server for the file's hash; if it has the bytes, the upload is complete. */
  async #completeIfOnServer(item: Item): Promise<boolean> {
    const data = this.ledger.uppy.getFile(item.file)?.data;
    if (!(data instanceof Blob) || data.size > MOST_HASHED) return false;
    const image = await findDuplicate(data);
    if (!image || !this.ledger.isOpen(item)) return false;
    this.success(item.file, 200, image);
    return true;
  }

  /** No response: the network is down, or the file can't be read any more. */
  async #unanswered(item: Item): Promise<void> {
    const readable = await isReadable(this.ledger.uppy.getFile(item.file)?.data);
    if (!this.ledger.isOpen(item)) return;
    if (readable) this.#again(item, "", "outage");
    else this.ledger.end(item, "refused", "The file can’t be read any more. Choose it again.");
  }

  /** Shuts the gate for all uploads, and retries this one when it opens. */
  #again(item: Item, why: string, outcome: "outage" | "busy", seconds = 0): void {
    if (item.tries >= MOST_TRIES) {
      this.ledger.fail(item, why || "The server could not be reached.");
      return;
    }
    this.gate.trip(outcome === "busy", seconds);
    this.#rest(item, why);
  }

  #rest(item: Item, why: string): void {
    const { uppy } = this.ledger;
    this.ledger.setState(item, "resting", { tries: item.tries + 1, sent: 0, why });
    // Deferred until Uppy has recorded the failure.
    setTimeout(() => uppy.getFile(item.file) && void uppy.retryUpload(item.file)?.catch(() => undefined));
  }
}
