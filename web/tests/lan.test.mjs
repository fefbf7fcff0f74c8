// From a phone in the same network: `pasarela dev --lan`. Pages, links and the shop name this machine as the network does, and
// everything works where a page is not a secure one.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { after, before, test } from 'node:test';
import { api, preference } from './buyer.mjs';
import { buyer, open, openCardForm, payments, reached } from './shopping.mjs';
import { World } from './world.mjs';

/** Whether this machine has a way to others, as the server asks it: nothing is sent. */
const isInNetwork = await new Promise((resolve) => {
  const socket = createSocket('udp4');
  socket.connect(9, '192.0.2.1', (error) => {
    resolve(!error && !socket.address().address.startsWith('127.'));
    socket.close();
  });
});
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

let world;
before(async () => {
  if (!isInNetwork) return;
  world = await World.open({ lan: true });
  open(world);
});
after(() => world?.close());

test('the shop, the hosted checkout and what they link to are at the network\'s address', { skip: !isInNetwork }, async () => {
  const { hostname } = new URL(world.url);
  assert.ok(!hostname.startsWith('127.') && hostname !== 'localhost', hostname);
  assert.equal(new URL(world.ready.demo).hostname, hostname);
  const made = await preference(world, 'MLB');
  assert.equal(new URL(made.init_point).origin, world.url);
  const pix = await api(world, 'MLB', '/v1/payments', { method: 'POST', headers: { 'X-Idempotency-Key': 'lan' }, body: JSON.stringify({ transaction_amount: 10, payment_method_id: 'pix', payer: { email: 'buyer@testuser.com' } }) });
  assert.equal(new URL(pix.point_of_interaction.transaction_data.ticket_url).origin, world.url);

  const page = await buyer(['Alba'], PHONE);
  assert.equal(await page.evaluate(() => isSecureContext), false);
  await openCardForm(page, { number: '5483928164574623' });
  await page.click('#pay');
  await page.frameLocator('iframe[name="challenge-frame"]').locator('button[value="confirm"]').click();
  await page.waitForURL(page.order);
  await reached(page, 'paid');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a Pix is copied and paid from the phone, and the shop is told', { skip: !isInNetwork }, async () => {
  const page = await buyer(['Luna'], PHONE);
  await page.goto(`${page.order}/pay/checkout`);
  await page.click('form[action$="/checkout"] button');
  await page.waitForURL((url) => url.origin === world.url);
  assert.ok(await page.locator('.pictured img').evaluate(async (image) => (await image.decode(), image.naturalWidth === 96)), 'the piece\'s picture is shown');
  await page.locator('.way[href$="method=pix"]').click();
  await page.locator('form.form button').click();
  await page.waitForURL(/\/checkout\/v1\/result/);
  // It is said for a moment only.
  await Promise.all([page.getByRole('button', { name: 'Copied' }).waitFor(), page.getByRole('button', { name: /^Copy/ }).click()]);
  await page.locator('.simulate summary').click();
  const [bank] = await Promise.all([page.context().waitForEvent('page'), page.locator('.simulate a').click()]);
  await bank.getByRole('button', { name: /^Pay/ }).click();
  await page.waitForSelector('main[data-progress="paid"]');
  await page.locator('.leave a').click();
  await page.waitForURL(page.order);
  await reached(page, 'paid');
  assert.deepEqual((await payments(page)).map(({ status }) => status), ['approved']);
  await page.context().close();
});
