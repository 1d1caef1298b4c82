/** Compares an original, as the browser shows it, with its view: browsers may rotate or crop it differently. */

import type { Image } from "../records";

const SIDE = 48;
/** Mean differences on a scale of 255. From `OTHER` on, the pictures are different. A rotation is a better match if its
 * difference is less than `NEARER` times the upright one, less `NOISE`. */
const OTHER = 56;
const NEARER = 0.75;
const NOISE = 1.5;

/** The seven other orientations, as maps of pixel coordinates: first those that keep the aspect ratio. */
const TURNS: ((x: number, y: number) => [number, number])[] = [
  (x, y) => [SIDE - 1 - x, y],
  (x, y) => [x, SIDE - 1 - y],
  (x, y) => [SIDE - 1 - x, SIDE - 1 - y],
  (x, y) => [y, x],
  (x, y) => [SIDE - 1 - y, x],
  (x, y) => [y, SIDE - 1 - x],
  (x, y) => [SIDE - 1 - y, SIDE - 1 - x],
];

/** Whether both show the same picture the same way up. Both must be loaded. If the first frame of an animation is blank,
 * only the aspect ratio counts. */
export function isAlike(original: HTMLImageElement, view: HTMLImageElement, image: Image): boolean {
  const { naturalWidth: width, naturalHeight: height } = original;
  if (Math.abs(width * image.height - height * image.width) > Math.max(width, height, image.width, image.height)) return false;
  const [one, other] = [pixels(original), pixels(view)];
  if (image.animated && one.every((value, at) => value === one[at % 4])) return true;
  const here = difference(one, other, (x, y) => [x, y]);
  return here < OTHER && TURNS.every((turn) => difference(one, other, turn) > here * NEARER - NOISE);
}

function pixels(picture: HTMLImageElement): Uint8ClampedArray {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return new Uint8ClampedArray(SIDE * SIDE * 4);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, SIDE, SIDE);
  return context.getImageData(0, 0, SIDE, SIDE).data;
}

/** The mean difference per channel, alpha included, after `turn` is applied to `one`. */
function difference(one: Uint8ClampedArray, other: Uint8ClampedArray, turn: (x: number, y: number) => [number, number]): number {
  let sum = 0;
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      const [left, top] = turn(x, y);
      const from = 4 * (SIDE * top + left);
      const to = 4 * (SIDE * y + x);
      for (let channel = 0; channel < 4; channel += 1) sum += Math.abs((one[from + channel] ?? 0) - (other[to + channel] ?? 0));
    }
  }
  return sum / (SIDE * SIDE * 4);
}
