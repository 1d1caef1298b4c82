/** The state of each upload, and its copy in the browser's storage until it is finished. */

import type Uppy from "@uppy/core";
import { isActive, type Item, noteUnfinished } from "./items";
import { UploadStore, type Note } from "./upload-store";
import type { Body, Meta } from "./uppy";

export class Ledger {
  readonly items: Item[] = [];
  readonly store = new UploadStore();
  /** Uploads that are not finished, by Uppy's ids. */
  readonly #open = new Map<string, Item>();

  constructor(
    readonly uppy: Uppy<Meta, Body>,
    readonly changed: () => void,
  ) {}

  get active(): boolean {
    return this.items.some(isActive);
  }

  /** The item of an unfinished upload. */
  open(id: string | undefined): Item | undefined {
    return this.#open.get(id ?? "");
  }

  isOpen(item: Item): boolean {
    return this.#open.has(item.file);
  }

  /** Marks a file as unfinished: it is to be sent, or sent again. */
  reopen(item: Item): void {
    this.#open.set(item.file, item);
    this.settle();
  }

  setState(item: Item, state: Item["state"], more: Partial<Item> = {}): void {
    Object.assign(item, more, { state });
    this.changed();
  }

  fail(item: Item, why: string): void {
    this.#open.delete(item.file);
    this.setState(item, "failed", { why });
    this.settle();
  }

  end(item: Item, state: "added" | "here" | "refused" | "cancelled", why = ""): void {
    this.#open.delete(item.file);
    this.setState(item, state, { why });
    if (this.active) void this.store.settle(this.#note(item));
    setTimeout(() => this.uppy.getFile(item.file) && this.uppy.removeFile(item.file));
    this.settle();
  }

  /** Cancels all unfinished uploads; `stop` aborts their requests. */
  cancelAll(stop: () => void): void {
    for (const item of this.items) if (isActive(item)) this.setState(item, "cancelled");
    this.#open.clear();
    stop();
    this.settle();
  }

  forget(which: (item: Item) => boolean): void {
    const gone = this.items.filter(which);
    for (const { file } of gone) if (this.uppy.getFile(file)) this.uppy.removeFile(file);
    this.items.splice(0, this.items.length, ...this.items.filter((item) => !gone.includes(item)));
  }

  /** Records for the next visit whether uploads are unfinished; clears the store if none are. */
  settle(): void {
    if (!this.active) void this.store.clear();
    noteUnfinished(this.active);
    this.changed();
  }

  /** Stores new files, so that they can be resumed if the page is closed. */
  keep(items: readonly Item[]): void {
    const data = new Map<string, Blob>();
    for (const { file } of items) {
      const blob = this.uppy.getFile(file)?.data;
      if (blob instanceof Blob) data.set(file, blob);
    }
    void this.store.add(items.map((item) => this.#note(item)), data);
  }

  #note(item: Item): Omit<Note, "visit"> {
    const { file, name, size, why, link } = item;
    const { type, meta } = this.uppy.getFile(file) ?? {};
    const path = meta?.["relativePath"];
    return { file, name, size, why, link, type: type ?? "", path: typeof path === "string" ? path : null, began: item.began || Date.now(), fate: isActive(item) ? "waiting" : item.state };
  }
}
