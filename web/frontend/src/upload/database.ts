/** The browser's database of unfinished uploads, as pages and the service worker open it. */

export const NAME = "gallery-uploads";
export const NOTES = "notes";
export const DATA = "data";
/** How many bytes of files are kept at most. */
export const MOST_BYTES = 2 ** 30;
/** What another program shared belongs to a visit of such a name, which no page has: the next page asks about it. */
export const SHARED = "shared-";

/** What is kept of a file; `visit` is the page that has it. */
export interface Note {
  visit: string;
  file: string;
  name: string;
  type: string;
  size: number;
  path: string | null;
  began: number;
  fate: string;
  why: string;
  link: string | null;
}

export function open(): Promise<IDBDatabase> {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore(NOTES, { keyPath: ["visit", "file"] });
    opening.result.createObjectStore(DATA);
  };
  return done(opening);
}

export function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = (event) => (event.preventDefault(), reject(request.error ?? new Error("not kept")));
  });
}

export function committed(change: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    change.oncomplete = () => resolve();
    change.onabort = () => reject(change.error ?? new Error("not kept"));
  });
}
