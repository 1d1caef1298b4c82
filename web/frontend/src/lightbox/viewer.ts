/** The viewer: PhotoSwipe over the whole gallery, each image with an address of its own. */

import PhotoSwipe, { type PhotoSwipeOptions, type SlideData } from "photoswipe";
import { calm, h } from "../dom";
import { groundOf } from "../ground";
import { icon, type IconName } from "../icons";
import { mayChange, start } from "../page";
import { placeholder } from "../placeholder";
import { fileOf, type Image } from "../records";
import { corner } from "../toast";
import { viewOf } from "../view";
import { standing } from "../words";
import { alike } from "./alike";
import { caption, story } from "./caption";
import { copyLink } from "./share";
import type { Slots } from "./slots";

/** Formats that browsers show as they were uploaded. */
const SHOWN = new Set(["jpeg", "png", "gif", "webp", "avif"]);

export interface ViewerActions {
  retry(id: string): void;
  remove(id: string): void;
  /** The thumbnail of an image, where it is in the document. */
  thumbnail(id: string): HTMLImageElement | null;
  /** Another image is in view. */
  changed(image: Image): void;
  closed(last: string | null): void;
}

let style: Promise<void> | null = null;

/** Loads the viewer's style sheet, once. */
function dressed(): Promise<void> {
  style ??= new Promise((resolve) => {
    const link = h("link", { rel: "stylesheet", href: start.viewerStyle });
    link.addEventListener("load", () => resolve());
    link.addEventListener("error", () => resolve());
    document.head.append(link);
  });
  return style;
}

export class Viewer {
  readonly #pswp: PhotoSwipe;
  readonly #moving = new Set<string>();
  /** Images whose file is shown, or is on its way to be. */
  readonly #full = new Set<string>();
  /** Of those the ones that the browser shows as they are recorded. */
  readonly #alike = new Set<string>();
  /** Images whose file could not be had, or would be shown otherwise than recorded: their view stays. */
  readonly #withheld = new Set<string>();
  #facts: HTMLElement | null = null;
  #closed = false;
  #last: string | null = null;

  static async open(slots: Slots, id: string, actions: ViewerActions): Promise<Viewer> {
    await dressed();
    return new Viewer(slots, id, actions);
  }

