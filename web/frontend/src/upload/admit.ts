/** Checks files before they are sent: what the server would refuse anyway is refused here at once. */

import { start } from "../page";
import { limit } from "../words";

const HIDDEN = /(^|\/)\.[^/]*$/;
const PICTURE = /\.(hei[cf]|avif|webp|jpe?g|png|gif)$/i;

/** Why a file is refused; null if it may be sent. */
export function refusal(bytes: number | null): string | null {
  if (bytes === 0) return "The file is empty. Choose another.";
  if ((bytes ?? 0) > start.maxBytes) return `The file is larger than the limit of ${limit(start.maxBytes)}. Send a smaller one.`;
  return null;
}

/** Whether a file in a folder is a picture: by its type, or by its name if the browser does not know the type. */
export const isPicture = (path: string, type: string): boolean => !HIDDEN.test(path) && (type ? type.startsWith("image/") : PICTURE.test(path));

/** Whether a file can still be read: it may have been moved, changed or ejected since it was chosen. */
export async function isReadable(data: unknown): Promise<boolean> {
  if (!(data instanceof Blob)) return true;
  return data.slice(0, 1).arrayBuffer().then(() => true, () => false);
}

/** A name for a pasted picture: browsers call them all `image.png`. */
export function pastedName(file: File): string {
  if (file.name && !/^image\.\w+$/.test(file.name)) return file.name;
  const at = new Date();
  const two = (n: number): string => String(n).padStart(2, "0");
  const time = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}.${two(at.getMinutes())}.${two(at.getSeconds())}`;
  return `Pasted ${time}.${file.type.split("/")[1]?.replace("jpeg", "jpg") ?? "png"}`;
}

/** Counts the files skipped in a folder, and reports them once. */
export class SkippedFiles {
  #files = 0;
  #timer = 0;

  constructor(readonly tell: (files: number) => void) {}

  add(): void {
    this.#files += 1;
    this.#timer ||= window.setTimeout(() => {
      this.tell(this.#files);
      this.#files = this.#timer = 0;
    }, 400);
  }
}
