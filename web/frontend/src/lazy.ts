/** Parts of the page that are loaded when they are first needed. */

/** The part is gone, usually because the gallery was updated since the page was loaded: only a reload helps. */
export class MustReload extends Error {}

/** The page's own script: its name changes with that of any part. */
const entry = document.querySelector<HTMLScriptElement>("script[type=module][src]")?.src ?? location.href;

/** Returns a function that loads a part once; if that fails, the next call tries again. Many browsers never fetch a
 * module again after one failure, so nothing is imported while the gallery cannot be reached. */
export function lazily<T>(part: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | null = null;
  const load = async (): Promise<T> => {
    const answer = await fetch(entry, { method: "HEAD", cache: "no-store" });
    if (answer.status === 404) throw new MustReload();
    if (!answer.ok) throw new Error(`${answer.status}`);
    return part().catch((cause: unknown) => {
      throw new MustReload("not loaded", { cause });
    });
  };
  return () =>
    (loading ??= load().catch((error: unknown) => {
      loading = null;
      throw error;
    }));
}
