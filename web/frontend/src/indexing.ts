/** The page in the place of what only a whole index can answer: it asks again, but not while somebody types. */

import "./menu";
import { root } from "./page";

const seconds = Number(document.getElementById("again")?.dataset["seconds"]);

function again(): void {
  const fields = [...document.querySelectorAll("input")];
  const typing = fields.some((field) => field === document.activeElement || field.value !== field.defaultValue);
  if (!typing && !document.hidden) location.reload();
}

setInterval(again, seconds * 1000);
document.addEventListener("visibilitychange", again);
root.classList.add("alive");
