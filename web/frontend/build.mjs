// Bundles src/ and styles/ into ../static/dist/ under hashed names, with a manifest of them and precompressed copies.
import { build } from "esbuild";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = path.dirname(fileURLToPath(import.meta.url));
const target = path.resolve(here, "../static/dist");
const fresh = `${target}.new`;

/** Generates the classes r40 … r300, the aspect ratio of a tile in hundredths: the CSP forbids inline styles. */
const shapes = {
  name: "shapes",
  setup(builder) {
    builder.onResolve({ filter: /^shapes\.css$/ }, () => ({ path: "shapes.css", namespace: "shapes" }));
    builder.onLoad({ filter: /.*/, namespace: "shapes" }, () => {
      const rules = [];
      for (let shape = 40; shape <= 300; shape += 5) rules.push(`.r${shape}{--shape:${shape / 100}}`);
      return { contents: rules.join("\n"), loader: "css" };
    });
  },
};

await rm(fresh, { recursive: true, force: true });
await mkdir(fresh, { recursive: true });
const shared = {
  absWorkingDir: here,
  outdir: fresh,
  bundle: true,
  minify: true,
  target: ["chrome111", "firefox113", "safari16.4"],
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".svg": "file" },
  sourcemap: process.argv.includes("--maps") ? "linked" : false,
  metafile: true,
  legalComments: "eof",
  logLevel: "warning",
  plugins: [shapes],
};
const pages = { app: "src/app.ts", status: "src/status.ts", "trash-page": "src/trash-page.ts", indexing: "src/indexing.ts", gallery: "styles/gallery.css", lightbox: "styles/lightbox.css" };
const built = [
  await build({ ...shared, entryPoints: pages, splitting: true, format: "esm" }),
  // One classic script each: not every browser supports import in workers.
  await build({ ...shared, entryPoints: { sw: "src/sw.ts", "preview-worker": "src/preview-worker.ts" }, format: "iife" }),
];

const manifest = {};
const sizes = [];
for (const [file, output] of built.flatMap(({ metafile }) => Object.entries(metafile.outputs))) {
  const full = path.resolve(here, file);
  if (output.entryPoint && !file.endsWith(".map")) {
    const source = path.parse(output.entryPoint);
    manifest[`${source.name}${path.extname(file)}`] = path.basename(file);
  }
  const data = await readFile(full);
  const zipped = gzipSync(data, { level: 9 });
  await writeFile(`${full}.gz`, zipped);
  await writeFile(`${full}.br`, brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  const ours = Object.entries(output.inputs).filter(([name]) => !name.includes("node_modules"));
  sizes.push({ file: path.basename(file), bytes: data.length, gzip: zipped.length, ours: ours.length > 0 });
}
await writeFile(path.join(fresh, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
await writeFile(path.join(fresh, "sizes.json"), `${JSON.stringify(sizes, null, 2)}\n`);
await rm(target, { recursive: true, force: true });
await rename(fresh, target);
for (const { file, bytes, gzip } of sizes) console.log(`${file.padEnd(30)} ${bytes} bytes, ${gzip} compressed`);
