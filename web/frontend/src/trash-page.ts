/** Live updates for the trash page; restores and deletes without leaving it. */

import { confirm } from "./confirm";
import { find, h, setText } from "./dom";
import { Live } from "./live";
import { showLocalTimes } from "./local-times";
import "./menu";
import { root } from "./page";
import { fetchPage, replacePart } from "./parts";

const SOON_MS = 700;

const said = h("p", { class: "unseen", role: "status", "aria-live": "polite" });
document.body.append(said);
let timer = 0;

async function refresh(): Promise<string | null> {
  const page = await fetchPage(location.pathname + location.search);
  replacePart("#trash", page);
  return find("#trash").dataset["events"] || null;
}

function soon(): void {
  timer ||= window.setTimeout(() => {
    timer = 0;
    void refresh().catch(() => undefined);
  }, SOON_MS);
}

/** Sends a form by script and announces the result. Emptying the trash repeats its call until nothing is left. */
async function act(form: HTMLFormElement): Promise<void> {
  const { name = "", kind } = form.dataset;
  if (kind === "purge" && !(await confirm(`Delete ${name} for good?`, "There is no way back.", "Delete for good"))) return;
  if (kind === "empty" && !(await confirm("Empty the trash?", "All pictures in it are deleted for good. There is no way back.", "Empty the trash"))) return;
  const all = kind === "empty" ? { method: "DELETE", path: "/api/trash" } : { method: "POST", path: form.action };
  try {
    for (let left = 1; left > 0; ) {
      const answer = await fetch(all.path, { method: all.method });
      if (!answer.ok && answer.status !== 404) throw new Error(`The server answered ${answer.status}.`);
      left = kind === "empty" ? ((await answer.json()) as { left: number }).left : 0;
    }
    setText(said, kind === "restore" ? `${name} was restored.` : kind === "purge" ? `${name} was deleted for good.` : "The trash is empty.");
    find(".fault").hidden = true;
    await refresh();
  } catch {
    const fault = find(".fault");
    fault.hidden = false;
    setText(fault, "That could not be done. Try again.");
  }
}

addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (!form.dataset["kind"]) return;
  event.preventDefault();
  void act(form);
});
document.addEventListener("visibilitychange", () => document.hidden || soon());
new Live({ image: soon, deleted: soon, missed: refresh }, find("#trash").dataset["events"] || null).start();
showLocalTimes(document);
root.classList.add("alive");
