// Bundles the app into FOLDER (by default beside the server's modules), packed as it travels.
// Usage: node build.mjs [FOLDER]
import { build } from "esbuild";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const folder = resolve(process.argv[2] ?? join(here, "../src/antiphon/server/app_files"));
const FIRST_LOAD_BYTES = 250 * 1024;
const PACKED = /\.(html|js|css|svg|json)$/;

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: {
    app: "src/main.tsx",
    style: "src/style.css",
    capture: "src/audio/capture.worklet.ts",
    playout: "src/audio/playout.worklet.ts",
    voice: "src/audio/voice.worker.ts",
  },
  outdir: folder,
  bundle: true,
  format: "esm",
  target: ["chrome100", "firefox105", "safari16"],
  minify: true,
  legalComments: "none",
  logLevel: "warning",
});
for (const name of ["index.html", "icon.svg"]) await cp(join(here, "src", name), join(folder, name));

let first = 0;
for (const name of await readdir(folder)) {
  if (!PACKED.test(name)) continue;
  const plain = await readFile(join(folder, name));
  const small = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  await writeFile(join(folder, `${name}.br`), small);
  await writeFile(join(folder, `${name}.gz`), gzipSync(plain, { level: 9 }));
  first += small.length;
}
console.log(`the app: ${(first / 1024).toFixed(1)} KiB compressed`);
if (first > FIRST_LOAD_BYTES) throw new Error(`more than ${FIRST_LOAD_BYTES} bytes at first load`);
