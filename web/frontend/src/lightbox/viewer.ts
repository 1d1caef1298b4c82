/** The viewer: PhotoSwipe over the whole gallery. Each image has its own address. */

import PhotoSwipe, { type PhotoSwipeOptions, type SlideData } from "photoswipe";
import { h, reducedMotion } from "../dom";
import { backgroundClass } from "../background";
import { mayChange } from "../page";
import { placeholder } from "../placeholder";
import type { Image } from "../records";
import { corner } from "../toast";
import { GLYPHS, register, update } from "./bar";
import { caption, story } from "./caption";
import { copyLink } from "./share";
import { Slideshow } from "./slideshow";
import type { Slots } from "./slots";
import { Sources, stopLoading } from "./sources";
import { placeholderFor, retryButton, slideKey } from "./placeholder-slide";
import { loadStyle } from "./style";

export interface ViewerActions {
  retry(id: string): void;
  remove(id: string): void;
  /** The thumbnail of an image; null if its tile is not in the document. */
  thumbnail(id: string): HTMLImageElement | null;
  /** Called when the image in view has changed. */
  changed(image: Image): void;
  closed(last: string | null): void;
}

export class Viewer {
  readonly #pswp: PhotoSwipe;
  readonly #sources: Sources;
  readonly #slideshow: Slideshow;
  #facts: HTMLElement | null = null;
  #last: string | null = null;

  static async open(slots: Slots, id: string, actions: ViewerActions): Promise<Viewer> {
    await loadStyle();
    return new Viewer(slots, id, actions);
  }

