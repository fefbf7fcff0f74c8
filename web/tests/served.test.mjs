// The files as the server gives them.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { World } from './world.mjs';

/** Core, card form and secure fields with the frame's own script, compressed. */
const MOST_BYTES = 25 * 1024;

let world;
before(async () => {
  world = await World.open();
});
after(() => world.close());

const get = (path, headers = {}) => fetch(world.url + path, { headers });

test('the library is at every address that pages have built in', async () => {
  const texts = new Set();
  for (const path of ['/js/v2', '/js/v2/', '/js/v2?x=1', '/v2', '/gama/js/v2']) {
    const response = await get(path);
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get('content-type'), 'text/javascript; charset=utf-8');
    assert.equal(response.headers.get('access-control-allow-origin'), '*');
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    texts.add(await response.text());
  }
  assert.equal(texts.size, 1);
});

test('who has the library is not sent it again', async () => {
  const first = await get('/js/v2');
  assert.match(first.headers.get('cache-control'), /max-age=300/);
  const again = await get('/js/v2', { 'If-None-Match': first.headers.get('etag') });
  assert.equal(again.status, 304);
  assert.equal(await again.text(), '');
  assert.equal((await get('/js/v2', { 'If-None-Match': '"other"' })).status, 200);
});

test('the published hashes are those of the files', async () => {
  const published = await (await get('/js/v2/integrity.json')).json();
  for (const [name, path] of [['v2.js', '/js/v2'], ['v1.js', '/v1/mercadopago.js'], ['security.js', '/v2/security.js'], ['frame.js', '/secure-fields/v2/frame.js']]) {
    const text = await (await get(path)).text();
    assert.equal(published[name], `sha384-${createHash('sha384').update(text).digest('base64')}`, name);
  }
});

test('a library that was altered on the way is not run by a page that pins it', async () => {
  const { 'v2.js': integrity } = await (await get('/js/v2/integrity.json')).json();
  const text = await (await get('/js/v2')).text();
  for (const [addition, wanted] of [['', 'function'], ['\n/* altered */', 'undefined']]) {
    const context = await world.context();
    const page = await context.newPage();
    await page.route(`${world.url}/js/v2`, (route) => route.fulfill({ body: text + addition, contentType: 'text/javascript', headers: { 'access-control-allow-origin': '*' } }));
    world.pages.set('/pinned', `<!doctype html><title>Shop</title><script crossorigin integrity="${integrity}" src="${world.url}/js/v2"></script>`);
    await page.goto(`${world.shopUrl}/pinned`);
    assert.equal(await page.evaluate(() => typeof window.MercadoPago), wanted);
    await context.close();
  }
});

test('the frame may load and call its own origin, and nothing else', async () => {
  const response = await get('/secure-fields/v2');
  const policy = response.headers.get('content-security-policy');
  assert.deepEqual(
    policy.split(';').map((part) => part.trim()),
    ["default-src 'none'", "base-uri 'none'", "connect-src 'self'", "form-action 'none'", "script-src 'self'", "style-src 'self'"],
  );
  assert.equal(response.headers.get('referrer-policy'), 'no-referrer');
});

test('core, card form and secure fields fit in 25 KB', async (context) => {
  let sum = 0;
  for (const path of ['/js/v2', '/secure-fields/v2', '/secure-fields/v2/frame.js', '/secure-fields/v2/frame.css']) {
    const bytes = gzipSync(await (await get(path)).text(), { level: 9 }).length;
    context.diagnostic(`${path}: ${bytes} bytes gzip`);
    sum += bytes;
  }
  console.log(`core + cardForm + fields: ${sum} of ${MOST_BYTES} bytes gzip`);
  assert.ok(sum <= MOST_BYTES, `${sum} bytes`);
});
