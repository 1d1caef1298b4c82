/** The files are kept in the browser until they are sent, by one page at a time. */

import type Uppy from "@uppy/core";
import type { Body, Meta } from "@uppy/core";
import GoldenRetriever from "@uppy/golden-retriever";
import { FLAG } from "./items";

const UNLOADED_MS = 2000;
const RESTORED_MS = 1000;
const KEPT_IN = "uppy-blobs"; // the name of Uppy's database

/** Begins to keep them, unless another page does; resolves once files may be added. `unfinished` says that an earlier
 * visit left some. */
export function keep<M extends Meta, B extends Body>(uppy: Uppy<M, B>, unfinished: boolean): Promise<void> {
  if (!navigator.locks) return Promise.resolve();
  // a page that was reloaded may hold the lock for a moment longer
  const how = unfinished ? { signal: AbortSignal.timeout(UNLOADED_MS) } : { ifAvailable: true };
  return new Promise((done) => {
    const held = async (lock: Lock | null): Promise<void> => {
      if (lock) await retrieve(uppy, unfinished);
      done();
      if (lock) await new Promise(() => undefined);
    };
    navigator.locks.request(FLAG, how, held).catch(() => done()); // another page keeps its own
  });
}

/** What is restored replaces all files that Uppy has: none may be added before. */
async function retrieve<M extends Meta, B extends Body>(uppy: Uppy<M, B>, unfinished: boolean): Promise<void> {
  const before = (await indexedDB.databases?.())?.some(({ name }) => name === KEPT_IN) ?? true;
  const restored = new Promise<void>((resolve) => uppy.once("restored", () => resolve()));
  uppy.use(GoldenRetriever, {});
  const late = new Promise((resolve) => setTimeout(resolve, unfinished ? 10 * RESTORED_MS : RESTORED_MS));
  if (before) await Promise.race([restored, late]);
}
