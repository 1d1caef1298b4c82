/** What other programs shared with the installed gallery: the service worker keeps it, the next page uploads it. */

import { committed, DATA, done, MOST_BYTES, type Note, NOTES, open, SHARED } from "./upload/database";

const range = (): IDBKeyRange => IDBKeyRange.bound([SHARED], [`${SHARED}~`, []]);

/** Keeps files for the next page, all or none. */
export async function keep(files: readonly File[]): Promise<void> {
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

/** How many files are kept, shared or left by a page. */
export async function waiting(): Promise<number> {
  const db = await open();
  const count = await done(db.transaction(DATA).objectStore(DATA).count());
  db.close();
  return count;
}

/** Forgets what waits; returns how many files that were. */
export async function forget(): Promise<number> {
  const db = await open();
  const change = db.transaction([NOTES, DATA], "readwrite");
  const count = await done(change.objectStore(NOTES).count(range()));
  for (const store of [NOTES, DATA]) change.objectStore(store).delete(range());
  await committed(change);
  db.close();
  return count;
}
