// How the hosted checkout looks, on a phone and on a desktop, light and dark; that a screen reader can use it; and how soon
// it is there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { api, browserOf, EMAIL, preference, result, startOf, typeCard } from './buyer.mjs';
import { difference, look, MOST_SHARE, SCALE, still } from './looks.mjs';
import { becomes, frameOf, World } from './world.mjs';

const AXE = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
/** Of everything that a page loads, as it is sent. */
const MOST_BYTES = 130 * 1024;

let world;
let backs;
before(async () => {
  world = await World.open();
  const at = (path) => `${world.shopUrl}${path}`;
  backs = { back_urls: { success: at('/ok'), pending: at('/wait'), failure: at('/no') } };
});
after(() => world.close());

const PHONE = { phone: true };
const DESK = { phone: false };

const chosen = (page, made) => page.goto(startOf(world, made));
const cardPage = (card) => async (page, made) => {
  await page.goto(startOf(world, made, '&method=card'));
  await frameOf(page, 'securityCode');
  await page.waitForFunction(() => document.querySelectorAll('.frame.ready').length === 3);
  if (card) await typeCard(page, page.site, card);
};
const paidByCard = (card) => async (page, made) => {
  await cardPage(card)(page, made);
  await page.click('#pay');
  await result(page);
  if (card.number) await page.frameLocator('iframe[name="challenge"]').locator('button').first().waitFor();
};
const elsewhere = (method) => async (page, made) => {
  await page.goto(startOf(world, made, `&method=${method}`));
  await page.fill('#email', EMAIL);
  await page.locator('form.form button').click();
  await result(page);
};
const bank = async (page, made) => {
  await elsewhere('pix')(page, made);
  const address = await page.locator('.simulate a').getAttribute('href');
  await page.goto(world.url + address);
};
const over = { expires: true, expiration_date_to: '2026-01-02T00:00:00Z' };

const PAGES = [
  ['choice-phone', 'MLB', { ...PHONE, language: 'pt-BR' }, chosen],
  ['choice-desk-dark', 'MLM', { ...DESK, dark: true }, chosen],
  ['card-phone', 'MLB', { ...PHONE, language: 'pt-BR' }, cardPage()],
  ['card-typed-phone-dark', 'MLB', { ...PHONE, dark: true, language: 'en' }, cardPage({})],
  ['card-argentina-desk', 'MLA', DESK, cardPage({})],
  ['challenge-desk', 'MLB', { ...DESK, language: 'pt-BR' }, paidByCard({ number: '5483928164574623' })],
  ['paid-phone', 'MLB', { ...PHONE, language: 'pt-BR' }, paidByCard({})],
  ['refused-phone-dark', 'MLB', { ...PHONE, dark: true, language: 'en' }, paidByCard({ holder: 'FUND' })],
  ['pix-phone', 'MLB', { ...PHONE, language: 'pt-BR' }, elsewhere('pix')],
  ['ticket-desk', 'MLA', DESK, elsewhere('rapipago')],
  ['bank-phone', 'MLB', { ...PHONE, language: 'pt-BR' }, bank],
  ['expired-phone', 'MLB', { ...PHONE, language: 'es' }, chosen, over],
];

for (const [name, site, browser, go, members] of PAGES) {
  test(`${name}: it looks as it should, and can be heard`, async () => {
    const made = await preference(world, site, { ...backs, ...members });
    const context = await browserOf(world, { ...browser, scale: SCALE });
    const page = Object.assign(await context.newPage(), { site });
    await go(page, made);
    await page.evaluate(AXE);
    const violations = await page.evaluate(async () => {
      const { violations } = await window.axe.run(document, { iframes: false });
      return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
    });
    assert.deepEqual(violations, [], name);
    await look(page, name);
    await context.close();
    assert.deepEqual([context.errors, context.elsewhere], [[], []]);
  });
}

