/** Live updates for the operators' status page, which the server renders. */

import { find, setText } from "./dom";
import { Live } from "./live";
import { showLocalTimes } from "./local-times";
import "./menu";
import { root } from "./page";
import { fetchPage, replacePart } from "./parts";
import { UNREACHABLE } from "./words";

const SOON_MS = 1000;
const BUSY_MS = 5000;
const IDLE_MS = 15_000;
const PARTS = ["#cards", "#workers", "#failures", "#sweeps"];

const state = find("#state");
const verdict = find("#verdict");
let timer = 0;
let due = 0;
let failures = 0;

/** Schedules a refresh in `ms`; keeps an earlier one. */
function plan(ms: number): void {
  const at = Date.now() + ms;
  if (timer && due <= at) return;
  clearTimeout(timer);
  due = at;
  timer = window.setTimeout(() => {
    timer = 0;
    if (!document.hidden) void refresh().catch(() => undefined);
  }, ms);
}

/** Fetches the page and replaces what changed; returns the id of the event to resume from. */
async function refresh(): Promise<string | null> {
  try {
    const page = await fetchPage("/status");
    for (const part of PARTS) replacePart(part, page);
    const fresh = find("#verdict", page);
    verdict.className = fresh.className;
    setText(find("p", verdict), fresh.textContent.trim());
    setText(state, "");
    failures = 0;
  } catch (error) {
    // One alone may be a request that ended because the user leaves the page.
    failures += 1;
    if (failures > 1) setText(state, UNREACHABLE);
    plan(BUSY_MS);
    throw error;
  }
  plan(document.querySelector(".light.busy") ? BUSY_MS : IDLE_MS);
  return find("#cards").dataset["events"] || null;
}

addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (!form.closest("#failures")) return;
  event.preventDefault();
  void fetch(form.action, { method: "POST", body: new FormData(form) })
    .then((answer) => (answer.ok ? refresh() : Promise.reject(new Error(String(answer.status)))))
    .catch(() => setText(state, "They could not be retried. Try again."));
});
document.addEventListener("visibilitychange", () => document.hidden || plan(0));
const soon = (): void => plan(SOON_MS);
new Live({ image: soon, deleted: soon, missed: refresh }, find("#cards").dataset["events"] || null).start();
showLocalTimes(document);
root.classList.add("alive");
plan(BUSY_MS);
