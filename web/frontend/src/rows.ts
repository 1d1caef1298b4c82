/** Justified rows: each picture keeps its aspect ratio, each row fills the width. */

export interface Row {
  from: number;
  to: number;
  y: number;
  height: number;
}

export const GAP = 4;

export const rowHeight = (width: number): number => Math.round(Math.min(236, Math.max(112, 84 + width * 0.11)));

const LOWEST = 0.62;
const HIGHEST = 1.55;
const TOO_LOW = 8;

/** Breaks pictures with these aspect ratios into rows whose heights are together nearest to the target (dynamic
 * programming, as TeX breaks lines). If the run continues (`open`), the last row fills the width too; else it may end
 * short. `floors` holds the least row height in pixels for each picture; 0 for any. */
export function justify(shapes: readonly number[], width: number, target: number, open: boolean, floors: readonly number[] = []): Row[] {
  const n = shapes.length;
  const best = new Float64Array(n + 1).fill(Infinity);
  const before = new Int32Array(n + 1);
  best[0] = 0;
  for (let from = 0; from < n; from += 1) {
    const reached = best[from] ?? Infinity;
    let sum = 0;
    let floor = 0;
    for (let to = from + 1; to <= n; to += 1) {
      sum += shapes[to - 1] ?? 1;
      const height = (width - GAP * (to - from - 1)) / sum / target;
      floor = Math.max(floor, floors[to - 1] ?? 0);
      const cost = reached + badness(height, to === n && !open) + (height * target < floor ? TOO_LOW : 0);
      if (cost < (best[to] ?? Infinity)) {
        best[to] = cost;
        before[to] = from;
      }
      if (height < LOWEST) break;
    }
  }
  const ends: number[] = [];
  for (let at = n; at > 0; at = before[at] ?? 0) ends.unshift(at);
  return place(shapes, ends, width, target, open);
}

/** The cost of a row; `height` is relative to the target. */
function badness(height: number, mayEndShort: boolean): number {
  if (mayEndShort && height > 1.2) return 0.12 + 0.2 * (1 - 1 / height) ** 2 + (height > 3 ? 0.25 : 0);
  const off = height > 1 ? (height - 1) / (HIGHEST - 1) : (1 - height) / (1 - LOWEST);
  return off ** 2 + (off > 1 ? 4 * off : 0) + 0.02;
}

function place(shapes: readonly number[], ends: number[], width: number, target: number, open: boolean): Row[] {
  const rows: Row[] = [];
  let from = 0;
  let y = 0;
  for (const [index, to] of ends.entries()) {
    const total = shapes.slice(from, to).reduce((a, b) => a + b, 0);
    let height = (width - GAP * (to - from - 1)) / total;
    const last = index === ends.length - 1;
    if (last && (!open || ends.length === 1) && height > target * 1.2) height = target;
    height = Math.round(Math.min(height, target * 2));
    rows.push({ from, to, y, height });
    y += height + GAP;
    from = to;
  }
  return rows;
}

/** The position and width of each picture of a row, in whole pixels that add up to the width of the row. */
export function columns(shapes: readonly number[], row: Row, width: number): { x: number; width: number }[] {
  const found: { x: number; width: number }[] = [];
  const total = shapes.slice(row.from, row.to).reduce((a, b) => a + b, 0);
  const gaps = GAP * (row.to - row.from - 1);
  const natural = total * row.height;
  const scale = natural + gaps > width * 0.96 ? (width - gaps) / natural : 1;
  let edge = 0;
  for (let i = row.from; i < row.to; i += 1) {
    const next = edge + (shapes[i] ?? 1) * row.height * scale;
    found.push({ x: Math.round(edge), width: Math.round(next) - Math.round(edge) });
    edge = next + GAP;
  }
  return found;
}
