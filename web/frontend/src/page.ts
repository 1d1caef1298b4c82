/** What the server wrote into the page. */

import type { Image } from "./records";

export interface Start {
  images: Image[];
  before: string | null;
  end: boolean;
  open: string | null;
  /** Which images are shown, and in which order. */
  query: Query;
  /** What to say if none are there. */
  nothing: { title: string; hint: string; links: { label: string; href: string }[] } | null;
  /** When the page was made, in milliseconds by the server's clock. */
  now: number;
  accepted: string;
  types: string[];
  maxBytes: number;
  viewerStyle: string;
  /** The script that makes small pictures of files. */
  previewWorker: string;
  /** How long the trash keeps what is deleted; 0: not at all. */
  trashDays: number;
  /** The event to listen from; nothing where events are not to be had. */
  events?: string | null;
}

/** What was asked for, as the server understood it; `first` and `last` are days of the order. */
export interface Query {
  sort: "received" | "taken";
  words: string[];
  /** Whether it can be answered: words may be too short. */
  possible: boolean;
  state: string | null;
  format: string | null;
  first: string | null;
  last: string | null;
}

const ALL: Query = { sort: "received", words: [], possible: true, state: null, format: null, first: null, last: null };
export const start: Start = { query: ALL, ...JSON.parse(document.getElementById("data")?.textContent ?? "{}") };
const role = document.querySelector<HTMLMetaElement>('meta[name="gallery-role"]')?.content ?? "admin";
export const mayUpload = role === "upload" || role === "admin";
export const mayChange = role === "admin";
export const root = document.documentElement;
