/** Background class for a transparent picture, chosen for contrast. */

import type { Image } from "./records";

const ALPHA = 1 << 23;
const LIGHTS = 63;

/** Reads alpha and mean lightness from the header of the ThumbHash. Null if the picture is opaque, or has no hash. */
export function backgroundClass(image: Image): "on-light" | "on-middle" | "on-dark" | null {
  if (!image.placeholder) return null;
  let head: string;
  try {
    head = atob(image.placeholder.slice(0, 4));
  } catch {
    return null;
  }
  const bits = head.charCodeAt(0) | (head.charCodeAt(1) << 8) | (head.charCodeAt(2) << 16);
  if (!(bits & ALPHA)) return null;
  const light = (bits & LIGHTS) / LIGHTS;
  return light < 0.4 ? "on-light" : light > 0.6 ? "on-dark" : "on-middle";
}