  private constructor(
    readonly slots: Slots,
    id: string,
    readonly actions: ViewerActions,
  ) {
    const options: PhotoSwipeOptions = {
      index: Math.max(0, slots.indexOf(id)), loop: false, preload: [1, 2], bgOpacity: 1, wheelToZoom: true, zoom: true, counter: false,
      showHideAnimationType: calm.matches ? "none" : "zoom", mainClass: "viewer", trapFocus: true, returnFocus: false,
      paddingFn: (viewport) => (viewport.x > 700 ? { top: 56, bottom: 72, left: 64, right: 64 } : { top: 56, bottom: 76, left: 0, right: 0 }),
      closeTitle: "Close", zoomTitle: "Zoom", arrowPrevTitle: "Newer", arrowNextTitle: "Older", errorMsg: "The picture could not be loaded.",
    };
    const pswp = new PhotoSwipe(options);
    this.#pswp = pswp;
    pswp.addFilter("numItems", () => slots.length);
    pswp.addFilter("itemData", (_data, index) => this.#item(index));
    pswp.addFilter("thumbEl", (found, data) => actions.thumbnail(String(data["id"])) ?? found ?? (null as unknown as HTMLElement));
    pswp.addFilter("placeholderSrc", (src, content) => content.data.msrc ?? src);
    pswp.addFilter("useContentPlaceholder", (use, content) => use && Boolean(content.data.msrc));
    pswp.on("contentLoad", (event) => {
      if (event.content.type !== "words") return;
      event.preventDefault();
      event.content.element = this.#words(event.content.index);
    });
    pswp.on("contentAppend", ({ content }) => {
      const image = slots.timeline.images.get(String(content.data["id"]));
      const ground = image && groundOf(image);
      if (ground) for (const element of [content.element, content.placeholder?.element]) element?.classList.add(ground);
    });
    pswp.on("uiRegister", () => this.#register());
    pswp.on("change", () => this.#changed());
    pswp.on("zoomPanUpdate", () => this.#sharpen());
    pswp.on("loadError", ({ content }) => this.#withhold(String(content.data["id"]), content.index));
    pswp.on("firstUpdate", () => {
      pswp.element?.setAttribute("aria-label", "Picture viewer");
      pswp.element?.setAttribute("aria-modal", "true");
      pswp.element?.append(corner);
    });
    pswp.on("openingAnimationEnd", () => {
      pswp.element?.classList.add("viewer-open");
      this.#exchange();
    });
    pswp.on("destroy", () => {
      this.#closed = true;
      document.body.append(corner);
      actions.closed(this.#last);
    });
    pswp.on("keydown", (event) => this.#key(event));
    pswp.init();
  }

  get current(): Image | null {
    return this.slots.at(this.#pswp.currIndex);
  }

  close(): void {
    const pswp = this.#pswp;
    if (pswp.opener.isOpen) pswp.close();
    else pswp.on("openingAnimationEnd", () => pswp.close());
  }

  goTo(id: string): void {
    const index = this.slots.indexOf(id);
    if (index >= 0) this.#pswp.goTo(index);
  }

  /** An image stands otherwise than before. */
  update(id: string): void {
    const index = this.slots.indexOf(id);
    if (index < 0 || Math.abs(index - this.#pswp.currIndex) > 2) return;
    const image = this.slots.at(index);
    const shown = this.#pswp.currSlide?.data["shown"];
    if (index === this.#pswp.currIndex) {
      if (image && shownAs(image) !== shown) this.#pswp.refreshSlideContent(index);
      this.#changed();
    } else this.#pswp.refreshSlideContent(index);
  }

  /** An image is gone. */
  removed(id: string): void {
    const pswp = this.#pswp;
    const index = this.slots.indexOf(id);
    if (index < 0) return;
    this.slots.remove(index);
    if (!this.slots.length) {
      pswp.close();
      return;
    }
    if (index < pswp.currIndex) this.#seat(pswp.currIndex - 1, true);
    else if (index > pswp.currIndex) this.#seat(pswp.currIndex, true);
    else this.#seat(Math.min(index, this.slots.length - 1), false);
  }

  /** An image is there again, and shown. */
  restored(id: string): void {
    const pswp = this.#pswp;
    const index = this.slots.insert(id);
    this.#seat(index <= pswp.currIndex ? pswp.currIndex + 1 : pswp.currIndex, true);
    pswp.goTo(index);
  }

  /** The slots have moved: the viewer is at `index` now, on the same slide where `same`. */
  #seat(index: number, same: boolean): void {
    const pswp = this.#pswp;
    for (let i = Math.min(index, pswp.currIndex) - 4; i <= Math.max(index, pswp.currIndex) + 4; i += 1) {
      if (i !== pswp.currIndex || !same) pswp.contentLoader.removeByIndex(i);
    }
    pswp.currIndex = pswp.potentialIndex = index;
    if (pswp.currSlide) {
      pswp.currSlide.index = index;
      pswp.currSlide.content.index = index;
    }
    for (const i of same ? [index - 1, index + 1] : [index, index - 1, index + 1]) {
      pswp.refreshSlideContent(i);
    }
    pswp.dispatch("change");
  }

  async #load(index: number): Promise<void> {
    const found = await this.slots.load(index).catch(() => null);
    if (!found || this.#closed) return;
    const { from, was, now } = found;
    const at = this.#pswp.currIndex;
    if (at >= from + was) this.#seat(at + now - was, true);
    else if (at < from) this.#seat(at, true);
    else {
      // walked in from below or from above: the place counts from that end
      const fromEnd = from + was - 1 - at;
      const to = fromEnd < at - from ? from + now - 1 - fromEnd : at;
      this.#seat(Math.max(0, Math.min(this.slots.length - 1, to)), false);
    }
  }

  #item(index: number): SlideData {
    const image = this.slots.at(index);
    if (!image) {
      void this.#load(index);
      return { type: "words", width: 480, height: 320 };
    }
    const common = { id: image.id, alt: image.name, shown: shownAs(image) };
    const view = viewOf(image) ?? image.links.grid;
    if (!view) return { ...common, type: "words", width: 480, height: 320 };
    const original = this.#alike.has(image.id) && (this.#moves(image) || (!image.animated && this.#full.has(image.id)));
    const grid = this.actions.thumbnail(image.id) ? image.links.grid : undefined;
    return { ...common, src: original ? fileOf(image) : view, msrc: grid ?? placeholder(image) ?? image.links.grid ?? view, width: image.width, height: image.height, thumbCropped: true };
  }

  /** An animation plays by itself unless less motion is wanted; a button stops and starts it. */
  #moves(image: Image): boolean {
    return image.animated && SHOWN.has(image.format) && !this.#withheld.has(image.id) && calm.matches === this.#moving.has(image.id);
  }

  /** The file of an image could not be loaded: its view is shown instead. */
  #withhold(id: string, index: number): void {
    const image = this.slots.at(index);
    if (image?.id !== id || this.#withheld.has(id) || !(image.animated || this.#full.has(id))) return;
    this.#withheld.add(id);
    this.#full.delete(id);
    setTimeout(() => this.#closed || this.#pswp.refreshSlideContent(index));
  }

  #words(index: number): HTMLDivElement {
    const image = this.slots.at(index);
    if (!image) return h("div", { class: "standing" }, icon("wait"), h("p", {}, "Loading…"));
    const failed = image.state === "failed";
    const words = failed ? (image.reason?.message ?? "Failed.") : `${standing(image)}${image.state === "pending" ? "…" : "."}`;
    return h(
      "div", { class: "standing" }, icon(image.state === "pending" ? "wait" : "warn"), h("p", {}, words),
      failed && mayChange && h("button", { type: "button", class: "button", onclick: () => this.actions.retry(image.id) }, icon("retry"), "Retry"),
    );
  }

  /** What failed after its grid was made is shown, and can be tried again all the same. */
  #again(image: Image): HTMLElement[] {
    if (image.state !== "failed" || !image.renditions.grid || !mayChange) return [];
    return [h("button", { type: "button", class: "button quiet small again", onclick: () => this.actions.retry(image.id) }, icon("retry"), "Retry")];
  }

  /** Where the view rendition would be shown larger than it is, the original takes its place. */
  #sharpen(): void {
    const slide = this.#pswp.currSlide;
    const image = this.current;
    const view = image?.renditions.view;
    if (!slide || !image || !view || image.animated || this.#full.has(image.id) || this.#withheld.has(image.id) || !SHOWN.has(image.format) || view.width >= image.width) return;
    const wanted = slide.currZoomLevel * image.width;
    if (wanted > view.width * 1.15 && slide.currZoomLevel > slide.zoomLevels.initial * 1.05) this.#original(image);
  }

  /** Loads the file, and lets it take the place of the view if the browser shows it as recorded. */
  #original(image: Image): void {
    const view = viewOf(image) ?? image.links.grid;
    if (!view || this.#full.has(image.id) || this.#withheld.has(image.id)) return;
    this.#full.add(image.id);
    const [original, rendition] = [h("img", { src: fileOf(image) }), h("img", { src: view })];
    void Promise.all([original.decode(), rendition.decode()]).then(() => alike(original, rendition, image)).catch(() => false).then((same) => {
      if (this.#closed) return;
      if (same) this.#alike.add(image.id);
      else {
        this.#full.delete(image.id);
        this.#withheld.add(image.id);
      }
      this.#exchange();
      this.#changed();
    });
  }

  /** Shows the file of the image in view instead of its view, if that has been found to be right. */
  #exchange(): void {
    const image = this.current;
    const element = this.#pswp.currSlide?.content.element;
    if (!image || !this.#alike.has(image.id) || !(element instanceof HTMLImageElement)) return;
    const file = fileOf(image);
    if ((this.#moves(image) || !image.animated) && element.getAttribute("src") !== file) element.src = file;
  }

  #changed(): void {
    const image = this.current;
    if (!image) return;
    this.#last = image.id;
    this.actions.changed(image);
    const root = this.#pswp.element;
    const line = root?.querySelector(".viewer-caption");
    const focused = line?.contains(document.activeElement);
    line?.replaceChildren(...caption(image), ...this.#again(image));
    if (focused) (line?.querySelector("button") ?? root)?.focus({ preventScroll: true });
    const open = this.#facts?.querySelector("details")?.open ?? image.state !== "ready";
    if (this.#facts) this.#facts.replaceChildren(story(image, open));
    const set = (name: string, shown: boolean): void => {
      const button = root?.querySelector<HTMLElement>(`.pswp__button--${name}`);
      if (button) button.hidden = !shown;
    };
    const download = root?.querySelector<HTMLAnchorElement>(".pswp__button--download");
    download?.setAttribute("href", fileOf(image));
    download?.setAttribute("download", image.name);
    const what = image.links.original ? "Download the original" : "Download";
    download?.setAttribute("aria-label", what);
    download?.setAttribute("title", what);
    const larger = (image.renditions.view?.width ?? image.width) < image.width;
    set("original", larger && SHOWN.has(image.format) && !image.animated && !this.#full.has(image.id) && !this.#withheld.has(image.id));
    if (this.#moves(image)) this.#original(image);
    set("motion", image.animated && Boolean(image.links.grid) && !this.#withheld.has(image.id));
    const motion = root?.querySelector(".pswp__button--motion");
    const label = this.#moves(image) ? "Stop the animation" : "Play the animation";
    motion?.setAttribute("aria-label", label);
    motion?.setAttribute("title", label);
  }

  #register(): void {
    const { ui } = this.#pswp;
    const button = (name: string, order: number, glyph: IconName, title: string, run?: () => void): void => {
      const link = name === "download";
      ui?.registerElement({
        name, order, isButton: true, tagName: link ? "a" : "button", title, ariaLabel: title, html: icon(glyph).outerHTML,
        ...(run ? { onClick: run } : {}),
      });
    };
    button("motion", 8, "play", "Stop the animation", () => this.#toggleMotion());
    button("original", 8.2, "original", "Show in full size", () => this.current && this.#original(this.current));
    button("info", 8.4, "info", "Details", () => this.#toggleFacts());
    button("download", 8.6, "download", "Download");
    if (mayChange) button("remove", 8.8, "trash", "Delete", () => this.#remove());
    ui?.registerElement({ name: "caption", className: "viewer-caption", appendTo: "root", html: "" });
  }

  #toggleMotion(): void {
    const image = this.current;
    if (!image) return;
    if (!this.#moving.delete(image.id)) this.#moving.add(image.id);
    this.#pswp.refreshSlideContent(this.#pswp.currIndex);
    this.#changed();
  }

  #toggleFacts(): void {
    if (this.#facts) {
      this.#facts.remove();
      this.#facts = null;
    } else {
      this.#facts = h("aside", { class: "viewer-facts", "aria-label": "Details", tabindex: "0" });
      this.#pswp.element?.append(this.#facts);
      this.#changed();
    }
    this.#pswp.element?.querySelector(".pswp__button--info")?.setAttribute("aria-expanded", String(this.#facts !== null));
  }

  #remove(): void {
    const image = this.current;
    if (image && mayChange) this.actions.remove(image.id);
  }

  #key(event: { originalEvent: KeyboardEvent; preventDefault: () => void }): void {
    const { key, ctrlKey, metaKey, target } = event.originalEvent;
    if (ctrlKey || metaKey) return;
    if (key === "Delete") this.#remove();
    else if (key === "i") this.#toggleFacts();
    else if (key === "d") this.#pswp.element?.querySelector<HTMLElement>(".pswp__button--download")?.click();
    else if (key === "c" && this.current) void copyLink(this.current);
    else if (key === "Home") this.#pswp.goTo(0);
    else if (key === "End") this.#pswp.goTo(this.slots.length - 1);
    else if (key === "Escape" && this.#facts) this.#toggleFacts();
    else return;
    if (target instanceof HTMLElement) event.preventDefault();
  }
}

/** What a slide depends on: it is made anew where this changes. */
const shownAs = (image: Image): string => (image.links.view ? "view" : image.links.grid ? "grid" : `${image.state} ${image.attempts} ${image.started_at}`);
