// How the demo shop's main pages look, and how large they are.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { buyer, open, openCardForm, reached } from './shopping.mjs';
import { look, SCALE } from './looks.mjs';
import { frameOf, World } from './world.mjs';

/** Of everything that a page loads, as it is sent: most of it is the code that is shown beside it. */
const MOST_BYTES = 200 * 1024;
const PHONE = { viewport: { width: 390, height: 844 } };
const DESK = { viewport: { width: 1280, height: 900 } };
const DARK = { colorScheme: 'dark' };
const STILL = { deviceScaleFactor: SCALE, reducedMotion: 'reduce' };

let world;
let shop;
before(async () => {
  world = await World.open();
  shop = world.ready.demo;
  open(world);
});
after(() => world.close());

const at = (path) => async (page) => page.goto(path.startsWith('/') ? shop + path : `${page.order}/${path}`);
const card = async (page) => {
  await page.goto(`${page.order}/pay/card-form`);
  // They are dressed once the page has answered them.
  for (const name of ['cardNumber', 'expirationDate', 'securityCode']) await (await frameOf(page, name)).waitForSelector('input[placeholder]:not([placeholder=""])');
};
/** The order's page, which follows webhooks no more: those may come twice. */
const still = async (page) => {
  await page.route(/\/version$/, (route) => route.abort());
  await page.reload();
};
const pix = async (page) => {
  await page.goto(`${page.order}/pay/pix`);
  await page.click('form[action$="/pix"] button');
  await page.waitForSelector('.qr img');
  await still(page);
};
const reserved = async (page) => {
  await openCardForm(page);
  await page.click('#pay');
  await page.waitForURL(page.order);
  await reached(page, 'reserved');
  await still(page);
};
/** The order alone, whatever other tests have sold. */
const desk = async (page) => {
  await reserved(page);
  await page.goto(`${shop}/seller`);
  const id = page.order.split('/').pop();
  await page.evaluate((id) => document.querySelectorAll('section.card').forEach((order) => order.id !== id && order.remove()), id);
};
const cart = async (page) => {
  await page.goto(shop);
  await page.click('button[aria-label$=": Junco"]');
  await page.waitForURL(`${shop}/cart`);
};

const PAGES = [
  ['demo-shelf-phone', { ...PHONE, locale: 'pt-BR' }, at('/')],
  ['demo-shelf-desk-dark', { ...DESK, ...DARK }, at('/')],
  ['demo-cart-phone-dark', { ...PHONE, ...DARK, locale: 'es-MX' }, cart],
  ['demo-ways-desk', DESK, at('pay')],
  ['demo-card-form-phone', PHONE, card],
  ['demo-pix-phone', { ...PHONE, locale: 'pt-BR' }, pix],
  ['demo-order-desk-dark', { ...DESK, ...DARK }, reserved],
  ['demo-seller-desk', DESK, desk],
];

for (const [name, browser, go] of PAGES) {
  test(`${name}: it looks as it should`, async () => {
    const page = await buyer(['Alba', 'Siesta'], { ...STILL, ...browser });
    await go(page);
    await page.evaluate(() => document.querySelectorAll('.timeline li:nth-child(n+4)').forEach((event) => event.remove()));
    await page.evaluate(() => document.querySelectorAll('h1, h2').forEach((title) => (title.textContent = title.textContent.replace(/10\d\d/, '1001'))));
    await look(page, name);
    await page.context().close();
  });
}

test('the pages are small', async () => {
  const page = await buyer();
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  for (const [name, address] of [['shelf', shop], ['ways to pay', `${page.order}/pay`], ['card form', `${page.order}/pay/card-form`]]) {
    bytes = 0;
    await page.goto(address, { waitUntil: 'networkidle' });
    const lcp = await page.evaluate(() => new Promise((resolve) => {
      new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime)).observe({ type: 'largest-contentful-paint', buffered: true });
    }));
    // How soon says as much of the machine as of the page: it is printed, for who looks.
    console.log(`-- speed: demo shop, ${name}: LCP ${Math.round(lcp)} ms, ${Math.round(bytes / 1024)} KB`);
    assert.ok(bytes > 0 && bytes <= MOST_BYTES, `${bytes} bytes`);
  }
  await page.context().close();
});
