/** Whether a browser shows an original as its record and its view say: it may not turn or crop it as we do. */

import type { Image } from "../records";

const SIDE = 48;
/** Mean differences of 255: so far apart are only different pictures, and so much nearer must a turned one be. */
const OTHER = 56;
const NEARER = 0.75;
const NOISE = 1.5;

/** Places of a pixel in a picture that is turned or mirrored: upside down and mirrored first, then on its side. */
const TURNS: ((x: number, y: number) => [number, number])[] = [
  (x, y) => [SIDE - 1 - x, y],
  (x, y) => [x, SIDE - 1 - y],
  (x, y) => [SIDE - 1 - x, SIDE - 1 - y],
  (x, y) => [y, x],
  (x, y) => [SIDE - 1 - y, x],
  (x, y) => [y, SIDE - 1 - x],
  (x, y) => [SIDE - 1 - y, SIDE - 1 - x],
];

/** Both pictures are loaded. An animation whose first frame is blank is judged by its shape alone. */
export function alike(original: HTMLImageElement, view: HTMLImageElement, image: Image): boolean {
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

/** The mean difference of a channel, alpha among them, if the first one is turned. */
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
