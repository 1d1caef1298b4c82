/** Classifies the server's responses to uploads. */

/** `outage`: the server cannot be reached, so all uploads wait. `busy`: the server asks to wait. `broken`: the body arrived
 * damaged. `kept`: may succeed later or for another user. `refused`: will never succeed. */
export type Outcome = "outage" | "busy" | "broken" | "kept" | "refused";

const OUTAGES = new Set([0, 500, 502, 503, 504]);
const BUSY = new Set([408, 429]);
const KEPT = new Set([401, 403, 507]);

export interface Answer {
  outcome: Outcome;
  why: string | null;
  /** Seconds to wait, if the server said so. */
  after: number;
}

export function answerOf(xhr: XMLHttpRequest | null): Answer {
  const status = xhr?.status ?? 0;
  const { code, detail } = problem(xhr);
  const after = Number(xhr?.getResponseHeader("Retry-After")) || 0;
  return { outcome: outcomeOf(status, code), why: detail ?? (status ? `The server answered ${status}.` : null), after };
}

function outcomeOf(status: number, code: string | undefined): Outcome {
  if (OUTAGES.has(status)) return "outage";
  if (BUSY.has(status)) return "busy";
  if (code === "broken-upload") return "broken";
  return KEPT.has(status) ? "kept" : "refused";
}

function problem(xhr: XMLHttpRequest | null): { code?: string; detail?: string } {
  try {
    return JSON.parse(xhr?.responseText ?? "") as { code?: string; detail?: string };
  } catch {
    return {};
  }
}
