/** Entry point of uploads, a bundle that is loaded on demand. */

import { choose } from "../confirm";
import type { Image } from "../records";
import { forget, loadShared } from "../shared";
import { toast } from "../toast";
import { many, size } from "../words";
import { Panel } from "./panel";
import { Queue } from "./queue";

export interface Uploads {
  add(files: readonly File[], source: "choice" | "folder" | "paste" | "drop"): void;
}

export function begin(arrived: (image: Image) => void, dragging: (over: boolean) => void): Uploads {
  let panel: Panel | null = null;
  const queue = new Queue({
    changed: () => panel?.changed(),
    arrived,
    dragging,
    skipped: (files) => toast(`${many(files, "file")} left out: not pictures.`),
  });
  panel = new Panel(queue);
  void askAboutShared(queue).catch(() => undefined);
  return queue;
}

/** Asks whether to add shared files or discard them. Without an answer they are kept, and the next page asks again. */
async function askAboutShared(queue: Queue): Promise<void> {
  const { visits, names, bytes } = await loadShared();
  const [first] = names;
  if (!first) return;
  const what = names.length === 1 ? first : `${first} and ${names.length - 1} more`;
  const answer = await choose(`Add ${many(names.length, "shared file")}?`, `${what}, ${size(bytes)}. If you did not share this, another site did: discard it.`, "Discard", "Add");
  if (answer === "yes") await queue.addShared(visits);
  else if (answer === "no") await forget(visits);
}
