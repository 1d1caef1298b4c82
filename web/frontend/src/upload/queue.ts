/** The files that are sent: held back and tried again while the network or the server stumbles, each until its verdict. */

import type Uppy from "@uppy/core";
import { wasSent } from "../previews";
import { type Image, madeAt } from "../records";
import { isPicture, isReadable, LeftOut, pastedName, refusal } from "./admit";
import { answerOf } from "./answers";
import { Gate } from "./backoff";
import { held } from "./dedupe";
import { isActive, type Item, leftUnfinished, newItem, noteUnfinished } from "./items";
import { Keeper, type Left, type Note } from "./persist";
import { type Body, makeUppy, type Meta, type UploadFile } from "./uppy";

const MOST_TRIES = 30;
const MOST_BROKEN = 3;
const SKEW_MS = 60_000;
const MOST_HASHED = 128 * 2 ** 20;
const HALF = /\p{Surrogate}/gu; // half a character, which no address can hold

/** As Uppy hands out what lies in a folder that was dropped. */
type Dropped = File & { relativePath?: string | null };

export interface Listener {
  changed(): void;
  /** The server has answered with this record. */
  arrived(image: Image): void;
  /** Files that are no pictures were found in a folder. */
  leftOut(files: number): void;
  dragging(over: boolean): void;
}

export class Queue {
  readonly items: Item[] = [];
  readonly gate: Gate;
  /** Counts up when files are added after all others had come to their end. */
  batch = 0;
  readonly #uppy: Uppy<Meta, Body>;
  readonly #open = new Map<string, Item>();
  readonly #unfinished = leftUnfinished();
  readonly #keeper = new Keeper();
  readonly #leftOut: LeftOut;

