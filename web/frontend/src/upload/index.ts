/** Uploads, loaded when they are first wanted. */

import type { Image } from "../records";
import { toast } from "../toast";
import { many } from "../words";
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
    leftOut: (files) => toast(`${many(files, "file")} left out: not pictures.`),
  });
  panel = new Panel(queue);
  return queue;
}
