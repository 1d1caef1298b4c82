/** Entry point of the gallery page: creates the parts and connects them. */

import * as api from "./api";
import { Added } from "./added";
import { find } from "./dom";
import { Focus } from "./focus";
import { showEmpty } from "./empty";
import { showFound } from "./found";
import { Grid } from "./grid";
import { showHelp } from "./help";
import { install, wasShared } from "./install";
import { listen } from "./keys";
import { Live } from "./live";
import { Loader } from "./loader";
import { mayChange, mayUpload, root, start } from "./page";
import { AddFiles } from "./add-files";
import { leftUnfinished } from "./upload/items";
import { SelectionBar } from "./selection-bar";
import { idInAddress, Opener } from "./open";
import "./menu";
import { keepPlace } from "./place";
import { onLongPress } from "./press";
import { byTaken, dayEnd, dayStart, keyAfter, keyOf } from "./order";
import { asked, filtered, matches } from "./query";
import { type Image, madeAt } from "./records";
import { Retries } from "./retries";
import { Scrubber } from "./scrubber";
import { Selection } from "./selection";
import { StatusLine } from "./status-line";
import { Timeline } from "./timeline";
import { toast } from "./toast";
import { Trash } from "./trash";

const timeline = new Timeline(start.now);
const main = find("main");
const loader = new Loader(timeline, () => onChange());
const selection = new Selection(timeline, () => (selectionBar.show(), grid.soon()));
const grid = new Grid(timeline, { open, retry, tick, ticked: selection.has, day: (day) => void toggleDay(day), dayTicked: (day) => selection.days.has(day) }, loader.want);
const focus = new Focus(timeline, grid);
const trash = new Trash(timeline, { changed: onChange, restored: onRestored, back: applyUpdate, recount, removed: (id) => opener.viewer?.removed(id) });
const retries = new Retries(timeline);
const selectionBar = new SelectionBar(timeline, selection, () => remove(null), (ids) => retries.note(ids));
const scrubber = new Scrubber(grid);
const added = new Added(grid);
const statusLine = new StatusLine(() => retries.note([...timeline.known()].filter((image) => image.state === "failed").map(({ id }) => id)));
const addFiles = mayUpload ? new AddFiles(onUploaded) : null;
const opener = new Opener(timeline, grid, loader, { retry: (id) => void retry(id), remove: (id) => void deleteImages([id]) });

function onChange(): void {
  grid.changed();
  showEmpty(main, timeline, () => addFiles?.choose());
  showFound(timeline);
  scrubber.soon();
  added.soon();
}

/** An image that an upload returned exists, even if it was deleted here before. */
function onUploaded(image: Image): void {
  trash.markRestored(image.id);
  applyUpdate(image);
}

function applyUpdate(image: Image): void {
  retries.noteUpdate(image);
  // An image that no longer matches the search stays in view, such as a failed one that is being retried.
  if (!timeline.images.has(image.id) && !matches(image)) return statusLine.soon();
  const change = timeline.put(image);
  if ((change === "new" || change === "moved") && madeAt(image.id) > start.now) added.note(image.id, keyOf(image));
  opener.viewer?.update(image.id);
  statusLine.soon();
  onChange();
}

/** Reloads the counts, or the search results. */
async function recount(): Promise<void> {
  if (filtered) await loader.reloadSearch();
  else await loader.count(() => undefined);
}

/** Deletes the selected images, or this one if none is selected. */
function remove(id: string | null): void {
  const ids = selection.ids.size ? [...selection.ids] : id ? [id] : [];
  if (mayChange) void deleteImages(ids);
}

async function deleteImages(ids: readonly string[]): Promise<void> {
  if (!ids.length || (!start.trashDays && !(await trash.mayPut(ids.length)))) return;
  if (opener.busy) {
    for (const id of ids) selection.drop(id);
    trash.put(ids);
  } else focus.keep(new Set(ids), () => (selection.clear(), trash.put(ids)));
}

/** After an undo, the viewer or the focus returns to the first restored image. */
function onRestored(images: readonly Image[]): void {
  const first = images[0]?.id ?? null;
  if (!first) return;
  if (opener.viewer) opener.viewer.restored(first);
  else focus.to(first);
}

