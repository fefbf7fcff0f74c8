// The demo shop's orders: pressing twice, going back, two tabs, the back office, strangers; and every page by axe.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { becamePayments, buyer, finish, open, openCardForm, packings, payments, reached, token } from './shopping.mjs';
import { seller, World } from './world.mjs';

const AXE = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

let world;
let shop;
before(async () => {
  world = await World.open();
  shop = world.ready.demo;
  open(world);
});
after(() => world.close());

test('the address of the return proves nothing', async () => {
  const page = await buyer();
  const other = await buyer();
  await openCardForm(other);
  await other.click('#pay');
  await other.waitForURL(other.order);
  await reached(other, 'paid');
  const [payment] = await payments(other);
  for (const query of ['status=approved', `payment_id=${payment.id}&status=approved&external_reference=${page.order.split('/').pop()}`]) {
    await page.goto(`${page.order}/back?${query}`);
    await page.waitForURL(page.order);
    await page.locator('.stage-open').waitFor();
  }
  // And an order is shown to its buyer alone.
  assert.equal((await page.goto(other.order)).status(), 404);
  await other.context().close();
  await page.context().close();
});

test('a payment under review is approved by who is the bank, too', async () => {
  const page = await buyer();
  await openCardForm(page, { holder: 'CONT' });
  await page.click('#pay');
  await page.waitForURL(page.order);
  await reached(page, 'waiting');
  await page.click('button[value="approve"]');
  await reached(page, 'paid');
  await finish(page);
});

test('pressing twice, in one tab or two, pays once', async () => {
  const page = await buyer();
  await openCardForm(page);
  const second = await page.context().newPage();
  second.order = page.order;
  await openCardForm(second);
  // The button is shut after the first press; the form's own event is not.
  const press = (tab) => tab.evaluate(() => {
    const form = document.getElementById('form');
    form.requestSubmit();
    form.requestSubmit();
  });
  await Promise.all([press(page), press(second)]);
  await Promise.all([page.waitForURL(page.order), second.waitForURL(page.order)]);
  await reached(page, 'paid');
  await becamePayments(page, 'approved');
  assert.equal(await packings(page), 1);
  await finish(page);
});

test('an order that is paid twice all the same gives one payment back', async () => {
  const page = await buyer();
  await openCardForm(page);
  await page.click('#pay');
  await page.waitForURL(page.order);
  await reached(page, 'paid');
  // A payment that came by another way at the same time, and its webhook.
  const port = new URL(shop).port;
  const notification_url = `http://127.0.0.1:${port}/webhooks?source_news=webhooks`;
  const more = { transaction_amount: 68, external_reference: page.order.split('/').pop(), notification_url };
  await world.pay({ token: await token(), ...more });
  await page.locator('.timeline code', { hasText: /^paid twice/ }).waitFor();
  await becamePayments(page, 'approved', 'refunded');
  assert.equal(await packings(page), 1);
  await page.context().close();
});

test('going back after paying shows the order, not the form', async () => {
  const page = await buyer();
  await openCardForm(page);
  await page.click('#pay');
  await page.waitForURL(page.order);
  await reached(page, 'paid');
  await page.goBack();
  await page.waitForURL(page.order);
  await page.context().close();
});

test('a cart that is ordered twice is one order', async () => {
  const context = await world.context();
  const page = await context.newPage();
  await page.goto(shop);
  await page.click('button[aria-label$=": Luna"]');
  const order = await page.inputValue('input[name="order"]');
  const send = () => page.evaluate((order) => fetch('/orders', { method: 'POST', body: new URLSearchParams({ order }) }).then(({ url }) => url), order);
  const urls = [await send(), await send()];
  assert.equal(urls[0], urls[1]);
  await page.goto(`${shop}/orders`);
  assert.equal(await page.locator('.order-link').count(), 1);
  await context.close();
});

