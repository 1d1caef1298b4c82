/** The files of this visit, with their state. */

/** The localStorage key that says that uploads are unfinished. */
const FLAG = "gallery-uploads";

/** Whether an earlier visit left uploads unfinished. */
export function leftUnfinished(): boolean {
  try {
    return localStorage.getItem(FLAG) !== null;
  } catch {
    return false;
  }
}

export function noteUnfinished(unfinished: boolean): void {
  try {
    if (unfinished) localStorage.setItem(FLAG, "1");
    else localStorage.removeItem(FLAG);
  } catch {
    // Without storage nothing can be resumed.
  }
}

export type UploadState = "waiting" | "sending" | "resting" | "added" | "here" | "refused" | "failed" | "lost" | "cancelled";

export interface Item {
  /** Uppy's id of the file. */
  file: string;
  name: string;
  size: number;
  state: UploadState;
  sent: number;
  tries: number;
  /** When the first byte was sent, in milliseconds. */
  began: number;
  why: string;
  /** The page of its image: the new one, or the existing one with the same bytes. */
  link: string | null;
  /** Whether it failed in an earlier batch. */
  old?: boolean;
  /** The file's content, if available. */
  data?: Blob | null;
}

interface Named {
  id: string;
  name?: string;
  size: number | null;
}

export function newItem({ id, name, size }: Named, state: UploadState, why = ""): Item {
  return { file: id, name: name ?? "unnamed", size: size ?? 0, state, sent: 0, tries: 0, began: 0, why, link: null };
}

export interface Totals {
  all: number;
  done: number;
  active: number;
  added: number;
  here: number;
  refused: number;
  failed: number;
  lost: number;
  bytes: number;
  sent: number;
}

export const isActive = ({ state }: Item): boolean => state === "waiting" || state === "sending" || state === "resting";

export function totalsOf(items: readonly Item[]): Totals {
  const sum: Totals = { all: 0, done: 0, active: 0, added: 0, here: 0, refused: 0, failed: 0, lost: 0, bytes: 0, sent: 0 };
  for (const item of items) {
    if (item.state === "cancelled") continue;
    if (item.old) {
      sum.failed += 1;
      continue;
    }
    sum.all += 1;
    sum.bytes += item.size;
    if (isActive(item)) {
      sum.active += 1;
      sum.sent += item.sent;
      continue;
    }
    sum.sent += item.size;
    sum.done += 1;
    if (item.state === "added" || item.state === "here" || item.state === "refused" || item.state === "failed" || item.state === "lost") sum[item.state] += 1;
  }
  return sum;
}