  constructor(readonly listener: Listener) {
    this.gate = new Gate(() => listener.changed());
    this.#leftOut = new LeftOut((files) => listener.leftOut(files));
    this.#uppy = makeUppy({
      admit: (file) => this.#admit(file),
      added: (file) => this.#added(file),
      address: (id) => this.#address(id),
      progress: (id, sent) => this.#progress(id, sent),
      success: (id, status, image) => this.#success(id, status, image),
      error: (id, error, answer) => this.#error(id, error, answer),
      stalled: (id, why) => this.#stalled(id, why),
      dragging: (over) => listener.dragging(over),
      dropped: (files) => this.add(files, "drop"),
    });
    void this.#keeper.adopt((left) => this.#resume(left));
  }

  get active(): boolean {
    return this.items.some(isActive);
  }

  /** Takes files; of a folder's only pictures are taken. */
  add(files: readonly File[], source: "choice" | "folder" | "paste" | "drop"): void {
    const found = files.map((file) => ({
      source, name: source === "paste" ? pastedName(file) : file.name, type: file.type, data: file, meta: { relativePath: (file as Dropped).relativePath || file.webkitRelativePath || null },
    }));
    if (!this.active) this.#anew();
    const before = this.items.length;
    try {
      this.#uppy.addFiles(found);
    } catch {
      // each file that was not taken has told so already
    }
    this.#keep(this.items.slice(before).filter(isActive));
    this.listener.changed();
  }

  /** Takes what was shared. */
  async addShared(visits: readonly string[]): Promise<void> {
    const left = await this.#keeper.take(visits);
    if (!this.active) this.#anew();
    this.#resume(left);
  }

  /** A new batch: what ended before is forgotten, but for what can still be sent. */
  #anew(): void {
    this.batch += 1;
    this.#forget(({ fate }) => fate !== "failed");
    for (const item of this.items) item.old = true;
  }

  #forget(which: (item: Item) => boolean): void {
    const gone = this.items.filter(which);
    for (const { file } of gone) if (this.#uppy.getFile(file)) this.#uppy.removeFile(file);
    this.items.splice(0, this.items.length, ...this.items.filter((item) => !gone.includes(item)));
  }

  /** The bytes of a file, while they are at hand. */
  data(item: Item): Blob | null {
    return item.data ?? null;
  }

  cancel(item: Item): void {
    if (!isActive(item) && item.fate !== "lost") return;
    this.#end(item, "cancelled");
  }

  cancelAll(): void {
    for (const item of this.items) if (isActive(item)) this.#to(item, "cancelled");
    this.#open.clear();
    this.#uppy.cancelAll();
    this.gate.open();
    this.#settle();
  }

  retry(item: Item): void {
    if (item.fate !== "failed" || !this.#uppy.getFile(item.file)) return;
    this.#to(item, "waiting", { tries: 0, sent: 0, why: "", old: false });
    this.#open.set(item.file, item);
    this.#keep([item]);
    this.#settle();
    this.gate.open();
    void this.#uppy.retryUpload(item.file);
  }

  /** Forgets what has come to its end. */
  clear(): void {
    this.#forget((item) => !isActive(item));
    this.listener.changed();
  }

  #admit(file: UploadFile): boolean {
    const path = String(file.meta["relativePath"] ?? "");
    if (path.includes("/") && !isPicture(path, file.type)) {
      this.#leftOut.add();
      return false;
    }
    const why = refusal(file.size);
    if (!why) return true;
    this.items.push(newItem(file, "refused", why));
    this.listener.changed();
    return false;
  }

  #added(file: UploadFile): void {
    const lost = this.items.findIndex((item) => item.file === file.id && item.fate === "lost");
    if (lost >= 0) this.items.splice(lost, 1);
    const began = Number(file.meta["began"] ?? 0);
    const item = { ...newItem(file, "waiting"), began, tries: began ? 1 : 0, data: file.data instanceof Blob ? file.data : null };
    this.items.push(item);
    this.#open.set(file.id, item);
    this.#settle();
  }

  /** Waits for its turn, and asks whether an earlier try or visit has brought it there already. */
  async #address(id: string): Promise<string> {
    await this.gate.pass();
    const item = this.#open.get(id);
    if (item && (this.#unfinished || item.tries > 0) && (await this.#stands(item))) throw new Error("It is there already.");
    if (item && this.#open.has(item.file)) this.#to(item, "sending", { began: item.began || Date.now(), sent: 0 });
    return `/api/images?name=${encodeURIComponent((item?.name ?? "").replace(HALF, "\ufffd"))}`;
  }

  #progress(id: string | undefined, sent: number): void {
    const item = this.#open.get(id ?? "");
    if (!item || item.fate !== "sending") return;
    item.sent = Math.min(item.size, sent);
    this.listener.changed();
  }

  #success(id: string | undefined, status: number, image: Image | undefined): void {
    const item = this.#open.get(id ?? "");
    if (!item || !image) return;
    this.gate.ease();
    // an earlier try may have arrived whole, and only its answer not
    const ours = item.tries > 0 && madeAt(image.id) > item.began - SKEW_MS;
    item.link = `/images/${image.id}`;
    const data = this.data(item);
    if (data && !image.links.grid) wasSent(image.id, data);
    this.listener.arrived(image);
    this.#end(item, status === 201 || ours ? "added" : "here");
  }

  /** Asks the server by the hash of the bytes; where it has them, the file is at its end. */
  async #stands(item: Item): Promise<boolean> {
    const data = this.#uppy.getFile(item.file)?.data;
    if (!(data instanceof Blob) || data.size > MOST_HASHED) return false;
    const image = await held(data);
    if (!image || !this.#open.has(item.file)) return false;
    this.#success(item.file, 200, image as Body);
    return true;
  }

  #error(id: string | undefined, error: { message: string }, answer: unknown): void {
    const item = this.#open.get(id ?? "");
    if (!item) return;
    const xhr = answer instanceof XMLHttpRequest ? answer : null;
    const { outcome, why, after } = answerOf(xhr);
    if (outcome === "outage" && !xhr?.status) void this.#unanswered(item);
    else if (outcome === "outage" || outcome === "busy") this.#again(item, why ?? "", outcome, after);
    else if (outcome === "broken" && item.tries < MOST_BROKEN) this.#rest(item, why ?? "");
    else if (outcome === "refused") this.#end(item, "refused", why ?? error.message);
    else this.#fail(item, why ?? error.message);
  }

  #stalled(id: string, why: string): void {
    const item = this.#open.get(id);
    if (item) this.#again(item, why, "outage");
  }

  /** No answer came: the way is cut, or the file can't be read any more. */
  async #unanswered(item: Item): Promise<void> {
    const readable = await isReadable(this.#uppy.getFile(item.file)?.data);
    if (!this.#open.has(item.file)) return;
    if (readable) this.#again(item, "", "outage");
    else this.#end(item, "refused", "The file can’t be read any more. Choose it again.");
  }

  /** All wait, and then this one is tried again. */
  #again(item: Item, why: string, outcome: "outage" | "busy", seconds = 0): void {
    if (item.tries >= MOST_TRIES) {
      this.#fail(item, why || "The server could not be reached.");
      return;
    }
    this.gate.trip(outcome === "busy", seconds);
    this.#rest(item, why);
  }

  #rest(item: Item, why: string): void {
    this.#to(item, "resting", { tries: item.tries + 1, sent: 0, why });
    // after Uppy has noted the failure
    setTimeout(() => this.#uppy.getFile(item.file) && void this.#uppy.retryUpload(item.file)?.catch(() => undefined));
  }

  #fail(item: Item, why: string): void {
    this.#open.delete(item.file);
    this.#to(item, "failed", { why });
    this.#settle();
  }

  #end(item: Item, fate: "added" | "here" | "refused" | "cancelled", why = ""): void {
    this.#open.delete(item.file);
    this.#to(item, fate, { why });
    if (this.active) void this.#keeper.settle(this.#note(item));
    setTimeout(() => this.#uppy.getFile(item.file) && this.#uppy.removeFile(item.file));
    this.#settle();
  }

  #to(item: Item, fate: Item["fate"], more: Partial<Item> = {}): void {
    Object.assign(item, more, { fate });
    this.listener.changed();
  }

  /** Notes for the next visit whether anything was left unfinished. */
  #settle(): void {
    if (!this.active) void this.#keeper.clear();
    noteUnfinished(this.active);
    this.listener.changed();
  }

  /** Goes on with what another page left: what it brought to an end is said again with the rest. */
  #resume(left: readonly Left[]): void {
    if (!left.some(({ fate }) => fate === "waiting")) return;
    for (const { data, path, ...note } of left) {
      if (note.fate === "waiting" && data) {
        try {
          this.#uppy.addFile({ name: note.name, type: note.type, data, meta: { relativePath: path, began: note.began } });
        } catch {
          // it was chosen again meanwhile
        }
        continue;
      }
      const item = { ...note, sent: 0, tries: 0 };
      if (item.fate === "waiting") Object.assign(item, { fate: "lost", why: "Choose it again to go on: the browser did not keep it." });
      this.items.push(item);
    }
    this.#settle();
  }

  /** Keeps new files for the case that the page is left. */
  #keep(items: readonly Item[]): void {
    const data = new Map<string, Blob>();
    for (const { file } of items) {
      const blob = this.#uppy.getFile(file)?.data;
      if (blob instanceof Blob) data.set(file, blob);
    }
    void this.#keeper.add(items.map((item) => this.#note(item)), data);
  }

  #note(item: Item): Omit<Note, "visit"> {
    const { file, name, size, why, link } = item;
    const { type, meta } = this.#uppy.getFile(file) ?? {};
    const path = meta?.["relativePath"];
    return { file, name, size, why, link, type: type ?? "", path: typeof path === "string" ? path : null, began: item.began || Date.now(), fate: isActive(item) ? "waiting" : item.fate };
  }
}
