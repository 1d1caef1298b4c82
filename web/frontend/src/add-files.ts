/** Adding files: the button and its menu, drag and drop, paste. */

import { find, h } from "./dom";
import { icon } from "./icons";
import { lazily, MustReload } from "./lazy";
import { start } from "./page";
import type { Image } from "./records";
import { toast } from "./toast";
import type { Uploads } from "./upload/index";

const AGAIN_MS = 2000;
const DAY_SECONDS = 24 * 60 * 60;

export class AddFiles {
  readonly #over = h("div", { class: "over", hidden: true, "aria-hidden": "true" }, h("div", {}, icon("add"), h("strong", {}, "Drop to add"), h("span", {}, start.accepted)));
  readonly #load = lazily(async () => {
    const { begin } = await import("./upload/index");
    return (this.#ready = begin(this.arrived, (over) => this.#dragging(over)));
  });
  #ready: Uploads | null = null;
  #leave = 0;

  constructor(readonly arrived: (image: Image) => void) {
    document.body.append(this.#over);
    this.#button();
    addEventListener("paste", (event) => this.#pasted(event));
    addEventListener("dragenter", (event) => carries(event) && this.prepare());
    // Needed only until the uploads are loaded: then Uppy handles drops itself.
    addEventListener("dragover", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      this.#dragging(true);
    });
    addEventListener("drop", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      this.#dragging(false);
      this.#take([...(event.dataTransfer?.files ?? [])], "drop");
    });
  }

  /** Opens the file picker. */
  choose = (): void => undefined;

  /** Loads the upload code, which also resumes the unfinished uploads of an earlier visit. */
  prepare(): void {
    this.#load().catch(() => undefined);
  }

  /** Retries until the upload code has loaded; meanwhile, leaving the page asks first. Null if only a reload helps. */
  async #loaded(): Promise<Uploads | null> {
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    try {
      for (let tries = 0; ; tries += 1) {
        try {
          return await this.#load();
        } catch (error) {
          if (error instanceof MustReload) break;
        }
        if (!tries) {
          addEventListener("beforeunload", ask);
          toast("The gallery can’t be reached. Keep this page open: your files are sent when it is back.");
        }
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    } finally {
      removeEventListener("beforeunload", ask);
    }
    toast("Your files were not added, because a part of this page could not be loaded. Reload the page and add them again.", { label: "Reload", run: () => location.reload() }, DAY_SECONDS);
    return null;
  }

  #take(files: File[], source: "choice" | "folder" | "paste" | "drop"): void {
    if (!files.length) return;
    if (this.#ready) this.#ready.add(files, source);
    else void this.#loaded().then((uploads) => uploads?.add(files, source));
  }

  #dragging(over: boolean): void {
    clearTimeout(this.#leave);
    this.#over.hidden = !over;
    // Browsers do not always fire dragleave when a drag leaves the window.
    if (over) this.#leave = window.setTimeout(() => (this.#over.hidden = true), 700);
  }

  #pasted(event: ClipboardEvent): void {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || (event.target as HTMLElement).closest?.("input, textarea")) return;
    event.preventDefault();
    this.#take(files, "paste");
  }

  #button(): void {
    const accept = start.types.join(",");
    const files = this.#input("choice", { accept, multiple: true, "aria-label": "Choose pictures", name: "pictures" });
    const folder = this.#input("folder", { webkitdirectory: true, multiple: true, "aria-label": "Choose a folder" });
    const camera = this.#input("choice", { accept: "image/*", capture: "environment", "aria-label": "Take a picture" });
    const entry = (name: "pictures" | "folder" | "camera", text: string, input: HTMLInputElement): HTMLElement =>
      h("button", { type: "button", role: "menuitem", onclick: () => (menu.removeAttribute("open"), input.click()) }, icon(name), text);
    const touch = matchMedia("(pointer: coarse)").matches;
    const menu = h(
      "details", {},
      h("summary", { "aria-label": "More ways to add pictures" }, icon("more")),
      h("div", { class: "menu", role: "menu" }, entry("pictures", "Choose pictures", files), entry("folder", "Choose a folder", folder), touch && entry("camera", "Take a picture", camera)),
    );
    this.choose = () => files.click();
    const add = h("button", { type: "button", class: "button", "aria-label": "Add pictures", onclick: () => files.click() }, icon("add"), h("span", { class: "word" }, "Add pictures"));
    const tools = h("div", { class: "add lively" }, add, menu, files, folder, camera);
    // Inserted before the menu, so that the menu does not move.
    const more = document.querySelector(".bar > .more");
    if (more) more.before(tools);
    else find(".bar").append(tools);
    addEventListener("click", (event) => menu.contains(event.target as Node) || menu.removeAttribute("open"));
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      event.stopPropagation();
      menu.removeAttribute("open");
      menu.querySelector("summary")?.focus();
    });
  }

  #input(source: "choice" | "folder", attributes: Record<string, string | boolean>): HTMLInputElement {
    const input = h("input", { type: "file", hidden: true, ...attributes });
    input.addEventListener("change", () => {
      this.#take([...(input.files ?? [])], source);
      input.value = "";
    });
    input.addEventListener("click", () => this.prepare());
    return input;
  }
}

const carries = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
