/** Small pictures of what is sent from here, made of its own bytes, for as long as the gallery has none. */

import { start } from "./page";
import type { Made, Wanted } from "./preview-worker";

const AT_ONCE = 2;
/** So many are kept, some 20 kB each; what is decoded for them is let go at once. */
const MOST = 300;
const MOST_BYTES = 64 * 2 ** 20;
const HEIGHT = 320;

interface Preview {
  url: Promise<string | null>;
  made: string | null;
}

const previews = new Map<Blob, Preview>();
/** The files of images that were sent from here. */
const sent = new Map<string, Blob>();
/** What is to be made, the most wanted last. */
const wanted: { file: Blob; done(url: string | null): void }[] = [];
let busy = 0;

/** The address of a small picture of a file; null if the browser can't decode it. The last one asked for is made first. */
export function previewOf(file: Blob): Promise<string | null> {
  const existing = previews.get(file);
  if (existing) {
    const at = wanted.findIndex((entry) => entry.file === file);
    if (at >= 0) wanted.push(...wanted.splice(at, 1));
    return existing.url;
  }
  const preview: Preview = { made: null, url: new Promise((done) => wanted.push({ file, done })) };
  void preview.url.then((url) => (preview.made = url));
  previews.set(file, preview);
  for (const [other, { made }] of previews) {
    if (previews.size <= MOST) break;
    if (!made) continue;
    URL.revokeObjectURL(made);
    previews.delete(other);
  }
  next();
  return preview.url;
}

/** Remembers which image a file became. */
export function wasSent(id: string, file: Blob): void {
  if (sent.size >= MOST) for (const oldest of sent.keys()) return void (sent.delete(oldest), sent.set(id, file));
  sent.set(id, file);
}

/** The file of an image, if it was sent from here and is not yet made. */
export const fileSent = (id: string): Blob | undefined => sent.get(id);

/** The gallery has a picture of its own. */
export const isMade = (id: string): boolean => sent.delete(id);

function next(): void {
  while (busy < AT_ONCE) {
    const entry = wanted.pop();
    if (!entry) return;
    busy += 1;
    void make(entry.file).catch(() => null).then((url) => {
      entry.done(url);
      busy -= 1;
      next();
    });
  }
}

/** The answers that are waited for, by number. */
const asked = new Map<number, (picture: Blob | null) => void>();
let worker: Worker | null = null;
let number = 0;

async function make(file: Blob): Promise<string | null> {
  if (file.size > MOST_BYTES || !("OffscreenCanvas" in globalThis)) return null;
  const picture = await new Promise<Blob | null>((done) => {
    number += 1;
    asked.set(number, done);
    worker ??= begin();
    worker.postMessage({ number, file, height: HEIGHT } satisfies Wanted);
  });
  return picture && URL.createObjectURL(picture);
}

function begin(): Worker {
  const begun = new Worker(start.previewWorker);
  begun.addEventListener("message", ({ data }: MessageEvent<Made>) => {
    asked.get(data.number)?.(data.picture);
    asked.delete(data.number);
  });
  // it could not be loaded, and may be the next time
  begun.addEventListener("error", () => {
    worker = null;
    for (const done of asked.values()) done(null);
    asked.clear();
  });
  return begun;
}
