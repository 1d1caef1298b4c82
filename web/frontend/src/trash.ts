/** Deleting with undo: deleted images go to the trash, and undo restores them. */

import * as api from "./api";
import { confirm } from "./confirm";
import { byTaken } from "./order";
import { start } from "./page";
import { filtered } from "./query";
import { idAfter, type Image } from "./records";
import type { Timeline } from "./timeline";
import { type Toast, toast } from "./toast";
import { many } from "./words";

const SECONDS = 6;
/** Images per call of a restore: small, so that the first ones are shown early. */
const AT_ONCE = 100;
const TOGETHER_MS = 300;
const RECOUNTS = 12;
const RECOUNT_MS = 700;
/** How late an event of a deletion may be. */
const LATE_MS = 10_000;

/** Images that were deleted together, and are restored together. */
interface Deleted {
  images: Image[];
  /** The ids of those that were not loaded. */
  unseen: string[];
  ids: string[];
  shown: Toast;
  /** Resolves to whether the server has deleted them. */
  done: Promise<boolean>;
}

export interface TrashActions {
  changed(): void;
  /** The counts have changed, but it is not known which. */
  recount(): Promise<void>;
  removed(id: string): void;
  restored(images: readonly Image[]): void;
  /** An image was restored elsewhere. */
  back(image: Image): void;
}

export class Trash {
  /** Deletions that can be undone, latest last; also after their toasts have closed. */
  readonly #stack: Deleted[] = [];
  /** Images deleted here and not restored. */
  readonly #deleted = new Set<string>();
  /** Images restored here a moment ago: the event of their deletion may still arrive. */
  readonly #restored = new Set<string>();
  readonly #restoring = new Set<string>();
  #undoing: Promise<void> = Promise.resolve();
  /** Updates of deleted images, held back until the server has said whether they exist again. */
  readonly #asked = new Map<string, Image>();
  #asking = 0;

