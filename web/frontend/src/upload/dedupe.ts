/** Duplicate check by hash, before a file is sent. */

import { findByHash } from "../api";
import type { Image } from "../records";

/** The image on the server with these bytes; null if there is none, or if the check fails. */
export async function findDuplicate(data: Blob): Promise<Image | null> {
  try {
    // `crypto.subtle` exists only in secure contexts (TLS or localhost).
    const hash = await crypto.subtle.digest("SHA-256", await data.arrayBuffer());
    const hex = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
    return (await findByHash(hex)).images[0] ?? null;
  } catch {
    return null;
  }
}
