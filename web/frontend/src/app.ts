/** Starts the living page: wires the parts to each other. */

import * as api from "./api";
import { find } from "./dom";
import { showEmpty } from "./empty";
import { Grid } from "./grid";
import { listen } from "./keys";
import { Live } from "./live";
import { Loader } from "./loader";
import { mayUpload, root, start } from "./page";
import { Pick } from "./add-files";
import { leftUnfinished } from "./upload/items";
import { PickedBar } from "./selection-bar";
import { idInAddress, Opener } from "./open";
import { keepPlace } from "./place";
import { onLongPress } from "./press";
import { idAfter, type Image } from "./records";
import { Scrubber } from "./scrubber";
import { Selection } from "./selection";
import { State } from "./state";
import { Timeline } from "./timeline";
import { toast } from "./toast";
import { Trash } from "./trash";

const timeline = new Timeline();
const main = find("main");
const loader = new Loader(timeline, () => changed());
const selection = new Selection(timeline, () => (picked.show(), grid.soon()));
const grid = new Grid(timeline, { open, retry, tick, ticked: selection.has }, loader.want);
const trash = new Trash(timeline, () => changed(), (id) => opener.viewer?.removed(id));
const picked = new PickedBar(timeline, selection, trash);
const scrubber = new Scrubber(grid);
const state = new State();
const pick = mayUpload ? new Pick(arrived) : null;
const opener = new Opener(timeline, grid, loader, { retry: (id) => void retry(id), remove: (id) => trash.put([id]) });

function changed(): void {
  grid.changed();
  showEmpty(main, timeline, () => pick?.choose());
  requestAnimationFrame(() => scrubber.update());
}

function arrived(image: Image): void {
  if (trash.has(image.id)) return;
  timeline.put(image);
  opener.viewer?.update(image.id);
  state.soon();
  changed();
}

function tick(id: string, event: MouseEvent): void {
  selection.toggle(id, event.shiftKey);
}

function open(id: string): void {
  void opener.open(id);
}

async function retry(id: string): Promise<void> {
  const told = (): string => JSON.stringify([timeline.images.get(id)?.state, timeline.images.get(id)?.finished_at]);
  const before = told();
  try {
    const image = await api.retry(id);
    // an event that came meanwhile is newer than this answer
    if (told() === before) arrived(image);
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
  {
    toggle: (id, range) => selection.toggle(id, range),
    all: () => selection.all(),
    remove: () => picked.remove(),
    clear: () => selection.ids.size > 0 && (selection.clear(), true),
  },
  () => !opener.busy,
);

addEventListener("scroll", () => root.classList.toggle("scrolled", scrollY > 4), { passive: true });
history.scrollRestoration = "manual";
root.classList.add("alive");
for (const still of document.querySelectorAll(".still")) still.remove();
const from = start.open && start.images[0] ? idAfter(start.images[0].id) : start.before;
timeline.fill(from, start.images, start.end);
grid.start(main);
void loader.count(() => {
  const first = start.images[0];
  if (first && (start.before || start.open)) grid.show(first.id, true);
  const linked = idInAddress();
  if (linked) void opener.open(linked, false);
  keepPlace(grid, () => !opener.busy);
  showEmpty(main, timeline, () => pick?.choose());
});
new Live(
  {
    image: arrived,
    deleted: (id) => {
      if (trash.has(id)) return;
      timeline.remove(id);
      selection.drop(id);
      opener.viewer?.removed(id);
      state.soon();
      changed();
    },
    missed: () => (state.soon(), loader.refresh()),
  },
  start.events ?? null,
).start();
state.soon();
if (pick) setTimeout(() => void pick.load(), leftUnfinished() ? 0 : 1500);

