/** The URL of an image's view rendition. Browsers from before 2024 cannot show AVIF and fall back to the grid rendition. */

import type { Image as Record } from "./records";

/** A test image: one grey pixel. */
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
