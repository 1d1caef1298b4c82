/** Records as the API returns them, and helpers for their time-ordered ids. */

export interface Rendition {
  width: number;
  height: number;
  bytes: number;
  format: string;
}

export interface Image {
  id: string;
  name: string;
  format: string;
  bytes: number;
  width: number;
  height: number;
  /** A newer release may add states. */
  state: "pending" | "ready" | "failed" | (string & {});
  reason: { code: string; message: string } | null;
  attempts: number;
  received_at: string;
  queued_at: string | null;
  started_at: string | null;
  finished_at: string | null;
  /** The worker that ran the last attempt. */
  worker: string | null;
  animated: boolean;
  frames: number;
  placeholder: string | null;
  color: string | null;
  notes: string[];
  /** The camera's local time, such as `2019-07-14T18:03:22`, with an offset from UTC if the file states one. */
  taken_at: string | null;
  camera: string | null;
  lens: string | null;
  exposure: string | null;
  renditions: Partial<Record<"grid" | "view", Rendition>>;
  /** `original` is present only if the user may fetch it. */
  links: { self: string; download: string; original?: string; grid?: string; view?: string };
}

export interface DayCount {
  day: string;
  count: number;
  first?: string;
  marks?: string[];
}

const DAY_MS = 86_400_000;

/** The creation time of an id in milliseconds: the first 48 bits of a UUIDv7. */
export function madeAt(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** The day of an id in UTC, such as 2026-11-24. */
export function dayOf(id: string): string {
  return new Date(madeAt(id)).toISOString().slice(0, 10);
}

/** The least id with this creation time. */
export function idAt(ms: number): string {
  const hex = ms.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

/** The exclusive upper bound of a day's ids: the least id of the next day. */
export function dayEnd(day: string): string {
  return idAt(Date.parse(day) + DAY_MS);
}

export function dayStart(day: string): string {
  return idAt(Date.parse(day));
}

/** The next id: paging from it returns `id` first. */
export function idAfter(id: string): string {
  const next = (BigInt(`0x${id.slice(24)}`) + 1n).toString(16).padStart(12, "0");
  return next.length > 12 ? idAt(madeAt(id) + 1) : id.slice(0, 24) + next;
}

/** The remarks on an image: why it failed, and the notes from rendering. */
export function remarksOf(image: Image): string[] {
  return image.reason ? [image.reason.message, ...image.notes] : image.notes;
}

/** The URL of the original, or of the download without metadata if the user may not fetch the original. */
export function fileOf(image: Image): string {
  return image.links.original ?? image.links.download;
}

/** The aspect ratio in the grid, width over height; extreme ones are cropped. */
export function shapeOf(image: Image): number {
  return Math.min(3.2, Math.max(0.45, image.width / Math.max(1, image.height)));
}
