/** Makes the gallery installable, and says what became of files that were shared with it. */

import { mayUpload } from "./page";
import { toast } from "./toast";
import { many } from "./words";

const LATER_MS = 2000;

const shared = new URLSearchParams(location.search).get("shared");

/** Whether the page was opened by sharing something. */
export const wasShared = shared !== null;

export function install(): void {
  if (wasShared) {
    history.replaceState(history.state, "", location.pathname);
    if (shared === "lost") toast("What you shared is too much to keep, or could not be read. Add it here instead.", undefined, 12);
    else if (!mayUpload) void refuse();
  }
  // the pictures come first
  setTimeout(() => navigator.onLine && void navigator.serviceWorker?.register("/sw.js").catch(() => undefined), LATER_MS);
}

/** Who may not add pictures is told so; whoever can still sign in finds the files kept. */
async function refuse(): Promise<void> {
  const signIn = document.querySelector<HTMLAnchorElement>('.bar a[href^="/signin"]');
  if (signIn) {
    toast("Sign in to add what you shared.", { label: "Sign in", run: () => location.assign("/signin?next=/%3Fshared") }, 30);
    return;
  }
  const { forget } = await import("./shared");
  const count = await forget().catch(() => 0);
  toast(`${count ? many(count, "file") : "What you shared"} cannot be added: you may look at pictures here, but not add any.`, undefined, 12);
}