  private constructor(
    readonly slots: Slots,
    id: string,
    readonly actions: ViewerActions,
  ) {
    const options: PhotoSwipeOptions = {
      index: Math.max(0, slots.indexOf(id)), loop: false, preload: [1, 2], bgOpacity: 1, wheelToZoom: true, zoom: true, counter: false,
      showHideAnimationType: reducedMotion.matches ? "none" : "zoom", mainClass: "viewer", trapFocus: true, returnFocus: false,
      paddingFn: (viewport) => (viewport.x > 700 ? { top: 56, bottom: 72, left: 64, right: 64 } : { top: 56, bottom: 76, left: 0, right: 0 }),
      closeTitle: "Close", zoomTitle: "Zoom", arrowPrevTitle: "Newer", arrowNextTitle: "Older", errorMsg: "The picture could not be loaded.", ...GLYPHS,
    };
    const pswp = new PhotoSwipe(options);
    this.#pswp = pswp;
    this.#sources = new Sources(pswp, (index) => slots.at(index), () => this.#changed());
    this.#slideshow = new Slideshow(pswp, (index) => slots.at(index), () => this.#changed());
    pswp.addFilter("numItems", () => slots.length);
    pswp.addFilter("itemData", (_data, index) => this.#item(index));
    pswp.addFilter("thumbEl", (found, data) => actions.thumbnail(String(data["id"])) ?? found ?? (null as unknown as HTMLElement));
    pswp.addFilter("placeholderSrc", (src, content) => content.data.msrc ?? src);
    pswp.addFilter("useContentPlaceholder", (use, content) => use && Boolean(content.data.msrc));
    pswp.on("contentLoad", (event) => {
      if (event.content.type !== "words") return;
      event.preventDefault();
      event.content.element = placeholderFor(slots.at(event.content.index), actions.retry);
    });
    pswp.on("contentAppend", ({ content }) => {
      const image = slots.timeline.images.get(String(content.data["id"]));
      const background = image && backgroundClass(image);
      if (background) for (const element of [content.element, content.placeholder?.element]) element?.classList.add(background);
    });
    pswp.on("uiRegister", () =>
      register(pswp, {
        motion: () => this.#withCurrent((image) => this.#sources.toggleMotion(image)),
        original: () => this.#withCurrent((image) => this.#sources.original(image)),
        slideshow: () => this.#slideshow.toggle(),
        info: () => this.#toggleFacts(),
        remove: () => this.#remove(),
      }),
    );
    pswp.on("change", () => this.#changed());
    pswp.on("firstUpdate", () => {
      pswp.element?.setAttribute("aria-label", "Picture viewer");
      pswp.element?.setAttribute("aria-modal", "true");
      pswp.element?.append(corner);
    });
    pswp.on("openingAnimationEnd", () => pswp.element?.classList.add("viewer-open"));
    pswp.on("destroy", () => {
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

  /** Call when an image has changed. */
  update(id: string): void {
    const index = this.slots.indexOf(id);
    if (index < 0 || Math.abs(index - this.#pswp.currIndex) > 2) return;
    const image = this.slots.at(index);
    const shown = this.#pswp.currSlide?.data["shown"];
    if (index === this.#pswp.currIndex) {
      if (image && slideKey(image) !== shown) this.#pswp.refreshSlideContent(index);
      this.#changed();
    } else this.#pswp.refreshSlideContent(index);
  }

  /** Call when an image was deleted. */
  removed(id: string): void {
    const pswp = this.#pswp;
    const index = this.slots.indexOf(id);
    if (index < 0) return;
    stopLoading(pswp, id);
    this.slots.remove(index);
    if (!this.slots.length) {
      pswp.close();
      return;
    }
    if (index < pswp.currIndex) this.#moveTo(pswp.currIndex - 1, true);
    else if (index > pswp.currIndex) this.#moveTo(pswp.currIndex, true);
    else this.#moveTo(Math.min(index, this.slots.length - 1), false);
  }

  /** Inserts a restored image and goes to it. */
  restored(id: string): void {
    const pswp = this.#pswp;
    const index = this.slots.insert(id);
    this.#moveTo(index <= pswp.currIndex ? pswp.currIndex + 1 : pswp.currIndex, true);
    pswp.goTo(index);
  }

  /** Tells PhotoSwipe that the slots have moved and the viewer is at `index`. `same` keeps the current slide, which only
   * has a new index; otherwise it is rebuilt. */
  #moveTo(index: number, same: boolean): void {
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
    if (!found || this.#pswp.isDestroying) return;
    const { from, was, now } = found;
    const at = this.#pswp.currIndex;
    if (at >= from + was) this.#moveTo(at + now - was, true);
    else if (at < from) this.#moveTo(at, true);
    else {
      // The user is inside the replaced slots: keep the distance to the end that they came from.
      const fromEnd = from + was - 1 - at;
      const to = fromEnd < at - from ? from + now - 1 - fromEnd : at;
      this.#moveTo(Math.max(0, Math.min(this.slots.length - 1, to)), false);
    }
  }

  #item(index: number): SlideData {
    const image = this.slots.at(index);
    if (!image) {
      void this.#load(index);
      return { type: "words", width: 480, height: 320 };
    }
    const common = { id: image.id, alt: image.name, shown: slideKey(image) };
    const src = this.#sources.of(image);
    if (!src) return { ...common, type: "words", width: 480, height: 320 };
    const grid = this.actions.thumbnail(image.id) ? image.links.grid : undefined;
    return { ...common, src, msrc: grid ?? placeholder(image) ?? image.links.grid ?? src, width: image.width, height: image.height, thumbCropped: true };
  }

  #changed(): void {
    const image = this.current;
    if (!image) return;
    this.#last = image.id;
    this.actions.changed(image);
    if (this.#sources.moves(image)) this.#sources.original(image);
    const root = this.#pswp.element;
    if (!root) return;
    const line = root.querySelector(".viewer-caption");
    const focused = line?.contains(document.activeElement);
    const again = retryButton(image, this.actions.retry);
    line?.replaceChildren(...caption(image), ...(again ? [again] : []));
    if (focused) (line?.querySelector("button") ?? root).focus({ preventScroll: true });
    const open = this.#facts?.querySelector("details")?.open ?? image.state !== "ready";
    this.#facts?.replaceChildren(story(image, open));
    update(root, image, this.#sources, this.#slideshow);
  }

  #withCurrent(run: (image: Image) => void): void {
    const image = this.current;
    if (image) run(image);
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
    this.#withCurrent((image) => mayChange && this.actions.remove(image.id));
  }

  #key(event: { originalEvent: KeyboardEvent; preventDefault: () => void }): void {
    const { key, ctrlKey, metaKey, target } = event.originalEvent;
    if (ctrlKey || metaKey) return;
    if (key === "Delete") this.#remove();
    else if (key === "i") this.#toggleFacts();
    else if (key === "d") this.#pswp.element?.querySelector<HTMLElement>(".pswp__button--download")?.click();
    else if (key === "s") this.#slideshow.toggle();
    else if (key === "c" && this.current) void copyLink(this.current);
    else if (key === "Home") this.#pswp.goTo(0);
    else if (key === "End") this.#pswp.goTo(this.slots.length - 1);
    else if (key === "Escape" && this.#facts) this.#toggleFacts();
    else if (key === "Escape" && this.#slideshow.on) this.#slideshow.toggle();
    else return;
    if (target instanceof HTMLElement) event.preventDefault();
  }
}
