/** The view of an image, if this browser can show it: browsers from before 2024 know no AVIF, and show the grid. */

import type { Image as Record } from "./records";

/** One grey pixel. */
const AVIF =
  "data:image/avif;base64,AAAAHGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZgAAAOltZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAAA5waXRtAAAAAAABAAAAHmlsb2MAAAAARAAAAQABAAAAAQAAAQ0AAAAYAAAAKGlpbmYAAAAAAAEAAAAaaW5mZQIAAAAAAQAAYXYwMUNvbG9yAAAAAGhpcHJwAAAASWlwY28AAAAUaXNwZQAAAAAAAAABAAAAAQAAAA5waXhpAAAAAAEIAAAADGF2MUOBABwAAAAAE2NvbHJuY2x4AAEADQAGgAAAABdpcG1hAAAAAAAAAAEAAQQBAoMEAAAAIG1kYXQSAAoHGAAGmAhoNTILGUYhh55oJJBA2aA=";

let showsAvif = true;

const probe = new Image();
probe.src = AVIF;
probe.decode().catch(() => {
  showsAvif = false;
});

export function viewOf(image: Record): string | undefined {
  return image.renditions.view?.format === "avif" && !showsAvif ? undefined : image.links.view;
}
