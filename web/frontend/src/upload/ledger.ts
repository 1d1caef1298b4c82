/** What became of each file, and what the browser keeps of it until it has come to its end. */

import type Uppy from "@uppy/core";
import { isActive, type Item, noteUnfinished } from "./items";
import { UploadStore, type Note } from "./upload-store";
import type { Body, Meta } from "./uppy";

export class Ledger {
  readonly items: Item[] = [];
  readonly store = new UploadStore();
  /** Those that are still to be sent, by Uppy's ids. */
  readonly #open = new Map<string, Item>();

  constructor(
    readonly uppy: Uppy<Meta, Body>,
    readonly changed: () => void,
  ) {}

  get active(): boolean {
    return this.items.some(isActive);
  }

  /** The item of a file that is still to be sent. */
  open(id: string | undefined): Item | undefined {
    return this.#open.get(id ?? "");
  }

  isOpen(item: Item): boolean {
    return this.#open.has(item.file);
  }

  /** The file is to be sent, or to be sent again. */
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

  /** Cancels all that is still to be sent; `stop` stops what is on its way. */
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

  /** Notes for the next visit whether anything was left unfinished. */
  settle(): void {
    if (!this.active) void this.store.clear();
    noteUnfinished(this.active);
    this.changed();
  }

  /** Keeps new files for the case that the page is left. */
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
