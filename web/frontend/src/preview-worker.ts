/** Web worker that makes previews of files: decoding and scaling a photograph takes longer than a frame. */

import { decodeSmall } from "./jpeg";

export interface PreviewRequest {
  number: number;
  file: Blob;
  height: number;
}

/** `picture` is null if the browser can't decode the file. */
export interface PreviewResult {
  number: number;
  picture: Blob | null;
}

addEventListener("message", ({ data: { number, file, height } }: MessageEvent<PreviewRequest>) => {
  void makePreview(file, height)
    .catch(() => null)
    .then((picture) => postMessage({ number, picture } satisfies PreviewResult));
});

async function makePreview(file: Blob, height: number): Promise<Blob | null> {
  const frame = await decodeSmall(file, height).catch(() => null);
  if (frame) return draw(frame, Math.max(1, Math.round((frame.displayWidth * height) / frame.displayHeight)), height);
  const bitmap = await createImageBitmap(file, { resizeHeight: height, resizeQuality: "medium" });
  return draw(bitmap, bitmap.width, bitmap.height);
}

async function draw(picture: VideoFrame | ImageBitmap, width: number, height: number): Promise<Blob | null> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (context) context.imageSmoothingQuality = "medium";
  context?.drawImage(picture, 0, 0, width, height);
  picture.close();
  return context ? canvas.convertToBlob({ type: "image/webp", quality: 0.8 }) : null;
}
