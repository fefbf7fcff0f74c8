// The pictures of the documents (docs/pictures): the real server, a seller who goes the whole way, and Chromium.
// `npm run pictures`, after `cargo build -p pasarela`.
import { mkdirSync, statSync } from 'node:fs';
import { Authority, badPages, goodPages, TlsShop } from './tests/authority.mjs';
import { call, drawPixKey, newSeller, pix, WELL_MADE } from './tests/seller.mjs';
import { World } from './tests/world.mjs';

const HERE = new URL('../docs/pictures/', import.meta.url).pathname;
/** A reader of the documents waits for them. */
const MOST_BYTES = 120 * 1024;

mkdirSync(HERE, { recursive: true });
const world = await World.open({ authority: (directory) => new Authority(directory) });
const context = await world.browser.newContext({ locale: 'en', viewport: { width: 1000, height: 760 }, reducedMotion: 'reduce' });
const page = await context.newPage();
const shops = [];

async function take(name, { phone = false, dark = false, at } = {}) {
  await page.setViewportSize(phone ? { width: 390, height: 760 } : { width: 1000, height: 760 });
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
  await page.evaluate((id) => (id ? document.getElementById(id).scrollIntoView() : scrollTo(0, 0)), at);
  const file = `${HERE}${name}.png`;
  await page.screenshot({ path: file, animations: 'disabled', caret: 'hide' });
  const { size } = statSync(file);
  console.log(`docs/pictures/${name}.png: ${size} bytes`);
  if (size > MOST_BYTES) throw new Error(`${name} is larger than ${MOST_BYTES} bytes`);
}

const room = (made, name) => page.goto(`${world.url}/panel/applications/${made.id}/${name}`);

async function measure(made, more) {
  const paid = await call(world, made.test, '/v1/payments', pix(more));
  await room(made, 'quality?mode=test');
  await page.getByLabel('Payment number').fill(String(paid.body.id));
  await page.getByRole('button', { name: /^Measure/ }).click();
  await page.getByText('Measured.').waitFor();
}

async function checked(made, shop) {
  await call(world, made.test, '/pasarela/webhooks', { url: `${shop.url}/hooks`, topics: ['payment'] }, 'PUT');
  await room(made, 'going-live');
  await page.getByLabel('Industry').selectOption('entertainment');
  for (const [label, path] of [['Production site', ''], ['Page where buyers pay', '/pay'], ['Page after an approval', '/thanks'], ['Page after a refusal', '/again']]) {
    await page.getByLabel(label).fill(shop.url + path);
  }
  await page.getByLabel(/I accept the platform's terms/).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Check now' }).click();
  await page.locator('.verdict').getByText(/Checked on/).waitFor();
}

try {
  const made = await newSeller(page, world, { email: 'ana@example.com' });
  await room(made, '');
  await take('application');
  await drawPixKey(page, world);
  await measure(made, {});
  await room(made, 'quality?mode=test');
  await take('quality');
  await take('quality-findings', { at: 'findings' });
  const bad = await TlsShop.open(world.authority.leaf(), badPages('MercadoPago'));
  shops.push(bad);
  await checked(made, bad);
  await take('going-live');
  await page.goto(`${world.url}/panel/home`);
  await take('home');
  await measure(made, { external_reference: 'order-1' });
  await measure(made, WELL_MADE);
  await room(made, 'quality?mode=test');
  await take('quality-history', { at: 'history' });
  const good = await TlsShop.open(world.authority.leaf(), goodPages());
  shops.push(good);
  good.secret = made.testSecret;
  await checked(made, good);
  await take('live-phone-dark', { phone: true, dark: true });
} finally {
  shops.forEach((shop) => shop.close());
  await world.close();
}
