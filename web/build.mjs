// Builds what the server serves into crates/server/assets/web. With `--check` nothing is written: it fails when what is
// checked in is not what the sources make.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const OUTPUT = fileURLToPath(new URL('../crates/server/assets/web/', import.meta.url));
const SCRIPTS = { 'v2.js': 'mercadopago.ts', 'v1.js': 'v1/mercadopago.ts', 'security.js': 'security.ts', 'frame.js': 'frame/frame.ts' };
/** Of the platform's own pages: nobody else loads them, so no hash of theirs is published. */
const PAGES = { 'checkout.js': 'checkout/checkout.ts' };
const COPIES = ['frame.html', 'frame.css'];

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

if (process.argv.includes('--check')) {
  const stale = [];
  for (const [name, text] of files) {
    if ((await readFile(OUTPUT + name, 'utf8').catch(() => '')) !== text) stale.push(name);
  }
  if (stale.length > 0) {
    console.error(`not what web/src makes: ${stale.join(', ')}; run \`npm run build\` in web/ and commit`);
    process.exit(1);
  }
} else {
  await mkdir(OUTPUT, { recursive: true });
  for (const [name, text] of files) await writeFile(OUTPUT + name, text);
}
