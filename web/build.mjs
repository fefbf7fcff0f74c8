// Builds what the server serves into crates/server/assets/web. With `--check` nothing is written: it fails when what is
// checked in is not what the sources make.
import { build, transform } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const OUTPUT = fileURLToPath(new URL('../crates/server/assets/web/', import.meta.url));
// The bricks come first: the library that loads them has their hash in it.
const SCRIPTS = { 'bricks.js': 'bricks/main.ts', 'v2.js': 'mercadopago.ts', 'v1.js': 'v1/mercadopago.ts', 'security.js': 'security.ts', 'frame.js': 'frame/frame.ts' };
/** Of the platform's own pages: nobody else loads them, so no hash of theirs is published. */
const PAGES = { 'checkout.js': 'checkout/checkout.ts' };
const COPIES = ['frame.html', 'frame.css'];

/** A stylesheet that a script imports becomes its text, without blanks. */
const stylesheets = {
  name: 'stylesheets',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, 'utf8'), { loader: 'css', minify: true, target: ['chrome99'] });
      return { contents: code, loader: 'text' };
    }),
};

const files = new Map();
for (const [name, source] of Object.entries({ ...SCRIPTS, ...PAGES })) {
  const result = await build({
    absWorkingDir: HERE,
    entryPoints: [`src/${source}`],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    // Browsers of 2020 and newer: optional chaining, private members made plain.
    target: ['chrome85', 'firefox79', 'safari14.1'],
    charset: 'ascii',
    legalComments: 'none',
    define: defined(),
    plugins: [stylesheets],
  });
  files.set(name, result.outputFiles[0].text);
}
for (const name of COPIES) {
  files.set(name, await readFile(`${HERE}src/frame/${name}`, 'utf8'));
}
const integrity = Object.fromEntries(
  Object.keys(SCRIPTS).map((name) => [name, `sha384-${createHash('sha384').update(files.get(name)).digest('base64')}`]),
);
files.set('integrity.json', `${JSON.stringify(integrity, null, 2)}\n`);

/** What the library must know of the bricks' script. */
function defined() {
  const bricks = files.get('bricks.js');
  if (bricks === undefined) return {};
  const integrity = `sha384-${createHash('sha384').update(bricks).digest('base64')}`;
  return { BRICKS_HASH: JSON.stringify(fnv1a(bricks)), BRICKS_INTEGRITY: JSON.stringify(integrity) };
}

/** The hash that the server computes of the same bytes. */
function fnv1a(text) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}

const isServedCompressed = (name) => name in SCRIPTS;
const compressed = (text) => gzipSync(text, { level: 9 });

/** Compressed bytes differ from one zlib to the next: they are right when they are the text. */
const isCompressed = (bytes, text) => {
  try {
    return gunzipSync(bytes).toString() === text;
  } catch {
    return false;
  }
};

if (process.argv.includes('--check')) {
  const stale = [];
  for (const [name, text] of files) {
    if ((await readFile(OUTPUT + name, 'utf8').catch(() => '')) !== text) stale.push(name);
    if (isServedCompressed(name) && !isCompressed(await readFile(`${OUTPUT}${name}.gz`).catch(() => Buffer.alloc(0)), text)) stale.push(`${name}.gz`);
  }
  if (stale.length > 0) {
    console.error(`not what web/src makes: ${stale.join(', ')}; run \`npm run build\` in web/ and commit`);
    process.exit(1);
  }
} else {
  await mkdir(OUTPUT, { recursive: true });
  for (const [name, text] of files) {
    await writeFile(OUTPUT + name, text);
    if (isServedCompressed(name)) await writeFile(`${OUTPUT}${name}.gz`, compressed(text));
  }
}
