/** The calls of the API. */

import type { DayCount, Image } from "./records";

export interface Page {
  images: Image[];
  next: string | null;
  /** The event to listen from. */
  events?: string | null;
}

export interface Status {
  pending: number;
  failed: number;
  volume: { free_bytes: number; total_bytes: number };
  queue: { waiting: number; oldest_seconds: number | null; running: number; failed: number; workers: number } | null;
}

/** A problem document as an error; `code` is stable. */
export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

async function call(method: string, path: string, options: RequestInit = {}): Promise<Response> {
  const answer = await fetch(path, { method, ...options });
  if (answer.ok) return answer;
  const told: { code?: string; detail?: string } = await answer.json().catch(() => ({}));
  throw new Problem(answer.status, told.code ?? "http-error", told.detail ?? `The server answered ${answer.status}.`);
}

const get = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
  (await call("GET", path, { signal: signal ?? null })).json() as Promise<T>;

export const page = (before: string | null, limit: number, signal?: AbortSignal): Promise<Page> =>
  get(`/api/images?limit=${limit}${before ? `&before=${before}` : ""}`, signal);
/** The images that hold the bytes with this hash: one or none. */
export const holding = (sha256: string): Promise<Page> => get(`/api/images?sha256=${sha256}`);
export const one = (id: string): Promise<Image> => get(`/api/images/${id}`);
/** The days, newest first, with the id of every `every`th image as marks to page from; `complete` is false while some
 * are not counted yet. */
export const days = (every: number): Promise<{ days: DayCount[]; complete: boolean }> => get(`/api/days?every=${every}`);
export const status = (): Promise<Status> => get("/api/status");
export const remove = (id: string): Promise<unknown> => call("DELETE", `/api/images/${id}`, { keepalive: true });
export const retry = async (id: string): Promise<Image> =>
  (await call("POST", `/api/images/${id}/retry`)).json() as Promise<Image>;
/** Deletes many at once; goes on when the page is left. */
export const removeAll = (ids: string[]): Promise<unknown> =>
  call("POST", "/api/delete", { body: JSON.stringify({ ids }), headers: { "Content-Type": "application/json" }, keepalive: true });
/** Tries all that failed again, as many in one call as the server takes. */
export async function retryFailed(): Promise<void> {
  let more = true;
  while (more) {
    const answer = await call("POST", "/api/retry-failed");
    const { retried, left } = (await answer.json()) as { retried: number; left: number };
    more = retried > 0 && left > 0;
  }
}
