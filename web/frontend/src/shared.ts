/** Files that other apps shared with the installed gallery. The service worker stores them, and the next page asks whether
 * to add them. A form on any site can send such files, so none is uploaded without the user's consent. */

import { committed, DATA, done, MOST_BYTES, type Note, NOTES, open, SHARED } from "./upload/database";

const range = (): IDBKeyRange => IDBKeyRange.bound([SHARED], [`${SHARED}~`, []]);

/** Stores files for the next page, all or none. */
export async function store(files: readonly File[]): Promise<void> {
  const visit = `${SHARED}${Date.now()}-${Math.random().toString(36).slice(2)}`;
  const db = await open();
  const kept = await done<Note[]>(db.transaction(NOTES).objectStore(NOTES).getAll(range()));
  if ([...files, ...kept].reduce((sum, { size }) => sum + size, 0) > MOST_BYTES) throw new Error("too much to keep");
  const change = db.transaction([NOTES, DATA], "readwrite");
  files.forEach((file, at) => {
    const note: Note = { visit, file: `${at}`, name: file.name, type: file.type, size: file.size, path: null, began: Date.now(), fate: "waiting", why: "", link: null };
    change.objectStore(NOTES).put(note);
    change.objectStore(DATA).put(file, [visit, note.file]);
  });
  await committed(change);
  db.close();
}

/** The number of stored files, shared or left behind by a page. */
export async function countFiles(): Promise<number> {
  const db = await open();
  const count = await done(db.transaction(DATA).objectStore(DATA).count());
  db.close();
  return count;
}

/** Shared files that wait for the user's answer. */
export interface Shared {
  visits: string[];
  names: string[];
  bytes: number;
}

export async function loadShared(): Promise<Shared> {
  const db = await open();
  const notes = await done<Note[]>(db.transaction(NOTES).objectStore(NOTES).getAll(range()));
  db.close();
  const bytes = notes.reduce((sum, { size }) => sum + size, 0);
  return { visits: [...new Set(notes.map(({ visit }) => visit))], names: notes.map(({ name }) => name), bytes };
}

/** Deletes all shared files, or those of these visits; returns their number. */
export async function forget(visits?: readonly string[]): Promise<number> {
  const db = await open();
  const change = db.transaction([NOTES, DATA], "readwrite");
  let count = 0;
  for (const which of visits?.map((visit) => IDBKeyRange.bound([visit], [visit, []])) ?? [range()]) {
    count += await done(change.objectStore(NOTES).count(which));
    for (const store of [NOTES, DATA]) change.objectStore(store).delete(which);
  }
  await committed(change);
  db.close();
  return count;
}
