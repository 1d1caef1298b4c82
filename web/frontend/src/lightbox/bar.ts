/** The viewer's toolbar. */

import type PhotoSwipe from "photoswipe";
import { icon, type IconName } from "../icons";
import { mayChange } from "../page";
import { fileOf, type Image } from "../records";
import type { Slideshow } from "./slideshow";
import type { Sources } from "./sources";

export interface BarActions {
  motion(): void;
  original(): void;
  slideshow(): void;
  info(): void;
  remove(): void;
}

/** PhotoSwipe's own buttons in our style. PhotoSwipe turns the plus of the zoom button into a minus at full zoom, by
 * hiding its vertical bar. */
export const GLYPHS = {
  closeSVG: icon("close").outerHTML,
  arrowPrevSVG: icon("newer").outerHTML,
  arrowNextSVG: icon("older").outerHTML,
  zoomSVG: '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M16 16l4.5 4.5M8 11h6"/><circle cx="11" cy="11" r="6.5"/><path class="pswp__zoom-icn-bar-v" d="M11 8v6"/></svg>',
};

/** Registers the buttons and the caption with PhotoSwipe. */
export function register(pswp: PhotoSwipe, actions: BarActions): void {
  const { ui } = pswp;
  const button = (name: string, order: number, glyph: IconName, title: string, run?: () => void): void => {
    const link = name === "download";
    ui?.registerElement({
      name, order, isButton: true, tagName: link ? "a" : "button", title, ariaLabel: title, html: icon(glyph).outerHTML,
      ...(run ? { onClick: run } : {}),
    });
  };
  button("motion", 8, "play", "Stop the animation", actions.motion);
  button("original", 8.2, "original", "Show in full size", actions.original);
  button("slideshow", 8.3, "slides", "Start the slideshow", actions.slideshow);
  button("info", 8.4, "info", "Details", actions.info);
  button("download", 8.6, "download", "Download");
  if (mayChange) button("remove", 8.8, "trash", "Delete", actions.remove);
  ui?.registerElement({ name: "caption", className: "viewer-caption", appendTo: "root", html: "" });
}

/** Updates the buttons for the image in view. */
export function update(root: HTMLElement, image: Image, sources: Sources, slideshow: Slideshow): void {
  const find = (name: string): HTMLElement | null => root.querySelector(`.pswp__button--${name}`);
  const entitle = (name: string, title: string): void => {
    find(name)?.setAttribute("aria-label", title);
    find(name)?.setAttribute("title", title);
  };
  const show = (name: string, shown: boolean): void => void find(name)?.toggleAttribute("hidden", !shown);
  find("download")?.setAttribute("href", fileOf(image));
  find("download")?.setAttribute("download", image.name);
  entitle("download", image.links.original ? "Download the original" : "Download");
  show("original", sources.offersOriginal(image));
  show("motion", sources.offersMotion(image));
  entitle("motion", sources.moves(image) ? "Stop the animation" : "Play the animation");
  show("slideshow", slideshow.offered);
  entitle("slideshow", slideshow.on ? "Stop the slideshow" : "Start the slideshow");
}
