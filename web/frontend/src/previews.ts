/** Previews of uploads, made here from the file itself and shown until the server's thumbnail is ready. */

import { start } from "./page";
import type { PreviewRequest, PreviewResult } from "./preview-worker";

const AT_ONCE = 2;
/** The most previews kept, some 20 kB each; the decoded pictures are freed at once. */
const MOST = 300;
const MOST_BYTES = 64 * 2 ** 20;
const HEIGHT = 320;

interface Preview {
  url: Promise<string | null>;
  made: string | null;
}

const previews = new Map<Blob, Preview>();
/** Uploaded files by image id. */
const sent = new Map<string, Blob>();
/** The previews to make; a stack, so that the last request is served first. */
const wanted: { file: Blob; done(url: string | null): void }[] = [];
let busy = 0;

/** The URL of a file's preview; null if the browser can't decode the file. The last request is served first. */
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

/** Remembers the file of an image that was uploaded here. */
export function rememberFile(id: string, file: Blob): void {
  if (sent.size >= MOST) for (const oldest of sent.keys()) return void (sent.delete(oldest), sent.set(id, file));
  sent.set(id, file);
}

/** The file of an image that was uploaded here and has no thumbnail yet. */
export const uploadedFile = (id: string): Blob | undefined => sent.get(id);

/** Forgets the file of an image: its thumbnail is ready. */
export const forgetFile = (id: string): boolean => sent.delete(id);

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

/** Callbacks of the requests to the worker, by number. */
const asked = new Map<number, (picture: Blob | null) => void>();
let worker: Worker | null = null;
let number = 0;

async function make(file: Blob): Promise<string | null> {
  if (file.size > MOST_BYTES || !("OffscreenCanvas" in globalThis)) return null;
  const picture = await new Promise<Blob | null>((done) => {
    number += 1;
    asked.set(number, done);
    worker ??= begin();
    worker.postMessage({ number, file, height: HEIGHT } satisfies PreviewRequest);
  });
  return picture && URL.createObjectURL(picture);
}

function begin(): Worker {
  const begun = new Worker(start.previewWorker);
  begun.addEventListener("message", ({ data }: MessageEvent<PreviewResult>) => {
    asked.get(data.number)?.(data.picture);
    asked.delete(data.number);
  });
  // The script failed to load; the next request tries again.
  begun.addEventListener("error", () => {
    worker = null;
    for (const done of asked.values()) done(null);
    asked.clear();
  });
  return begun;
}
