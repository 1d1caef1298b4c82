/** The upload queue: adds, cancels, retries and resumes files. */

import type { Image } from "../records";
import { isPicture, pastedName, refusal, SkippedFiles } from "./admit";
import { Gate } from "./backoff";
import { Delivery } from "./delivery";
import { isActive, type Item, newItem } from "./items";
import { Ledger } from "./ledger";
import type { ResumedUpload } from "./upload-store";
import { makeUppy, type UploadFile } from "./uppy";

/** A file from a dropped folder, as Uppy returns it. */
type Dropped = File & { relativePath?: string | null };

export interface Listener {
  changed(): void;
  /** The server has responded with this record. */
  arrived(image: Image): void;
  /** Files in a folder were skipped, because they are not pictures. */
  skipped(files: number): void;
  dragging(over: boolean): void;
}

export class Queue {
  readonly gate: Gate;
  /** Incremented when files are added while no upload is active. */
  batch = 0;
  readonly #ledger: Ledger;
  readonly #skipped: SkippedFiles;

  constructor(readonly listener: Listener) {
    this.gate = new Gate(() => listener.changed());
    this.#skipped = new SkippedFiles((files) => listener.skipped(files));
    const uppy = makeUppy({
      admit: (file) => this.#admit(file),
      added: (file) => this.#added(file),
      address: (id) => delivery.address(id),
      progress: (id, sent) => delivery.progress(id, sent),
      success: (id, status, image) => delivery.success(id, status, image),
      error: (id, error, answer) => delivery.error(id, error, answer),
      stalled: (id, why) => delivery.stalled(id, why),
      dragging: (over) => listener.dragging(over),
      dropped: (files) => this.add(files, "drop"),
    });
    this.#ledger = new Ledger(uppy, () => listener.changed());
    const delivery = new Delivery(this.#ledger, this.gate, (image) => listener.arrived(image));
    void this.#ledger.store.adopt((left) => this.#resume(left));
  }

  get items(): readonly Item[] {
    return this.#ledger.items;
  }

  get active(): boolean {
    return this.#ledger.active;
  }

  /** Adds files; of a folder, only its pictures. */
  add(files: readonly File[], source: "choice" | "folder" | "paste" | "drop"): void {
    const found = files.map((file) => ({
      source, name: source === "paste" ? pastedName(file) : file.name, type: file.type, data: file, meta: { relativePath: (file as Dropped).relativePath || file.webkitRelativePath || null },
    }));
    if (!this.active) this.#anew();
    const before = this.items.length;
    try {
      this.#ledger.uppy.addFiles(found);
    } catch {
      // Each refused file has already been reported.
    }
    this.#ledger.keep(this.items.slice(before).filter(isActive));
    this.listener.changed();
  }

  /** Adds shared files. */
  async addShared(visits: readonly string[]): Promise<void> {
    const left = await this.#ledger.store.take(visits);
    if (!this.active) this.#anew();
    this.#resume(left);
  }

  /** Starts a new batch: forgets finished uploads, except failed ones, which can still be retried. */
  #anew(): void {
    this.batch += 1;
    this.#ledger.forget(({ state }) => state !== "failed");
    for (const item of this.items) item.old = true;
  }

  cancel(item: Item): void {
    if (!isActive(item) && item.state !== "lost") return;
    this.#ledger.end(item, "cancelled");
  }

  cancelAll(): void {
    this.#ledger.cancelAll(() => {
      this.#ledger.uppy.cancelAll();
      this.gate.open();
    });
  }

  retry(item: Item): void {
    const { uppy } = this.#ledger;
    if (item.state !== "failed" || !uppy.getFile(item.file)) return;
    this.#ledger.setState(item, "waiting", { tries: 0, sent: 0, why: "", old: false });
    this.#ledger.reopen(item);
    this.#ledger.keep([item]);
    this.gate.open();
    void uppy.retryUpload(item.file);
  }

  /** Forgets finished uploads. */
  clear(): void {
    this.#ledger.forget((item) => !isActive(item));
    this.listener.changed();
  }

  #admit(file: UploadFile): boolean {
    const path = String(file.meta["relativePath"] ?? "");
    if (path.includes("/") && !isPicture(path, file.type)) {
      this.#skipped.add();
      return false;
    }
    const why = refusal(file.size);
    if (!why) return true;
    this.#ledger.items.push(newItem(file, "refused", why));
    this.listener.changed();
    return false;
  }

  #added(file: UploadFile): void {
    const { items } = this.#ledger;
    const lost = items.findIndex((item) => item.file === file.id && item.state === "lost");
    if (lost >= 0) items.splice(lost, 1);
    const began = Number(file.meta["began"] ?? 0);
    const item = { ...newItem(file, "waiting"), began, tries: began ? 1 : 0, data: file.data instanceof Blob ? file.data : null };
    items.push(item);
    this.#ledger.reopen(item);
  }

  /** Resumes the uploads of a closed page; its finished ones are listed again with the rest. */
  #resume(left: readonly ResumedUpload[]): void {
    if (!left.some(({ fate }) => fate === "waiting")) return;
    for (const { data, path, fate, ...note } of left) {
      if (fate === "waiting" && data) {
        try {
          this.#ledger.uppy.addFile({ name: note.name, type: note.type, data, meta: { relativePath: path, began: note.began } });
        } catch {
          // The user has chosen the file again meanwhile.
        }
        continue;
      }
      const item: Item = { ...note, state: fate, sent: 0, tries: 0 };
      if (fate === "waiting") Object.assign(item, { state: "lost", why: "Choose it again to continue: the browser did not keep it." });
      this.#ledger.items.push(item);
    }
    this.#ledger.settle();
  }
}
