/** The virtualised grid: only the rows near the viewport are in the document. */

import { ScrollAnchor } from "./anchor";
import { Blank, DaySection } from "./day-section";
import { h } from "./dom";
import { firstOf, HEAD, Layout, type DayBox, type RunBox } from "./layout";
import { dayOf } from "./order";
import { columns } from "./rows";
import { DayHeader } from "./day-header";
import { Tile, type TileActions } from "./tile";
import type { Run, Timeline } from "./timeline";
import { ScrollScale } from "./scroll-scale";

const FAR = 1_000_000;

/** What is drawn, in pixels from the top of the grid: the top of the viewport, and from where to where. */
interface Span {
  edge: number;
  low: number;
  high: number;
}

export class Grid {
  readonly element = h("div", { class: "grid", role: "region", "aria-label": "Pictures" });
  readonly layout: Layout;
  readonly tiles = new Map<string, Tile>();
  readonly #sections = new Map<string, DaySection>();
  readonly #blanks = new Map<Run, Blank>();
  readonly #dayHeader = new DayHeader();
  readonly #anchor: ScrollAnchor;
  readonly #scale = new ScrollScale(this.element, () => this.draw());
  /** The page's footer, placed below the grid by a transform, so that it causes no layout shift while images load. */
  readonly #foot = document.querySelector<HTMLElement>(".foot");
  #frame = 0;
  #dirty = true;
  #top = 0;
  #rtl = false;

  /** `wanted` is called with the unloaded runs near the viewport, nearest first. */
  constructor(
    readonly timeline: Timeline,
    readonly actions: TileActions,
    readonly wanted: (runs: Run[]) => void,
  ) {
    this.layout = new Layout(timeline);
    this.#anchor = new ScrollAnchor(this.layout, (id) => this.locate(id));
  }

