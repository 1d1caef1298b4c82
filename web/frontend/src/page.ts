/** The data that the server embeds in the page. */

import type { Image } from "./records";

export interface PageData {
  images: Image[];
  before: string | null;
  end: boolean;
  open: string | null;
  /** Which images are shown, and in which order. */
  query: Query;
  /** The message if nothing matches. */
  nothing: { title: string; hint: string; links: { label: string; href: string }[] } | null;
  /** When the page was rendered, in milliseconds by the server's clock. */
  now: number;
  accepted: string;
  types: string[];
  maxBytes: number;
  viewerStyle: string;
  /** The URL of the worker script that makes previews. */
  previewWorker: string;
  /** Days that the trash keeps deleted images; 0: there is no trash. */
  trashDays: number;
  /** The id of the event to resume from; absent if there are no events. */
  events?: string | null;
}

/** The search as the server parsed it; `first` and `last` are days in the sort order. */
export interface Query {
  sort: "received" | "taken";
  words: string[];
  /** Whether the search can match anything: words may be too short. */
  possible: boolean;
  state: string | null;
  format: string | null;
  first: string | null;
  last: string | null;
}

const ALL: Query = { sort: "received", words: [], possible: true, state: null, format: null, first: null, last: null };
export const start: PageData = { query: ALL, ...JSON.parse(document.getElementById("data")?.textContent ?? "{}") };
const role = document.querySelector<HTMLMetaElement>('meta[name="gallery-role"]')?.content ?? "admin";
export const mayUpload = role === "upload" || role === "admin";
export const mayChange = role === "admin";
export const root = document.documentElement;