/** Focuses the newest image of the gallery, or the oldest; loads it if needed. */
async function focusEdge(newest: boolean): Promise<void> {
  for (;;) {
    const run = newest ? timeline.days[0]?.runs[0] : timeline.days.at(-1)?.runs.at(-1);
    if (!run) return;
    const image = newest ? run.images?.[0] : run.images?.at(-1);
    if (image) return void focus.to(image.id);
    await loader.load(run);
  }
}

/** Selects a whole day, loaded or not, or deselects it. */
async function toggleDay(day: string): Promise<void> {
  try {
    const all = filtered || byTaken ? await api.ids({ ...asked, from: day, to: day }) : await api.ids({}, dayEnd(day), dayStart(day));
    const ids = all.filter((id) => !timeline.gone.has(id));
    if (selection.days.has(day)) selection.remove(ids);
    else selection.add(ids, day);
  } catch (error) {
    toast(error instanceof Error ? error.message : "The day could not be selected.");
  }
}

function tick(id: string, event: MouseEvent): void {
  selection.toggle(id, event.shiftKey);
}

function open(id: string): void {
  void opener.open(id);
}

async function retry(id: string): Promise<void> {
  const version = (): string => JSON.stringify([timeline.images.get(id)?.state, timeline.images.get(id)?.finished_at]);
  const before = version();
  retries.note([id]);
  try {
    const image = await api.retry(id);
    // An event that arrived meanwhile is newer than this response.
    if (version() === before) applyUpdate(image);
  } catch (error) {
    toast(error instanceof Error ? error.message : "It could not be retried.");
  }
}

main.addEventListener("click", (event) => {
  const target = event.target as HTMLElement;
  const id = target.closest<HTMLElement>(".tile")?.dataset["id"];
  if (!id || event.ctrlKey || event.metaKey) return;
  const onTick = target.closest(".tick");
  const onLink = target.closest("a");
  if (!onTick && !onLink) return;
  event.preventDefault();
  if (onTick || selection.ids.size || event.shiftKey) tick(id, event);
  else open(id);
});

onLongPress(main, (id) => selection.toggle(id));
listen(
  grid,
  focus,
  {
    toggle: (id, range) => selection.toggle(id, range),
    all: () => (selection.partial ? void selectionBar.everything() : selection.all()),
    remove,
    edge: (newest) => void focusEdge(newest).catch(() => undefined),
    clear: () => selection.ids.size > 0 && (selection.clear(), true),
  },
  () => !opener.busy,
);

document.querySelector("#keys")?.addEventListener("click", showHelp);
document.querySelector("#select-all")?.addEventListener("click", () => void selectionBar.everything());
addEventListener("scroll", () => root.classList.toggle("scrolled", scrollY > 4), { passive: true });
history.scrollRestoration = "manual";
root.classList.add("alive");
for (const still of document.querySelectorAll(".still")) still.remove();
const from = start.open && start.images[0] ? keyAfter(keyOf(start.images[0])) : start.before;
timeline.fill(from, start.images, start.end);
grid.start(main);
void (filtered ? loader.loadSearch(onLoaded) : loader.count(onLoaded));

function onLoaded(): void {
  const first = start.images[0];
  if (first && (start.before || start.open)) grid.show(first.id, true);
  const linked = idInAddress();
  if (linked) void opener.open(linked, false);
  keepPlace(grid, () => !opener.busy);
  showEmpty(main, timeline, () => addFiles?.choose());
}

new Live(
  {
    image: (image) => trash.shouldApply(image) && applyUpdate(image),
    deleted: async (id) => {
      if (!(await trash.shouldRemove(id))) return;
      const takeAway = (): void => {
        timeline.remove(id);
        added.forget(id);
        selection.drop(id);
        opener.viewer?.removed(id);
        onChange();
      };
      if (opener.busy || !timeline.images.has(id)) takeAway();
      else focus.keep(new Set([id]), takeAway, false);
      statusLine.soon();
    },
    missed: async () => {
      statusLine.soon();
      const since = await loader.refresh();
      retries.check();
      return since;
    },
  },
  start.events ?? null,
).start();
statusLine.soon();
install();
if (addFiles) setTimeout(() => addFiles.prepare(), leftUnfinished() || wasShared ? 0 : 1500);

