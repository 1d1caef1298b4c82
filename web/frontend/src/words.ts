/** Formats numbers, sizes, times and states as text. */

import type { Image } from "./records";

const language = document.documentElement.lang || "en";
/** The page's language with the reader's region: 26 November and 17:47 in Europe, November 26 and 5:47 PM in the USA. */
const place = ((): string => {
  try {
    const own = new Intl.Locale(navigator.language);
    return own.language === language ? own.baseName : `${language}-${own.maximize().region}`;
  } catch {
    return language;
  }
})();
const longDay = new Intl.DateTimeFormat(place, { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });
const fullDay = new Intl.DateTimeFormat(place, { weekday: "short", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
const month = new Intl.DateTimeFormat(place, { month: "short", year: "numeric", timeZone: "UTC" });
const clock = new Intl.DateTimeFormat(place, { dateStyle: "medium", timeStyle: "short" });
const date = new Intl.DateTimeFormat(place, { dateStyle: "medium" });
const exact = new Intl.DateTimeFormat(place, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
const plain = new Intl.NumberFormat(language);

export const UNREACHABLE = "The gallery can’t be reached. Trying again…";

/** Formats the upload limit, which the server counts in MiB. */
export const limit = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MB`;

export const count = (n: number): string => plain.format(n);
export const many = (n: number, one: string, more = `${one}s`): string => `${count(n)} ${n === 1 ? one : more}`;

export function dayName(day: string): string {
  const today = new Date().toISOString().slice(0, 10);
  const ago = Math.round((Date.parse(today) - Date.parse(day)) / 86_400_000);
  if (ago === 0) return "Today";
  if (ago === 1) return "Yesterday";
  return day.slice(0, 4) === today.slice(0, 4) ? longDay.format(Date.parse(day)) : fullDay.format(Date.parse(day));
}

export const dayInFull = (day: string): string => fullDay.format(Date.parse(day));
export const monthName = (day: string): string => month.format(Date.parse(day));
export const when = (time: string): string => clock.format(Date.parse(time));
export const day = (time: string): string => date.format(Date.parse(time));
export const atClock = (time: string): string => exact.format(Date.parse(time));

export function size(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB"];
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

const FORMATS: Record<string, string> = { webp: "WebP" };

export const formatName = (format: string): string => FORMATS[format] ?? format.toUpperCase();

/** The processing state of an image. */
export function stateText(image: Image): string {
  if (image.state === "ready") return "Ready";
  if (image.state === "failed") return "Failed";
  if (image.state !== "pending") return "Made by a newer release";
  if (!image.started_at) return "Waiting";
  return image.attempts > 1 ? `Being made, attempt ${image.attempts}` : "Being made";
}
