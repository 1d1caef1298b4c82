/** The service worker. It caches the offline page and stores files that other apps share; it caches nothing of the gallery
 * itself. All other requests go to the network. */

import { countFiles, store } from "./shared";

const SHELL = "shell";
const OFFLINE = "/offline";

/** Service worker types, which TypeScript's DOM library lacks. */
interface Extended extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Install extends Extended {
  addRoutes?(routes: unknown[]): Promise<void>;
}
interface Fetching extends Extended {
  readonly request: Request;
  readonly preloadResponse?: Promise<Response | undefined>;
  respondWith(answer: Promise<Response>): void;
}
const worker = self as unknown as {
  skipWaiting(): Promise<void>;
  registration: { navigationPreload?: { enable(): Promise<void> } };
};

addEventListener("install", (event) => {
  const install = event as Install;
  // With static routing, requests for pictures and the API do not even start the worker.
  const ours = { or: [{ requestMode: "navigate" }, { requestMethod: "POST", urlPattern: "/share" }, { urlPattern: "/assets/*.css" }] };
  install.waitUntil(
    Promise.all([
      cacheShell(),
      install.addRoutes?.([{ condition: { not: ours }, source: "network" }]).catch(() => undefined),
      worker.skipWaiting(),
    ]),
  );
});

addEventListener("activate", (event) => (event as Extended).waitUntil(worker.registration.navigationPreload?.enable() ?? Promise.resolve()));

addEventListener("fetch", (event) => {
  const fetching = event as Fetching;
  const { request } = fetching;
  const { pathname } = new URL(request.url);
  if (request.method === "POST" && pathname === "/share") fetching.respondWith(take(request));
  else if (request.method === "GET" && request.mode === "navigate") fetching.respondWith(navigate(fetching));
  else if (request.destination === "style") fetching.respondWith(fetch(request).catch(() => cached(request)));
});

/** Caches the offline page and the style sheet that it links. */
async function cacheShell(): Promise<void> {
  const cache = await caches.open(SHELL);
  const page = await fetch(OFFLINE, { credentials: "omit", cache: "no-cache" });
  if (!page.ok) throw new Error(`The server answered ${page.status}.`);
  const style = /\/assets\/[\w.-]+\.css/.exec(await page.clone().text())?.[0];
  for (const { url } of await cache.keys()) if (new URL(url).pathname !== style) await cache.delete(url);
  await cache.put(OFFLINE, page);
  if (style) await cache.add(style);
}

async function cached(request: Request | string): Promise<Response> {
  return (await caches.match(request)) ?? Response.error();
}

async function navigate(event: Fetching): Promise<Response> {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    return offline();
  }
}

/** The offline page, with the number of files that wait. */
async function offline(): Promise<Response> {
  const page = await cached(OFFLINE);
  const count = await countFiles().catch(() => 0);
  if (page.type === "error" || !count) return page;
  const words = count === 1 ? "1 file is kept here, and can be" : `${count} files are kept here, and can be`;
  const text = (await page.text()).replace("<!--kept-->", `<p>${words} added when you open the gallery again.</p>`);
  return new Response(text, { status: page.status, headers: page.headers });
}

/** Stores shared files for the page that opens next, which asks first. Files that cannot be stored are dropped, never
 * sent on: coming from here, the form of another site would look to the server like one of ours. */
async function take(request: Request): Promise<Response> {
  try {
    const form = await request.formData();
    await store(form.getAll("file").filter((entry) => entry instanceof File));
    return Response.redirect("/?shared", 303);
  } catch {
    return Response.redirect("/?shared=lost", 303);
  }
}
