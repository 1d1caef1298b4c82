/** The operators' page, live: the server renders it, and what has changed in it is replaced. */

import { find, say } from "./dom";
import { Live } from "./live";
import "./menu";
import { root } from "./page";

const SOON_MS = 1000;
const BUSY_MS = 5000;
const IDLE_MS = 15_000;
const PARTS = ["cards", "workers", "failures", "sweeps"];

const state = find("#state");
const verdict = find("#verdict");
let timer = 0;
let due = 0;

/** Asks again in so many milliseconds, or sooner if that was to be. */
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

/** Shows what the server says now; the event to listen from. */
async function refresh(): Promise<string | null> {
  try {
    const answer = await fetch("/status", { headers: { Accept: "text/html" } });
    // the session has ended
    if (answer.redirected) location.reload();
    if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of PARTS) replace(find(`#${id}`), find(`#${id}`, fresh));
    const told = find("#verdict", fresh);
    verdict.className = told.className;
    say(find("p", verdict), told.textContent.trim());
    say(state, "");
  } catch (error) {
    say(state, "The gallery can’t be reached. Trying again…");
    plan(BUSY_MS);
    throw error;
  }
  plan(document.querySelector(".light.busy") ? BUSY_MS : IDLE_MS);
  return find("#cards").dataset["events"] || null;
}

/** Replaces a part whose content differs; the focus stays where it was, or goes to the part's heading. */
function replace(part: HTMLElement, fresh: HTMLElement): void {
  part.dataset["events"] = fresh.dataset["events"] ?? "";
  if (part.innerHTML === fresh.innerHTML) return;
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const same = focused && [...part.querySelectorAll("a, button, [tabindex]")].indexOf(focused);
  const left = part.querySelector(".scroll")?.scrollLeft ?? 0;
  part.replaceChildren(...fresh.childNodes);
  part.querySelector(".scroll")?.scrollTo({ left });
  if (!focused) return;
  const again = focused.id ? document.getElementById(focused.id) : part.querySelectorAll<HTMLElement>("a, button, [tabindex]")[same ?? 0];
  (again ?? part.querySelector<HTMLElement>("h2"))?.focus({ preventScroll: true });
}

addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (!form.closest("#failures")) return;
  event.preventDefault();
  void fetch(form.action, { method: "POST", body: new FormData(form) })
    .then((answer) => (answer.ok ? refresh() : Promise.reject(new Error(String(answer.status)))))
    .catch(() => say(state, "They could not be retried. Try again."));
});
document.addEventListener("visibilitychange", () => document.hidden || plan(0));
const soon = (): void => plan(SOON_MS);
new Live({ image: soon, deleted: soon, missed: refresh }, find("#cards").dataset["events"] || null).start();
root.classList.add("alive");
plan(BUSY_MS);
