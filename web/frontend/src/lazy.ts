/** Parts of the page that are loaded when they are first needed. */

/** The gallery answers, but the part cannot be loaded: usually the gallery was updated, and this page is of the release
 * before. */
export class MustReload extends Error {}

/** Returns a function that loads a part once; if that fails, the next call tries again. Many browsers never fetch a
 * module again after one failure, so nothing is imported while the gallery cannot be reached. */
export function lazily<T>(part: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | null = null;
  const load = async (): Promise<T> => {
    const answer = await fetch("/healthz");
    if (!answer.ok) throw new Error(`${answer.status}`);
    return part().catch((error: unknown) => {
      throw new MustReload(String(error));
    });
  };
  return () =>
    (loading ??= load().catch((error: unknown) => {
      loading = null;
      throw error;
    }));
}
