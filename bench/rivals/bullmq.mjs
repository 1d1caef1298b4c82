// BullMQ with sharp. `worker WAY` makes thumbnails; `feed WAY` enqueues what it reads, as lines of source, target and
// effort. The ways: `once` decodes once and uses one thread, as the product does; `each` makes each rendition from the
// file, as sharp's documentation shows it; `two` has a job for each rendition, and small ones go first; `immich` makes
// what Immich makes by default, three pictures at a time in one process. BROKER is the address of Redis.
import { createInterface } from "node:readline";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import sharp from "sharp";

const connection = new Redis(process.env.BROKER, { maxRetriesPerRequest: null });

const inside = { fit: "inside", withoutEnlargement: true };

const ways = {
  async once({ source, target, effort }) {
    const { data, info } = await sharp(source)
      .autoOrient()
      .resize(1600, 1600, inside)
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const view = () => sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
    await view().resize(480, 480, inside).webp({ quality: 80, effort }).toFile(`${target}.grid.webp`);
    await view().webp({ quality: 80, effort }).toFile(`${target}.view.webp`);
  },
  async each({ source, target, effort }) {
    for (const [name, longest] of [["grid", 480], ["view", 1600]]) {
      const file = `${target}.${name}.webp`;
      await sharp(source).autoOrient().resize(longest, longest, inside).webp({ quality: 80, effort }).toFile(file);
    }
  },
  async two({ source, target, effort, rendition }) {
    const longest = rendition === "grid" ? 480 : 1600;
    const file = `${target}.${rendition}.webp`;
    await sharp(source).autoOrient().resize(longest, longest, inside).webp({ quality: 80, effort }).toFile(file);
  },
  async immich({ source, target }) {
    const outside = { fit: "outside", withoutEnlargement: true };
    const { data, info } = await sharp(source, { failOn: "error" })
      .autoOrient()
      .resize(1440, 1440, outside)
      .raw()
      .toBuffer({ resolveWithObject: true });
    const preview = () => sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
    await Promise.all([
      preview().resize(250, 250, outside).webp({ quality: 80 }).toFile(`${target}.grid.webp`),
      preview().jpeg({ quality: 80, chromaSubsampling: "4:4:4" }).toFile(`${target}.view.webp`),
    ]);
  },
};

const [role, way] = process.argv.slice(2);
if (role === "worker") {
  if (way === "once" || way === "two") {
    sharp.concurrency(1);
    sharp.cache(false);
  }
  new Worker(way, (job) => ways[way](job.data), { connection, concurrency: way === "immich" ? 3 : 1 });
} else {
  const queue = new Queue(way, { connection });
  for await (const line of createInterface({ input: process.stdin })) {
    const [source, target, effort] = line.split(" ");
    const data = { source, target, effort: Number(effort) };
    const options = { removeOnComplete: true };
    if (way === "two") {
      queue.add("grid", { ...data, rendition: "grid" }, { ...options, priority: 1 });
      queue.add("view", { ...data, rendition: "view" }, { ...options, priority: 2 });
    } else queue.add("thumbnails", data, options);
  }
}
