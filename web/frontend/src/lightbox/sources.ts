/** Chooses the file that the viewer shows: the view, or the original if it is requested and the browser shows it correctly. */

import type PhotoSwipe from "photoswipe";
import { h, reducedMotion } from "../dom";
import { fileOf, type Image } from "../records";
import { viewOf } from "../view";
import { isAlike } from "./alike";

/** Formats that browsers can show. */
const SHOWN = new Set(["jpeg", "png", "gif", "webp", "avif"]);

export class Sources {
  /** Animations that the user has started or stopped, against the default. */
  readonly #moving = new Set<string>();
  /** Images whose original is shown or loading. */
  readonly #full = new Set<string>();
  /** Images whose original the browser shows correctly. */
  readonly #alike = new Set<string>();
  /** Images whose original failed to load or is shown wrongly: they keep their view. */
  readonly #withheld = new Set<string>();

  constructor(
    readonly pswp: PhotoSwipe,
    readonly at: (index: number) => Image | null,
    /** Called when the state of the buttons may have changed. */
    readonly changed: () => void,
  ) {
    pswp.on("zoomPanUpdate", () => this.#sharpen());
    pswp.on("loadError", ({ content }) => this.#withhold(String(content.data["id"]), content.index));
    pswp.on("openingAnimationEnd", () => this.#exchange());
  }

  /** The URL to show; null if there is no picture yet. */
  of(image: Image): string | null {
    const view = viewOf(image) ?? image.links.grid ?? null;
    const original = this.#alike.has(image.id) && (this.moves(image) || (!image.animated && this.#full.has(image.id)));
    return view && original ? fileOf(image) : view;
  }

  /** Whether an animation plays. It does by default, unless the user prefers reduced motion; a button toggles it. */
  moves(image: Image): boolean {
    return image.animated && this.#mayShow(image) && reducedMotion.matches === this.#moving.has(image.id);
  }

  toggleMotion(image: Image): void {
    if (!this.#moving.delete(image.id)) this.#moving.add(image.id);
    this.pswp.refreshSlideContent(this.pswp.currIndex);
    this.changed();
  }

  /** Whether there is an animation to play. */
  offersMotion(image: Image): boolean {
    return image.animated && Boolean(image.links.grid) && !this.#withheld.has(image.id);
  }

  /** Whether the original would show more than the view. */
  offersOriginal(image: Image): boolean {
    const larger = (image.renditions.view?.width ?? image.width) < image.width;
    return larger && !image.animated && this.#mayShow(image) && !this.#full.has(image.id);
  }

  /** Loads the original, and shows it instead of the view if the browser shows it correctly. */
  original(image: Image): void {
    const view = viewOf(image) ?? image.links.grid;
    if (!view || this.#full.has(image.id) || this.#withheld.has(image.id)) return;
    this.#full.add(image.id);
    const [original, rendition] = [h("img", { src: fileOf(image) }), h("img", { src: view })];
    void Promise.all([original.decode(), rendition.decode()]).then(() => isAlike(original, rendition, image)).catch(() => false).then((same) => {
      if (this.pswp.isDestroying) return;
      if (same) this.#alike.add(image.id);
      else {
        this.#full.delete(image.id);
        this.#withheld.add(image.id);
      }
      this.#exchange();
      this.changed();
    });
  }

  #mayShow(image: Image): boolean {
    return SHOWN.has(image.format) && !this.#withheld.has(image.id);
  }

  /** Loads the original when the user zooms in beyond the size of the view. */
  #sharpen(): void {
    const slide = this.pswp.currSlide;
    const image = this.at(this.pswp.currIndex);
    if (!slide || !image?.renditions.view || !this.offersOriginal(image)) return;
    const wanted = slide.currZoomLevel * image.width;
    if (wanted > image.renditions.view.width * 1.15 && slide.currZoomLevel > slide.zoomLevels.initial * 1.05) this.original(image);
  }

  /** Falls back to the view after the original failed to load. */
  #withhold(id: string, index: number): void {
    const image = this.at(index);
    if (image?.id !== id || this.#withheld.has(id) || !(image.animated || this.#full.has(id))) return;
    this.#withheld.add(id);
    this.#full.delete(id);
    setTimeout(() => this.pswp.isDestroying || this.pswp.refreshSlideContent(index));
  }

  /** Shows the original on the current slide, if the browser shows it correctly. */
  #exchange(): void {
    const image = this.at(this.pswp.currIndex);
    const element = this.pswp.currSlide?.content.element;
    if (!image || !this.#alike.has(image.id) || !(element instanceof HTMLImageElement)) return;
    const file = fileOf(image);
    if ((this.moves(image) || !image.animated) && element.getAttribute("src") !== file) element.src = file;
  }
}

/** Stops loading the slides of a deleted image: the answer would be an error. */
export function stopLoading(pswp: PhotoSwipe, id: string): void {
  const shown = pswp.mainScroll.itemHolders.map(({ slide }) => slide?.content);
  const near = [-2, -1, 0, 1, 2].map((step) => pswp.contentLoader.getContentByIndex(pswp.currIndex + step));
  for (const content of [...shown, ...near]) {
    const { element } = content?.data["id"] === id ? content : {};
    if (element instanceof HTMLImageElement && !element.complete) element.removeAttribute("src");
  }
}
