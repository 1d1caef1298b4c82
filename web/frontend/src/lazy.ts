/** Parts of the page that are loaded when they are first needed. */

/** Returns a function that loads a part once; if that fails, the next call tries again. Many browsers never fetch a
 * module again after one failure, so nothing is imported while the gallery cannot be reached. */
export function lazily<T>(part: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | null = null;
  return () =>
    (loading ??= fetch("/healthz")
      .then(part)
      .catch((error: unknown) => {
        loading = null;
        throw error;
      }));
}
