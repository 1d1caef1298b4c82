// BullMQ with sharp. `worker WAY` makes thumbnails, one picture at a time; `feed WAY` enqueues what it reads, as lines
// of source, target and effort. The ways: `once` decodes once and uses one thread, as the product does; `each` makes
// each rendition from the file, as sharp's documentation shows it. BROKER is the address of Redis.
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
};

const [role, way] = process.argv.slice(2);
if (role === "worker") {
  if (way === "once") {
    sharp.concurrency(1);
    sharp.cache(false);
  }
  new Worker(way, (job) => ways[way](job.data), { connection, concurrency: 1 });
} else {
  const queue = new Queue(way, { connection });
  for await (const line of createInterface({ input: process.stdin })) {
    const [source, target, effort] = line.split(" ");
    queue.add("thumbnails", { source, target, effort: Number(effort) }, { removeOnComplete: true });
  }
}
