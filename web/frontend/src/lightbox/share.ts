/** Sharing a picture: copies its link, and saves a JPEG of formats that many programs can't open. */

import { h } from "../dom";
import { icon } from "../icons";
import type { Image } from "../records";
import { toast } from "../toast";
import { viewOf } from "../view";
import { formatName } from "../words";

/** Formats that many programs do not open. */
const RARE = new Set(["heic", "avif"]);
const QUALITY = 0.92;

export async function copyLink(image: Image): Promise<void> {
  try {
    await navigator.clipboard.writeText(new URL(`/images/${image.id}`, location.href).href);
    toast("Link copied.");
  } catch {
    toast("The link could not be copied. It is in the address bar.");
  }
}

/** Saves the view as a JPEG, on white, and reports its size. */
async function saveJpeg(image: Image): Promise<void> {
  const view = viewOf(image);
  if (!view) return;
  try {
    const picture = h("img", { src: view });
    await picture.decode();
    const canvas = h("canvas", { width: picture.naturalWidth, height: picture.naturalHeight });
    const context = canvas.getContext("2d");
    if (!context) throw new Error("no canvas");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, 0, 0);
    const data = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    if (!data) throw new Error("no JPEG");
    const href = URL.createObjectURL(data);
    h("a", { href, download: `${image.name.replace(/\.\w{1,5}$/, "")}.jpg` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
    toast(`Made a JPEG of ${canvas.width} × ${canvas.height} pixels from the view. The ${formatName(image.format)} has ${image.width} × ${image.height}.`);
  } catch {
    toast("No JPEG could be made of it.");
  }
}

export function shareButtons(image: Image): HTMLElement {
  const button = (glyph: "link" | "download", label: string, run: () => void): HTMLElement => h("button", { type: "button", class: "button quiet small", onclick: run }, icon(glyph), label);
  return h(
    "div", { class: "share" },
    "clipboard" in navigator && button("link", "Copy link", () => void copyLink(image)),
    RARE.has(image.format) && viewOf(image) && button("download", "Download as JPEG", () => void saveJpeg(image)),
  );
}
