/** The tile of one image in the grid. */

import { h } from "./dom";
import { backgroundClass } from "./background";
import { icon } from "./icons";
import { mayChange } from "./page";
import { placeholder } from "./placeholder";
import { forgetFile, previewOf, uploadedFile } from "./previews";
import { remarksOf, type Image } from "./records";
import { viewOf } from "./view";
import { formatName, stateText } from "./words";

/** Callbacks of a tile; `id` is the image's. */
export interface TileActions {
  open(id: string): void;
  retry(id: string): void;
  tick(id: string, event: MouseEvent): void;
  ticked(id: string): boolean;
  day(day: string): void;
  dayTicked(day: string): boolean;
}

export class Tile {
  readonly element: HTMLLIElement;
  readonly link: HTMLAnchorElement;
  readonly #tick: HTMLButtonElement;
  #shown = "";
  /** The server's picture, shown or loading. */
  #img: HTMLImageElement | null = null;
  #box = "";

  constructor(readonly image: Image, readonly actions: TileActions) {
    this.link = h("a", { href: `/images/${image.id}`, draggable: "false" });
    this.#tick = h("button", { type: "button", class: "tick", role: "checkbox", "aria-label": `Select ${image.name}` }, icon("check"));
    this.element = h("li", { class: "tile", "data-id": image.id }, this.link, this.#tick);
    this.update();
  }

  /** Positions the tile; `number` of `all` is for screen readers. */
  place(x: number, y: number, width: number, height: number, number: number, all: number): void {
    const box = `${x},${y},${width},${height}`;
    if (box !== this.#box) {
      const { style } = this.element;
      style.transform = `translate(${x}px,${y}px)`;
      style.width = `${width}px`;
      style.height = `${height}px`;
      style.setProperty("--w", `${width}px`);
      style.setProperty("--h", `${height}px`);
      this.link.querySelector("img")?.setAttribute("sizes", `${width}px`);
      this.#box = box;
    }
    this.element.setAttribute("aria-setsize", String(all));
    this.element.setAttribute("aria-posinset", String(number));
  }

  /** Shows the image's current state; does not touch the document if that has not changed. */
  update(): void {
    const { image } = this;
    const ticked = this.actions.ticked(image.id);
    this.#tick.setAttribute("aria-checked", String(ticked));
    const file = image.state === "pending" ? uploadedFile(image.id) : undefined;
    const shows = image.renditions.grid ? `picture${image.renditions.view ? "s" : ""}` : `${image.state} ${stateText(image)}${file ? " sent" : ""}`;
    const key = `${shows} ${image.state} ${remarksOf(image).join()}`;
    const previewed = this.link.querySelector("img.own") !== null && !image.renditions.grid;
    const classes = `tile ${image.renditions.grid ? "ready" : image.state}${ticked ? " ticked" : ""}${previewed ? " previewed" : ""}`;
    if (this.element.className !== classes) this.element.className = classes;
    if (key === this.#shown) return;
    const before = this.#shown;
    this.#shown = key;
    this.element.querySelector(".acts")?.remove();
    for (const badge of this.element.querySelectorAll(".badge")) badge.remove();
    if (image.renditions.grid) this.#showPicture(before.startsWith("picture"));
    else if (image.state === "pending" && this.link.querySelector("img.own")) this.#showWaiting();
    else this.#showText();
    if (file && !image.renditions.grid) void previewOf(file).then((url) => url && this.#showPreview(url));
  }

  /** Cancels pictures that are still loading: the tile is out of view, and its image may have been deleted. */
  stop(): void {
    for (const img of this.element.querySelectorAll("img")) {
      if (img.complete) continue;
      img.removeAttribute("srcset");
      img.removeAttribute("src");
    }
  }

  #showPicture(hasPicture: boolean): void {
    const { image } = this;
    const { grid, view } = image.renditions;
    if (!grid || !image.links.grid) return;
    if (!hasPicture) {
      const img = h("img", { alt: image.name, width: grid.width, height: grid.height, decoding: "async", draggable: "false" });
      const background = backgroundClass(image);
      if (background) img.classList.add(background);
      const own = this.link.querySelector<HTMLImageElement>("img.own");
      this.#img = img;
      // The browser cannot show the format, or the file is gone: fall back to the grid rendition.
      img.addEventListener("error", () => img.removeAttribute("srcset"), { once: true });
      if (own) {
        this.link.querySelector(".badge")?.remove();
        queueMicrotask(() => void this.#replacePreview(own, img));
      } else {
        this.#showPlaceholder(img);
        this.link.replaceChildren(img);
      }
    }
    const img = this.#img;
    if (!img) return;
    const remarks = remarksOf(image);
    if (remarks.length) this.link.title = remarks.join("\n");
    else this.link.removeAttribute("title");
    img.sizes = this.element.style.width || "240px";
    const large = viewOf(image);
    if (view && large && !img.srcset) img.srcset = `${image.links.grid} ${grid.width}w, ${large} ${view.width}w`;
    if (!img.src) img.src = image.links.grid;
    if (image.animated) this.element.append(h("span", { class: "badge" }, icon("play"), formatName(image.format)));
    if (remarks.length) this.element.append(h("span", { class: "badge remark" }, icon("warn"), h("span", { class: "unseen" }, remarks.join(" "))));
  }

  /** Shows the local preview until the server has made its picture. */
  #showPreview(url: string): void {
    const { image } = this;
    if (image.renditions.grid || image.state !== "pending" || this.link.querySelector("img")) return;
    const img = h("img", { class: "own", src: url, alt: image.name, draggable: "false" });
    this.link.replaceChildren(img);
    this.element.classList.add("previewed");
    this.#showWaiting();
  }

  #showWaiting(): void {
    this.link.append(h("span", { class: "badge remark" }, icon("wait"), h("span", { class: "unseen" }, `${stateText(this.image)}…`)));
  }

  /** Replaces the local preview once the server's picture is decoded, so that nothing flickers. */
  async #replacePreview(own: HTMLImageElement, img: HTMLImageElement): Promise<void> {
    await img.decode().catch(() => undefined);
    if (own.isConnected) this.link.replaceChildren(img);
    forgetFile(this.image.id);
  }

