/** The caption and the details of an image. */

import { h } from "../dom";
import { icon } from "../icons";
import { remarksOf, type Image } from "../records";
import { atClock, day, duration, formatName, size, stateText, when } from "../words";
import { shareButtons } from "./share";

/** The caption: the name, one line of facts, and the remarks. */
export function caption(image: Image): Node[] {
  const facts = [`${image.width} × ${image.height}`, size(image.bytes), formatName(image.format), when(image.received_at)];
  // The slide itself shows the reason if there is no picture.
  const notes = image.state === "failed" && !image.links.grid ? image.notes : remarksOf(image);
  const remarks = notes.map((note) => h("p", { class: "remark" }, icon("warn"), note));
  return [h("strong", {}, image.name), h("span", {}, facts.join(" · ")), ...remarks];
}

/** The local time where the picture was taken: without the offset, so that it is not converted to the reader's zone. */
function onTheWall(takenAt: string): string {
  return takenAt.slice(0, "2019-07-14T18:03:22".length);
}

/** The details: facts about the picture, and below, folded, its processing with times and attempts. */
export function story(image: Image, open: boolean): HTMLElement {
  const begun = Date.parse(image.received_at);
  const step = (label: string, time: string | null): Node[] => {
    if (!time) return [];
    const after = Date.parse(time) - begun;
    return [h("dt", {}, label), h("dd", {}, h("time", { datetime: time }, atClock(time)), after > 0 ? h("small", {}, `+${after < 10_000 ? `${after} ms` : duration(after / 1000)}`) : null)];
  };
  const fact = (label: string, value: string): Node[] => [h("dt", {}, label), h("dd", {}, value)];
  const what = h(
    "dl", { class: "facts" },
    ...fact("Name", image.name),
    ...fact("Size", `${image.width} × ${image.height} pixels, ${size(image.bytes)}`),
    ...fact("Format", `${formatName(image.format)}${image.animated ? `, ${image.frames} frames` : ""}`),
    ...(image.taken_at ? fact("Taken", when(onTheWall(image.taken_at))) : []),
    ...(image.camera ? fact("Camera", image.camera) : []),
    ...(image.lens ? fact("Lens", image.lens) : []),
    ...(image.exposure ? fact("Exposure", image.exposure) : []),
    ...fact("Added", when(image.received_at)),
    ...(image.reason ? fact("Why", image.reason.message) : []),
    ...image.notes.flatMap((note) => fact("Note", note)),
  );
  const way = h(
    "dl", { class: "facts" },
    ...fact("State", stateText(image)),
    ...fact("Received", `${day(image.received_at)}, ${atClock(image.received_at)}`),
    ...step("Queued", image.queued_at),
    ...step("Started", image.started_at),
    ...step(image.state === "failed" ? "Failed" : "Ready", image.finished_at),
    ...fact("Attempts", String(image.attempts)),
    ...(image.worker ? fact("Worker", image.worker) : []),
  );
  return h("div", {}, h("h2", {}, "Details"), what, shareButtons(image), h("details", { open }, h("summary", {}, "How it was made"), way));
}
