// BullMQ with sharp. `worker` makes thumbnails, one picture and one thread at a time; `feed` enqueues what it
// reads, as lines of source, target and effort. BROKER is the address of Redis.
import { createInterface } from "node:readline";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import sharp from "sharp";

const connection = new Redis(process.env.BROKER, { maxRetriesPerRequest: null });

// the original is decoded once, and the grid made of the view, as the product does
async function thumbnails({ source, target, effort }) {
  const { data, info } = await sharp(source)
    .autoOrient()
    .resize(1600, 1600, { fit: "inside", withoutEnlargement: true })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const view = () => sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
  await view().resize(480, 480, { fit: "inside" }).webp({ quality: 80, effort }).toFile(`${target}.grid.webp`);
  await view().webp({ quality: 80, effort }).toFile(`${target}.view.webp`);
}

if (process.argv[2] === "worker") {
  sharp.concurrency(1);
  sharp.cache(false);
  new Worker("thumbnails", (job) => thumbnails(job.data), { connection, concurrency: 1 });
} else {
  const queue = new Queue("thumbnails", { connection });
  for await (const line of createInterface({ input: process.stdin })) {
    const [source, target, effort] = line.split(" ");
    queue.add("thumbnails", { source, target, effort: Number(effort) }, { removeOnComplete: true });
  }
}
