/** Blurred placeholders, decoded from the some 25 bytes of a ThumbHash. */

import { thumbHashToDataURL } from "thumbhash";
import type { Image } from "./records";

const MOST = 600;
const drawn = new Map<string, string>();

export function placeholder(image: Image): string | null {
  if (!image.placeholder) return null;
  const cached = drawn.get(image.placeholder);
  if (cached) return cached;
  let url: string;
  try {
    url = thumbHashToDataURL(Uint8Array.from(atob(image.placeholder), (c) => c.charCodeAt(0)));
  } catch {
    return null;
  }
  if (drawn.size >= MOST) drawn.clear();
  drawn.set(image.placeholder, url);
  return url;
}
