/** Unfinished uploads, stored in IndexedDB until they are finished, so that a reloaded page or the next one can resume them.
 * The metadata of a file is stored at once; its content follows as long as there is room. */

import { DATA, done, MOST_BYTES, NAME, NOTES, open, SHARED, type Note as Kept } from "./database";
import type { UploadState } from "./items";

/** The stored metadata of a file; `visit` is the page that owns it. */
export type Note = Kept & { fate: UploadState };

/** A note from a closed page, with the content if it was stored. */
export type ResumedUpload = Note & { data: Blob | null };

export class UploadStore {
  readonly #visit = `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  readonly #db: Promise<IDBDatabase | null>;
  /** Contents that are not stored yet, by file. */
  readonly #coming = new Map<string, Blob>();
  readonly #kept = new Map<string, number>();
  readonly #channel = new BroadcastChannel(NAME);
  /** Other open pages whose locks are being waited for. */
  readonly #others = new Set<string>();
  #bytes = 0;
  #writing = false;

  constructor() {
    this.#db = this.#begin().catch(() => null);
  }

  /** Stores the metadata of new files in one transaction, and their contents one by one. */
  async add(notes: readonly Omit<Note, "visit">[], data: ReadonlyMap<string, Blob>): Promise<void> {
    for (const [file, blob] of data) if (!this.#kept.has(file)) this.#coming.set(file, blob);
    const db = await this.#db;
    if (!db) return;
    const change = db.transaction(NOTES, "readwrite", { durability: "relaxed" });
    for (const note of notes) change.objectStore(NOTES).put({ ...note, visit: this.#visit } satisfies Note);
    change.addEventListener("complete", () => this.#channel.postMessage(this.#visit));
    void this.#write(db);
  }

  /** Stores the final state of a file and deletes its content. */
  async settle(note: Omit<Note, "visit">): Promise<void> {
    this.#coming.delete(note.file);
    const db = await this.#db;
    if (!db) return;
    const change = db.transaction([NOTES, DATA], "readwrite", { durability: "relaxed" });
    change.objectStore(NOTES).put({ ...note, visit: this.#visit } satisfies Note);
    change.objectStore(DATA).delete([this.#visit, note.file]);
    this.#bytes -= this.#kept.get(note.file) ?? 0;
    this.#kept.delete(note.file);
    void this.#write(db);
  }

  /** Deletes everything that this page has stored. */
  async clear(): Promise<void> {
    this.#coming.clear();
    this.#kept.clear();
    this.#bytes = 0;
    const db = await this.#db;
    if (!db) return;
    const change = db.transaction([NOTES, DATA], "readwrite", { durability: "relaxed" });
    for (const store of [NOTES, DATA]) change.objectStore(store).delete(IDBKeyRange.bound([this.#visit], [this.#visit, []]));
  }

  /** Calls `take` with the files of each closed page, now and whenever another page closes. Shared files are not included:
   * they need the user's consent. */
  async adopt(take: (left: ResumedUpload[]) => void): Promise<void> {
    const db = await this.#db;
    if (!db) return;
    const notes = await done<Note[]>(db.transaction(NOTES).objectStore(NOTES).getAll());
    const wait = (visit: string): void => {
      if (visit === this.#visit || visit.startsWith(SHARED) || this.#others.has(visit)) return;
      this.#others.add(visit);
      const inherit = async (): Promise<void> => take(await this.#take(db, visit));
      void navigator.locks.request(lockOf(visit), inherit).catch(() => undefined).finally(() => this.#others.delete(visit));
    };
    for (const { visit } of notes) wait(visit);
    this.#channel.addEventListener("message", ({ data }) => wait(String(data)));
  }

  /** Takes over shared files; skips what another page has taken meanwhile. */
  async take(visits: readonly string[]): Promise<ResumedUpload[]> {
    const db = await this.#db;
    return db ? (await Promise.all(visits.map((visit) => this.#take(db, visit)))).flat() : [];
  }

  async #begin(): Promise<IDBDatabase | null> {
    // Each open page holds a lock. Without secure context (TLS or localhost) there are no locks, and nothing is stored.
    if (!navigator.locks) return null;
    await new Promise<void>((held) => {
      void navigator.locks.request(lockOf(this.#visit), () => (held(), new Promise(() => undefined)));
    });
    return open();
  }

  /** Moves the files of another visit to this one, and returns them. */
  async #take(db: IDBDatabase, visit: string): Promise<ResumedUpload[]> {
    const range = IDBKeyRange.bound([visit], [visit, []]);
    const change = db.transaction([NOTES, DATA], "readwrite");
    const [notes, data] = [change.objectStore(NOTES), change.objectStore(DATA)];
    const found = await done<Note[]>(notes.getAll(range));
    const left = await Promise.all(found.map(async (note) => ({ ...note, data: (await done<Blob | undefined>(data.get([visit, note.file]))) ?? null })));
    for (const { data: blob, ...note } of left) {
      notes.put({ ...note, visit: this.#visit });
      if (!blob) continue;
      data.put(blob, [this.#visit, note.file]);
      this.#kept.set(note.file, blob.size);
      this.#bytes += blob.size;
    }
    notes.delete(range);
    data.delete(range);
    return left;
  }

  /** Stores contents one by one, each in its own transaction. The last file comes first, because it waits longest: the next
   * ones may be sent before they are stored. */
  async #write(db: IDBDatabase): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    for (let next = this.#lastThatFits(); next; next = this.#lastThatFits()) {
      const [file, blob] = next;
      this.#coming.delete(file);
      const change = db.transaction(DATA, "readwrite", { durability: "relaxed" });
      change.objectStore(DATA).put(blob, [this.#visit, file]);
      this.#kept.set(file, blob.size);
      this.#bytes += blob.size;
      await new Promise<void>((resolve) => (change.oncomplete = change.onabort = () => resolve()));
    }
    this.#writing = false;
  }

  #lastThatFits(): [string, Blob] | undefined {
    let last: [string, Blob] | undefined;
    for (const entry of this.#coming) if (this.#bytes + entry[1].size <= MOST_BYTES) last = entry;
    return last;
  }
}

const lockOf = (visit: string): string => `${NAME}-${visit}`;
