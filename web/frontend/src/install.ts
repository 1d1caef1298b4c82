/** Registers the service worker, which makes the gallery installable, and reports on files shared with it. */

import { mayUpload } from "./page";
import { toast } from "./toast";
import { many } from "./words";

const LATER_MS = 2000;

const shared = new URLSearchParams(location.search).get("shared");

/** Whether the page was opened by sharing files with the app. */
export const wasShared = shared !== null;

export function install(): void {
  if (wasShared) {
    history.replaceState(history.state, "", location.pathname);
    if (shared === "lost") toast("What you shared is too much to keep, or could not be read. Add it here instead.", undefined, 12);
    else if (!mayUpload) void refuse();
  }
  // The pictures come first; the service worker can wait.
  setTimeout(() => navigator.onLine && void navigator.serviceWorker?.register("/sw.js").catch(() => undefined), LATER_MS);
}

/** Tells users without the right to upload. If they can sign in, the files are kept until they have; else discarded. */
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