test('made to order: reserved, then captured in the back office, then refunded in part and whole', async () => {
  const page = await buyer(['Siesta']);
  await openCardForm(page);
  await page.click('#pay');
  await page.waitForURL(page.order);
  await reached(page, 'reserved');
  const id = page.order.split('/').pop();
  const desk = `section[id="${id}"]`;
  await page.goto(`${shop}/seller`);
  await page.click(`${desk} form[action$="/capture"] button`);
  await page.waitForSelector(`${desk} .badge.approved`);
  await page.fill(`${desk} input[name="amount"]`, '85,00');
  await page.click(`${desk} form.refund button`);
  await page.locator(desk, { hasText: '85.00 given back' }).waitFor();
  // The same button pressed twice gives back once: the page that shows it says how much was given back before.
  const twice = await page.evaluate(async (desk) => {
    const form = document.querySelector(`${desk} form[action$="/refund"]:not(.refund)`);
    const send = () => fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) }).then(({ status }) => status);
    return Promise.all([send(), send()]);
  }, desk);
  assert.deepEqual(twice, [200, 200]);
  await page.waitForSelector(`${desk} .badge.refunded`);
  await becamePayments(page, 'refunded');
  const [payment] = await payments(page);
  assert.deepEqual([payment.status, payment.transaction_amount_refunded, payment.refunds.length], ['refunded', 285, 2]);
  await finish(page);
});

test('forms of other sites and webhooks that nobody signed change nothing', async () => {
  for (const headers of [{}, { origin: 'https://evil.example' }, { origin: 'null' }]) {
    const response = await fetch(`${shop}/cart`, { method: 'POST', headers, body: new URLSearchParams({ piece: 'alba' }), redirect: 'manual' });
    assert.equal(response.status, 403);
  }
  const page = await buyer();
  const reference = page.order.split('/').pop();
  const payment = await world.pay({ token: await token(), transaction_amount: 68, external_reference: reference });
  for (const signature of [undefined, 'ts=1,v1=00', `ts=1,v1=${'0'.repeat(64)}`]) {
    const response = await fetch(`${shop}/webhooks?data.id=${payment.id}&type=payment`, { method: 'POST', headers: signature ? { 'x-signature': signature, 'x-request-id': 'a' } : {} });
    assert.equal(response.status, 401);
  }
  await page.goto(page.order);
  assert.equal(await page.locator('.stage-open').count(), 1);
  await page.context().close();
});

test('a webhook secret that was rotated is the one that the shop knows', async () => {
  const rotated = await fetch(`${world.url}/pasarela/webhooks/secret`, { method: 'POST', headers: { authorization: `Bearer ${seller().access_token}`, 'content-type': 'application/json' }, body: '{"grace": "PT0S"}' });
  assert.equal(rotated.status, 201);
  const page = await buyer();
  await openCardForm(page);
  await page.click('#pay');
  await page.waitForURL(page.order);
  await reached(page, 'paid');
  await page.context().close();
});

test('every page is accessible, and in the language that is chosen', async () => {
  const page = await buyer(['Alba', 'Siesta']);
  const visit = async (path) => {
    await page.goto(path);
    await page.evaluate(AXE);
    const found = await page.evaluate(async () => (await window.axe.run({ exclude: ['.code pre'] })).violations.flatMap(({ id, nodes }) => nodes.map(({ target, html }) => `${id}: ${target} ${html.slice(0, 160)}`)));
    assert.deepEqual(found, [], path);
  };
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const path of ['/', '/cart', '/orders', '/seller', '/nothing']) await visit(shop + path);
    for (const way of ['', '/card-form', '/secure-fields', '/bricks', '/pix', '/checkout', '/wallet']) await visit(`${page.order}/pay${way}`);
    await visit(page.order);
  }
  await page.click('.languages button[value="pt"]');
  await page.waitForSelector('html[lang="pt"]');
  await page.waitForURL(page.order);
  await page.context().close();
});
