// The two renditions as sharp makes them: one line in (original, folder), one line out (CPU milliseconds).
import { createInterface } from 'node:readline';
import sharp from 'sharp';

sharp.concurrency(1);
sharp.cache(false);
for await (const line of createInterface({ input: process.stdin })) {
  const [original, folder] = line.split('\t');
  const began = process.cpuUsage();
  const view = await sharp(original)
    .autoOrient()
    .resize(1600, 1600, { fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  await sharp(view.data, { raw: view.info }).webp({ quality: 80 }).toFile(`${folder}/view.webp`);
  await sharp(view.data, { raw: view.info })
    .resize(480, 480, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 80 })
    .toFile(`${folder}/grid.webp`);
  const { user, system } = process.cpuUsage(began);
  console.log((user + system) / 1000);
}