test('the seller\'s name, color and logo, kept readable', async () => {
  const made = await preference(world, 'MLU', backs);
  const put = (branding) => api(world, 'MLU', '/pasarela/branding', { method: 'PUT', body: JSON.stringify(branding) });
  // A square of 8 pixels.
  const logo = 'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGMQyu7CihiGlgQAkz9BwUXhT94AAAAASUVORK5CYII=';
  const answer = await put({ name: 'Mates del Sur', color: '#ffb000', logo });
  assert.equal(answer.color, '#ffb000', JSON.stringify(answer));
  const context = await browserOf(world, { scale: SCALE });
  const page = await context.newPage();
  await chosen(page, made);
  assert.equal(await page.locator('.shop-name').innerText(), 'Mates del Sur');
  await becomes(() => page.locator('img.shop-logo').evaluate((image) => image.complete && image.naturalWidth), 8);
  await look(page, 'branded-phone');
  await page.goto(startOf(world, made, '&method=card'));
  await page.evaluate(AXE);
  const contrast = await page.evaluate(async () => (await window.axe.run(document, { iframes: false, runOnly: ['color-contrast'] })).violations.length);
  assert.equal(contrast, 0);
  // A ticket that a shop opens by itself is in its name, too.
  const ticket = await api(world, 'MLU', '/v1/payments', { method: 'POST', headers: { 'X-Idempotency-Key': 'branded' }, body: JSON.stringify({ transaction_amount: 1500, description: 'Mate de calabaza', payment_method_id: 'abitab', payer: { email: EMAIL, identification: { type: 'CI', number: '12345672' } } }) });
  await page.goto(ticket.transaction_details.external_resource_url);
  assert.equal(await page.locator('.shop-name').innerText(), 'Mates del Sur');
  await page.evaluate(AXE);
  assert.deepEqual(await page.evaluate(async () => (await window.axe.run(document)).violations.map(({ id }) => id)), []);
  await look(page, 'branded-ticket-phone');
  await context.close();
  assert.deepEqual([context.errors, context.elsewhere], [[], []]);
});

test('what is bought has its picture', async () => {
  const photo = (name) => `${world.ready.demo.replace('localhost', '127.0.0.1')}/assets/${name}.png`;
  const items = [['Taza Alba', 'alba', 2], ['Tetera Siesta, esmalte de ceniza, hecha a pedido', 'siesta', 1]].map(([title, name, quantity]) => ({ title, quantity, unit_price: 5000, picture_url: photo(name) }));
  const made = await preference(world, 'MLA', { ...backs, items: [...items, { title: 'Envoltorio de regalo', quantity: 1, unit_price: 800 }] });
  for (const [name, browser] of [['pictured-phone-dark', { ...PHONE, dark: true }], ['pictured-desk', DESK]]) {
    const context = await browserOf(world, { ...browser, scale: SCALE });
    const page = await context.newPage();
    await page.goto(startOf(world, made), { waitUntil: 'networkidle' });
    await look(page, name);
    await context.close();
    assert.deepEqual([context.errors, context.elsewhere], [[], []]);
  }
});

test('the comparison sees a button whose color changed and a word that is gone', async () => {
  const made = await preference(world, 'MLB', backs);
  const context = await browserOf(world, { scale: SCALE });
  const page = await context.newPage();
  await elsewhere('pix')(page, made);
  await still(page);
  const before = await page.screenshot();
  const changed = async (change) => {
    await page.evaluate(change);
    return difference(context, before, await page.screenshot());
  };
  assert.equal(await changed(() => {}), 0);
  assert.ok((await changed(() => (document.querySelector('.progress-title').style.visibility = 'hidden'))) > MOST_SHARE);
  await page.evaluate(() => (document.querySelector('.progress-title').style.visibility = ''));
  assert.ok((await changed(() => (document.querySelector('.shop-logo').style.background = '#a00'))) > MOST_SHARE);
  await context.close();
});

test('the pages are small', async () => {
  for (const [name, query] of [['choice', ''], ['card', '&method=card'], ['pix', '&method=pix']]) {
    const made = await preference(world, 'MLB', backs);
    const context = await browserOf(world);
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    let bytes = 0;
    session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    await page.goto(startOf(world, made, query), { waitUntil: 'networkidle' });
    const lcp = await page.evaluate(() => new Promise((resolve) => {
      new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime)).observe({ type: 'largest-contentful-paint', buffered: true });
    }));
    // How soon says as much of the machine as of the page: it is printed, for who looks.
    console.log(`hosted checkout, ${name}: LCP ${Math.round(lcp)} ms, ${bytes} bytes`);
    assert.ok(bytes > 0 && bytes <= MOST_BYTES, `${bytes} bytes`);
    await context.close();
  }
});
