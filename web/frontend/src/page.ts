/** What the server wrote into the page. */

import type { Image } from "./records";

export interface Start {
  images: Image[];
  before: string | null;
  end: boolean;
  open: string | null;
  /** The only state that is shown; all if there is none. */
  state?: "failed" | null;
  accepted: string;
  types: string[];
  maxBytes: number;
  viewerStyle: string;
  /** How long the trash keeps what is deleted; 0: not at all. */
  trashDays: number;
  /** The event to listen from; nothing where events are not to be had. */
  events?: string | null;
}

export const start: Start = JSON.parse(document.getElementById("data")?.textContent ?? "{}");
const role = document.querySelector<HTMLMetaElement>('meta[name="gallery-role"]')?.content ?? "admin";
export const mayUpload = role === "upload" || role === "admin";
export const mayChange = role === "admin";
export const root = document.documentElement;