  constructor(
    readonly timeline: Timeline,
    readonly actions: TrashActions,
  ) {
    addEventListener("keydown", (event) => {
      const last = this.#stack.at(-1);
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key !== "z" || !last) return;
      if ((event.target as HTMLElement).closest("input, textarea, dialog")) return;
      event.preventDefault();
      last.shown.close();
      this.#undo(last);
    });
  }

  /** Asks for confirmation if the gallery keeps no trash. */
  async mayPut(count: number): Promise<boolean> {
    if (start.trashDays) return true;
    return confirm(`Delete ${many(count, "picture")} for good?`, "This gallery keeps no trash: there is no way back.", "Delete");
  }

  /** Deletes images: from the page at once, then on the server. */
  put(ids: readonly string[]): void {
    const { images, unseen } = this.timeline.removeAll(ids);
    const all = [...images.map(({ id }) => id), ...unseen];
    if (!all.length) return;
    for (const id of all) {
      this.#deleted.add(id);
      this.#restored.delete(id);
    }
    for (const { id } of images) this.actions.removed(id);
    this.actions.changed();
    const words = all.length === 1 && images[0] ? `Deleted ${images[0].name}` : `Deleted ${many(all.length, "picture")}`;
    const undo = start.trashDays ? { label: "Undo", keys: "Control+Z", run: () => this.#undo(deleted) } : undefined;
    const deleted: Deleted = { images, unseen, ids: all, shown: toast(words, undo, SECONDS), done: this.#delete(all) };
    void deleted.done.then((done) => done || this.#failed(deleted));
    if (undo) this.#stack.push(deleted);
    // Sorted by date taken, the positions of unloaded images are unknown, so the counts must be reloaded.
    if (unseen.length && byTaken) void deleted.done.then(() => this.actions.recount());
  }

  /** Whether to apply an update of an image now. A deleted image may have been restored elsewhere: its update is held
   * back and checked with the server, together with others. */
  shouldApply(image: Image): boolean {
    if (!this.timeline.gone.has(image.id)) return true;
    if (!this.#restoring.has(image.id)) {
      this.#asked.set(image.id, image);
      this.#asking ||= window.setTimeout(() => void this.#ask(), TOGETHER_MS);
    }
    return false;
  }

  async #ask(): Promise<void> {
    const asked = new Map(this.#asked);
    this.#asked.clear();
    this.#asking = 0;
    await Promise.all(this.#stack.map(({ done }) => done));
    const all = [...asked.keys()].sort();
    const there = new Set(await api.ids({}, idAfter(all.at(-1) ?? ""), all[0]).catch(() => []));
    for (const [id, image] of asked) {
      if (!there.has(id) || !this.timeline.gone.has(id)) continue;
      this.markRestored(id);
      this.actions.back(image);
    }
  }

  /** Whether to apply the event that an image was deleted. */
  async shouldRemove(id: string): Promise<boolean> {
    if (this.#deleted.has(id)) return false;
    return !this.#restored.has(id) || !(await exists(id));
  }

  /** Call when a deleted image exists again. */
  markRestored(id: string): void {
    this.#deleted.delete(id);
    this.timeline.gone.delete(id);
  }

  async #delete(ids: readonly string[]): Promise<boolean> {
    try {
      for (let i = 0; i < ids.length; i += api.MOST_AT_ONCE) await api.removeAll(ids.slice(i, i + api.MOST_AT_ONCE));
      return true;
    } catch {
      return false;
    }
  }

  #failed(deleted: Deleted): void {
    this.#forget(deleted);
    deleted.shown.close();
    this.#back(deleted.images, deleted.ids);
    if (deleted.unseen.length) void this.#recount(deleted.unseen, 0);
    toast(`${many(deleted.ids.length, "picture")} could not be deleted. Try again.`);
  }

  /** Restores one deletion after the other, in the order of the undos. */
  #undo(deleted: Deleted): void {
    this.#forget(deleted);
    this.#undoing = this.#undoing.then(() => this.#restore(deleted));
  }

  /** Restores images, and shows them only then: before, their pictures cannot be fetched. */
  async #restore(deleted: Deleted): Promise<void> {
    if (!(await deleted.done)) return;
    let left = deleted.ids;
    const all = this.timeline.total + left.length;
    for (const id of left) this.#restoring.add(id);
    const shown = left.length > AT_ONCE ? toast(`Restoring ${many(left.length, "picture")}…`, undefined, 600) : null;
    try {
      while (left.length) {
        const some = left.slice(0, AT_ONCE);
        await api.restore(some);
        left = left.slice(some.length);
        this.#back(deleted.images, some);
      }
      if (!deleted.unseen.length) this.actions.restored(deleted.images);
    } catch {
      this.#stack.push({ ...deleted, ids: left });
      toast(`${many(left.length, "picture")} could not be restored. What was deleted is in the trash.`);
    }
    for (const id of deleted.ids) this.#restoring.delete(id);
    if (deleted.unseen.length) await this.#recount(deleted.unseen, all);
    shown?.close();
  }

  /** Reloads the counts until they include the restored images: the positions of unloaded ones are unknown, and the server
   * updates its counts once a second. */
  async #recount(ids: readonly string[], all: number): Promise<void> {
    if (filtered) return this.actions.recount();
    for (let tries = 0; tries < RECOUNTS; tries += 1) {
      this.timeline.unload(ids);
      await this.actions.recount();
      if (this.timeline.total >= all) return;
      await new Promise((resolve) => setTimeout(resolve, RECOUNT_MS));
    }
  }

  #forget(deleted: Deleted): void {
    const at = this.#stack.indexOf(deleted);
    if (at >= 0) this.#stack.splice(at, 1);
  }

  #back(images: readonly Image[], ids: readonly string[]): void {
    const back = new Set(ids);
    for (const id of ids) {
      this.markRestored(id);
      this.#restored.add(id);
      setTimeout(() => this.#restored.delete(id), LATE_MS);
    }
    for (const image of images) if (back.has(image.id)) this.timeline.put(image);
    this.actions.changed();
  }
}

/** Asks for a page of one image, because browsers log a 404 in the console. */
async function exists(id: string): Promise<boolean> {
  const found = await api.page(idAfter(id), 1).catch(() => null);
  return found?.images[0]?.id === id;
}
