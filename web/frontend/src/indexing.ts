/** The page shown while the index is being built: it reloads itself, but not while the user types. */

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
