/** Client of the API. */

import type { DayCount, Image } from "./records";

export interface Page {
  images: Image[];
  next: string | null;
  /** The id of the event to resume from. */
  events?: string | null;
}

export interface Status {
  pending: number;
  without_grid: number;
  failed: number;
  volume: { free_bytes: number; total_bytes: number };
  queue: { waiting: number; oldest_seconds: number | null; running: number; failed: number; workers: number } | null;
}

/** The server's limit of images per call. */
export const MOST_AT_ONCE = 1000;

/** An RFC 9457 problem document as an error; `code` is stable. */
export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

async function call(method: string, path: string, options: RequestInit = {}): Promise<Response> {
  const answer = await fetch(path, { method, ...options });
  if (answer.ok) return answer;
  const problem: { code?: string; detail?: string } = await answer.json().catch(() => ({}));
  throw new Problem(answer.status, problem.code ?? "http-error", problem.detail ?? `The server answered ${answer.status}.`);
}

const get = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
  (await call("GET", path, { signal: signal ?? null })).json() as Promise<T>;

/** Query parameters; see `query.ts`. */
export type SearchParameters = Readonly<Record<string, string>>;

export const page = (before: string | null, limit: number, asked: SearchParameters = {}): Promise<Page> =>
  get(`/api/images?${new URLSearchParams({ ...asked, limit: String(limit), ...(before ? { before } : {}) })}`);
/** Finds the image with this hash: one or none. */
export const findByHash = (sha256: string): Promise<Page> => get(`/api/images?sha256=${sha256}`);
/** Days with their counts, newest first. The marks of a day are the positions of every `every`th image, to page from.
 * `complete` is false while some days are not counted yet. */
export const days = (every: number, byTaken: boolean): Promise<{ days: DayCount[]; complete: boolean }> =>
  get(`/api/days?every=${every}${byTaken ? "&by=taken" : ""}`);
export const status = (): Promise<Status> => get("/api/status");
export const retry = async (id: string): Promise<Image> =>
  (await call("POST", `/api/images/${id}/retry`)).json() as Promise<Image>;
/** Restores up to `MOST_AT_ONCE` images from the trash. The request survives leaving the page. */
export const restore = (ids: readonly string[]): Promise<unknown> =>
  call("POST", "/api/restore", { body: JSON.stringify({ ids }), headers: { "Content-Type": "application/json" }, keepalive: true });
/** Deletes up to `MOST_AT_ONCE` images. The request survives leaving the page. */
export const removeAll = (ids: string[]): Promise<unknown> =>
  call("POST", "/api/delete", { body: JSON.stringify({ ids }), headers: { "Content-Type": "application/json" }, keepalive: true });
/** Retries up to `MOST_AT_ONCE` images; returns how many had failed. */
async function retrySome(ids: string[]): Promise<number> {
  const answer = await call("POST", "/api/retry", { body: JSON.stringify({ ids }), headers: { "Content-Type": "application/json" } });
  return ((await answer.json()) as { retried: number }).retried;
}

/** Retries those of the images that have failed; returns how many. */
export async function retryAll(ids: readonly string[]): Promise<number> {
  let retried = 0;
  for (let i = 0; i < ids.length; i += MOST_AT_ONCE) retried += await retrySome(ids.slice(i, i + MOST_AT_ONCE));
  return retried;
}

/** All ids that match the query, newest first, loaded or not. `before` is the position to start below, `least` the
 * smallest id to return (for listings in the order of ids). */
export async function ids(asked: SearchParameters, before: string | null = null, least = ""): Promise<string[]> {
  const found: string[] = [];
  for (let next = before; ; ) {
    const query = new URLSearchParams({ ...asked, ...(next ? { before: next } : {}) });
    const page = await get<{ ids: string[]; next: string | null }>(`/api/ids?${query}`);
    found.push(...page.ids.filter((id) => id >= least));
    next = page.next;
    if (!next || (least && next < least)) return found;
  }
}

/** Retries every failed image. The server limits how many it takes per call. */
export async function retryFailed(): Promise<void> {
  let more = true;
  while (more) {
    const answer = await call("POST", "/api/retry-failed");
    const { retried, left } = (await answer.json()) as { retried: number; left: number };
    more = retried > 0 && left > 0;
  }
}
