/** The IndexedDB database of unfinished uploads, shared by pages and the service worker. */

export const NAME = "gallery-uploads";
export const NOTES = "notes";
export const DATA = "data";
/** The limit for stored file contents, in bytes. */
export const MOST_BYTES = 2 ** 30;
/** Prefix of the visits that hold shared files. No page has such a visit, so no page resumes them without asking. */
export const SHARED = "shared-";

/** The stored metadata of a file. `visit` is the page that owns it. `fate` is the state of the upload; the name of this
 * key must not change, because it is stored in users' browsers. */
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