  /** Shows the blurred placeholder and the colour behind the picture until it has loaded. */
  #showPlaceholder(img: HTMLImageElement): void {
    const { image } = this;
    img.classList.add("coming");
    queueMicrotask(() => {
      if (img.complete && img.naturalWidth) img.classList.remove("coming");
      else {
        const url = placeholder(image);
        this.link.style.backgroundColor = image.color ?? "";
        if (url) this.link.style.backgroundImage = `url(${url})`;
      }
    });
    const settled = (): void => {
      img.classList.remove("coming");
      setTimeout(() => {
        this.link.style.backgroundImage = "";
        this.link.style.backgroundColor = "";
      }, 400);
    };
    img.addEventListener("load", settled, { once: true });
    img.addEventListener("error", () => img.classList.remove("coming"), { once: true });
  }

  #showText(): void {
    const { image } = this;
    const failed = image.state === "failed";
    const words = h("span", { class: "words" }, h("b", {}, image.name), h("span", { class: "why" }, failed ? (image.reason?.message ?? "Failed.") : ""));
    if (image.state === "pending") words.lastElementChild?.append(icon("wait"), h("span", {}, `${stateText(image)}…`));
    else if (!failed) words.lastElementChild?.append(stateText(image));
    this.link.replaceChildren(words);
    if (failed) this.link.title = `${image.name}\n${image.reason?.message ?? ""}`;
    else this.link.removeAttribute("title");
    if (failed && mayChange) {
      const again = h(
        "button", { type: "button", class: "button quiet small", title: "Retry", "aria-label": `Retry ${image.name}`, onclick: () => this.actions.retry(image.id) },
        icon("retry"), h("span", { class: "word" }, "Retry"),
      );
      this.element.append(h("div", { class: "acts" }, again));
    }
  }
}
