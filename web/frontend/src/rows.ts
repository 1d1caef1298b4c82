/** Justified rows: each picture keeps its shape, each row fills the width. */

export interface Row {
  from: number;
  to: number;
  y: number;
  height: number;
}

export const GAP = 4;

export const rowHeight = (width: number): number => Math.round(Math.min(236, Math.max(112, 84 + width * 0.11)));

/** Breaks pictures of the given shapes into rows near the target height. Where the run goes on (`open`), the last
 * row is filled like the others; else it may end short. */
export function justify(shapes: readonly number[], width: number, target: number, open: boolean): Row[] {
  const ends: number[] = [];
  let start = 0;
  let sum = 0;
  const fit = (total: number, n: number): number => (width - GAP * (n - 1)) / total;
  for (let i = 0; i < shapes.length; i += 1) {
    const shape = shapes[i] ?? 1;
    sum += shape;
    const n = i - start + 1;
    if (fit(sum, n) > target) continue;
    const without = n > 1 ? fit(sum - shape, n - 1) : Infinity;
    if (without < target * 1.35 && without - target < target - fit(sum, n)) {
      ends.push(i);
      start = i;
      sum = shape;
      if (fit(sum, 1) > target) continue;
    }
    ends.push(i + 1);
    start = i + 1;
    sum = 0;
  }
  if (start < shapes.length) ends.push(shapes.length);
  if (open && start < shapes.length) balance(shapes, ends);
  return place(shapes, ends, width, target, open);
}

/** Moves pictures from the row before last into the last, until the two are about equally full. */
function balance(shapes: readonly number[], ends: number[]): void {
  const last = ends.length - 1;
  if (last < 1) return;
  const from = ends[last - 2] ?? 0;
  const to = ends[last] ?? 0;
  const total = shapes.slice(from, to).reduce((a, b) => a + b, 0);
  let sum = 0;
  let at = from;
  while (at < to - 1 && sum + (shapes[at] ?? 1) / 2 < total / 2) {
    sum += shapes[at] ?? 1;
    at += 1;
  }
  ends[last - 1] = Math.max(from + 1, at);
}

function place(shapes: readonly number[], ends: number[], width: number, target: number, open: boolean): Row[] {
  const rows: Row[] = [];
  let from = 0;
  let y = 0;
  for (const [index, to] of ends.entries()) {
    const total = shapes.slice(from, to).reduce((a, b) => a + b, 0);
    let height = (width - GAP * (to - from - 1)) / total;
    const short = index === ends.length - 1 && (!open || ends.length === 1);
    if (short && height > target * 1.25) height = target;
    height = Math.round(Math.min(height, target * 2));
    rows.push({ from, to, y, height });
    y += height + GAP;
    from = to;
  }
  return rows;
}

/** Where each picture of a row starts and how wide it is, in whole pixels that add up to the width of the row. */
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