  start(into: HTMLElement): void {
    into.append(this.element, this.#dayHeader.element);
    if (this.#foot) this.element.append(this.#foot);
    for (const type of ["scroll", "resize"]) addEventListener(type, () => this.soon(), { passive: true });
    new ResizeObserver(() => this.changed()).observe(into);
    new MutationObserver(() => this.changed()).observe(document.documentElement, { attributeFilter: ["dir"] });
    this.changed();
    this.draw();
  }

  /** Call when the timeline has changed. */
  changed(): void {
    this.#dirty = true;
    this.soon();
  }

  soon(): void {
    this.#frame ||= requestAnimationFrame(() => this.draw());
  }

  /** The top of the visible part, in pixels from the top of the grid; the bar above it is 64 pixels high. */
  get edge(): number {
    return this.#scale.at + 64 - this.#top;
  }

  scrollTo(y: number): void {
    this.#scale.go(Math.max(0, y + this.#top - 64));
    this.draw();
  }

  /** Scrolls a loaded image into view (to the top if `always`); false if it is not loaded. */
  show(id: string, always = false): boolean {
    this.#settle();
    const found = this.locate(id);
    if (!found) return false;
    const seen = found.y >= this.edge + HEAD && found.y + found.height <= this.edge + innerHeight - 64;
    if (always) this.scrollTo(found.y - HEAD);
    else if (!seen) this.scrollTo(found.y - (innerHeight - 64 - found.height) / 2);
    return true;
  }

  locate(id: string): { y: number; height: number; box: RunBox } | null {
    const place = this.timeline.find(id);
    const box = place && this.layout.box(place.run);
    if (!box) return null;
    const row = box.rows[firstOf(box.rows.length, (i) => (box.rows[i]?.to ?? 0) > place.index)];
    return row ? { y: box.top + row.y, height: row.height, box } : null;
  }

  /** Whether any part of the row of an image is in view. */
  isInView(id: string): boolean {
    this.#settle(); // an outdated layout would give the position of a neighbour
    const found = this.locate(id);
    return !!found && found.y + found.height > this.edge && found.y < this.edge + innerHeight - 64;
  }

  /** The first image whose row is in view, below the sticky heading. */
  first(): string | null {
    return this.#anchor.at(this.edge + HEAD, innerHeight - 64)?.id ?? null;
  }

  draw(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const edge = this.#settle(); // asked once: after each change below, the browser would lay out the page to answer
    const over = Math.min(innerHeight, 1100);
    const span: Span = { edge, low: edge - over, high: edge + innerHeight + over };
    const focused = document.activeElement?.closest<HTMLElement>(".tile")?.dataset["id"];
    const tiles = new Set<string>();
    const sections = new Set<string>();
    const blanks = new Set<Run>();
    const wanted: { run: Run; distance: number }[] = [];
    const { days } = this.layout;
    for (let i = this.layout.dayAt(span.low); i < days.length; i += 1) {
      const day = days[i];
      if (!day || day.top > span.high) break;
      sections.add(day.day.day);
      this.#day(day, span, focused, tiles, blanks, wanted);
    }
    const awayDay = focused && !tiles.has(focused) ? dayOf(this.timeline.keyOf(focused) ?? "") : "";
    const away = awayDay ? days.find((day) => day.day.day === awayDay) : undefined;
    if (away) {
      // The focused tile stays in the document wherever the user scrolls, or it would lose the focus.
      sections.add(away.day.day);
      this.#day(away, { edge, low: Infinity, high: -Infinity }, focused, tiles, blanks, wanted);
    }
    for (const [id, tile] of this.tiles) {
      if (tiles.has(id)) continue;
      tile.stop();
      tile.element.remove();
      this.tiles.delete(id);
    }
    for (const [run, blank] of this.#blanks) {
      if (blanks.has(run)) continue;
      blank.element.remove();
      this.#blanks.delete(run);
    }
    for (const [day, section] of this.#sections) {
      if (sections.has(day)) continue;
      section.element.remove();
      this.#sections.delete(day);
    }
    this.#dayHeader.show(days[this.layout.dayAt(edge)], edge);
    this.wanted(wanted.sort((a, b) => a.distance - b.distance).map(({ run }) => run));
  }

  /** Brings the layout up to date; returns the edge. Near the top, all is measured before anything is changed. */
  #settle(): number {
    if (!this.#dirty || !this.element.isConnected) return this.edge;
    this.#dirty = false;
    const { at } = this.#scale;
    const isScrolled = this.layout.days.length > 0 && at > this.#top + 40;
    if (isScrolled) this.#anchor.take(this.edge, innerHeight - 64, at);
    else this.#anchor.release();
    const width = this.element.clientWidth;
    this.#rtl = getComputedStyle(this.element).direction === "rtl";
    this.#top = this.element.getBoundingClientRect().top + scrollY;
    this.layout.update(width);
    this.#scale.resize(this.layout.height);
    if (this.#foot) this.#foot.style.transform = `translateY(${this.element.style.height})`;
    if (!isScrolled) return at + 64 - this.#top;
    const { y } = this.#anchor;
    if (y !== null && Math.abs(y - this.edge) >= 1) this.#scale.go(y + this.#top - 64);
    this.#anchor.settled(this.#scale.at);
    return this.edge;
  }

  #day(
    day: DayBox, { edge, low, high }: Span, focused: string | undefined,
    tiles: Set<string>, blanks: Set<Run>, wanted: { run: Run; distance: number }[],
  ): void {
    const origin = originOf(day, edge);
    const section = this.#section(day, origin);
    let cursor: Element | null = section.list.firstElementChild;
    const put = (element: Element): void => {
      if (element === cursor) cursor = element.nextElementSibling;
      else section.list.insertBefore(element, cursor);
    };
    for (const box of day.runs) {
      if (box.top > high || box.top + box.height < low) {
        if (!focused || !box.run.images?.some((image) => image.id === focused)) continue;
      }
      if (!box.run.images) {
        if (!box.run.count) continue;
        blanks.add(box.run);
        put(this.#blank(box, origin));
        wanted.push({ run: box.run, distance: Math.max(0, box.top - edge, edge - box.top - box.height) });
        continue;
      }
      for (const row of box.rows) {
        const y = box.top + row.y;
        const near = y <= high && y + row.height >= low;
        const images = box.run.images.slice(row.from, row.to);
        if (!near && !images.some((image) => image.id === focused)) continue;
        const places = columns(box.shapes, row, this.layout.width);
        for (const [i, image] of images.entries()) {
          const { x, width } = places[i] ?? { x: 0, width: 0 };
          tiles.add(image.id);
          let tile = this.tiles.get(image.id);
          if (!tile) {
            tile = new Tile(image, this.actions);
            this.tiles.set(image.id, tile);
          } else tile.update();
          tile.place(this.#rtl ? -x : x, y - origin - HEAD, width, row.height, box.before + row.from + i + 1, day.count);
          put(tile.element);
        }
      }
    }
  }

  #section(box: DayBox, origin: number): DaySection {
    const { day } = box.day;
    let section = this.#sections.get(day);
    if (!section) {
      section = new DaySection(day, () => this.actions.day(day));
      this.#sections.set(day, section);
      const after = [...this.#sections.entries()].filter(([name]) => name < day).sort(([a], [b]) => (a < b ? 1 : -1))[0];
      this.element.insertBefore(section.element, after?.[1].element ?? this.#foot);
    }
    section.update(box, origin, this.#scale.shift, this.actions.dayTicked(day));
    return section;
  }

  #blank(box: RunBox, origin: number): HTMLElement {
    let blank = this.#blanks.get(box.run);
    if (!blank) this.#blanks.set(box.run, (blank = new Blank()));
    blank.place(box, origin, this.layout.target);
    return blank.element;
  }
}

/** The origin of a day's tile positions. It is near the viewport, because browsers round transforms of many millions of
 * pixels. */
function originOf(day: DayBox, edge: number): number {
  return day.top + Math.max(0, Math.floor((edge - day.top) / FAR)) * FAR;
}
