/** The icons: 24 × 24, stroked in the colour of the text. */

const PATHS = {
  add: "M12 5v14M5 12h14",
  more: "M6 9l6 6 6-6",
  pictures: "M4 5h16v14H4zM4 16l4.5-5 4 4.5 2.5-2.5 5 5M15.5 9.2h.01",
  folder: "M3 7V5h6l2 2h10v12H3z",
  camera: "M4 8h3l1.5-2.5h7L17 8h3v11H4zM12 16.5a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4z",
  close: "M6 6l12 12M18 6L6 18",
  check: "M5 12.5l4.5 4.5L19 7.5",
  trash: "M4 7h16M9 7V4.5h6V7M6.5 7l1 13h9l1-13M10 11v5.5M14 11v5.5",
  download: "M12 4v11m0 0l-4.5-4.5M12 15l4.5-4.5M5 19.5h14",
  retry: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3M19.5 4v4.5H15",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.5M12 7.6h.01",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1",
  warn: "M12 4L2.8 19.5h18.4zM12 10v4.5M12 17h.01",
  wait: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.2 2",
  minus: "M6 12h12",
  newer: "M15 4.5L7.5 12l7.5 7.5",
  older: "M9 4.5l7.5 7.5L9 19.5",
  slides: "M3.5 5h17v14h-17zM10 9v6l5-3z",
  play: "M8 5.5v13l10.5-6.5z",
  original: "M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5",
  up: "M12 19V5m0 0l-6 6M12 5l6 6",
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
