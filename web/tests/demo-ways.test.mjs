// The demo shop, clicked through: each way to pay, and what is refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { becamePayments, buyer, finish, open, openCardForm, packings, payments, reached, typeCard } from './shopping.mjs';
import { seller, type, World } from './world.mjs';

const CHALLENGED = '5483928164574623';

let world;
let shop;
before(async () => {
  world = await World.open();
  shop = world.ready.demo;
  open(world);
});
after(() => world.close());

test('the platform leads to the shop, which has an origin of its own', async () => {
  const redirect = await fetch(`${world.url}/demo`, { redirect: 'manual' });
  assert.equal(redirect.headers.get('location'), `${shop}/`);
  assert.notEqual(new URL(shop).hostname, new URL(world.url).hostname);
  const page = await fetch(shop);
  const policy = page.headers.get('content-security-policy');
  assert.match(policy, /^default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*/);
  // By its other name, cookies would be others.
  const other = await fetch(shop.replace('localhost', '127.0.0.1'), { redirect: 'manual' });
  assert.deepEqual([other.status, other.headers.get('location')], [303, `${shop}/`]);
});

test('a card by the card form, and the code of the page beside it', async () => {
  const page = await buyer(['Alba', 'Luna']);
  await openCardForm(page);
  const shown = await page.locator('.code pre').first().textContent();
  assert.equal(shown, readFileSync(new URL('../../crates/demo/assets/card-form.js', import.meta.url), 'utf8'));
  await page.click('#pay');
  await page.waitForURL(page.order);
  await reached(page, 'paid');
  assert.equal(await packings(page), 1);
  assert.match(await page.textContent('.timeline'), /Webhook.*approved \(accredited\)/s);
  const [payment] = await payments(page);
  assert.deepEqual([payment.status, payment.transaction_amount, payment.captured], ['approved', 143.5, true]);
  await finish(page);
});

test('a refused card is told in words and may be tried again', async () => {
  const page = await buyer();
  await openCardForm(page, { holder: 'FUND' });
  await page.click('#pay');
  await page.waitForSelector('#notice:not([hidden])');
  assert.match(await page.textContent('#notice'), /not enough funds/);
  await page.click('[data-holder="APRO"]');
  await page.click('#pay');
  await page.waitForURL(page.order);
  await reached(page, 'paid');
  await becamePayments(page, 'rejected', 'approved');
  await finish(page);
});

test('what is wrong in the form is said before anything is sent', async () => {
  const page = await buyer();
  await page.goto(`${page.order}/pay/card-form`);
  await type(page, 'cardNumber', '50314332');
  await page.click('#pay');
  await page.waitForSelector('#notice:not([hidden]) li');
  assert.deepEqual(await payments(page), []);
  await finish(page);
});

test('secure fields', async () => {
  const page = await buyer();
  await page.goto(`${page.order}/pay/secure-fields`);
  await typeCard(page);
  await page.waitForFunction(() => document.querySelector('[name=installments]').options.length > 1);
  await page.selectOption('[name=installments]', '3');
  await page.click('#pay');
  await page.waitForURL(page.order);
  await reached(page, 'paid');
  const [payment] = await payments(page);
  assert.deepEqual([payment.status, payment.installments, payment.payment_method_id], ['approved', 3, 'master']);
  await finish(page);
});

test('the payment brick', async () => {
  const page = await buyer();
  await page.goto(`${page.order}/pay/bricks`);
  await page.click('text=/^Credit card/');
  await typeCard(page);
  await page.fill('input[autocomplete="cc-name"]', 'APRO');
  await page.fill('input[id$="document-number"]', '12345678909');
  await page.selectOption('select[id$="installments"]', '1');
  await page.fill('input[autocomplete="cc-name"]', 'OTHE');
  await page.click('button.pay[type="submit"]');
  await page.waitForSelector('#notice:not([hidden])');
  // A payment that was refused gives the button back.
  await page.fill('input[autocomplete="cc-name"]', 'APRO');
  await page.click('button.pay[type="submit"]:enabled');
  await page.waitForURL(page.order);
  await reached(page, 'paid');
  await becamePayments(page, 'rejected', 'approved');
  await finish(page);
});

test('a Pix by the payment brick', async () => {
  const page = await buyer();
  await page.goto(`${page.order}/pay/bricks`);
  await page.click('text=/^PIX/i');
  await page.click('button.pay[type="submit"]');
  await page.waitForURL(page.order);
  await page.waitForSelector('.qr img');
  await page.click('button[value="pay"]');
  await reached(page, 'paid');
  await finish(page);
});

test('a Pix that the bank pays moves the page by itself', async () => {
  const page = await buyer();
  await page.goto(`${page.order}/pay/pix`);
  await page.click('form[action$="/pix"] button');
  await page.waitForSelector('.qr img');
  assert.match(await page.inputValue('.qr textarea'), /br\.gov\.bcb\.pix/);
  // Somebody else pays it: the page is only looked at.
  const [payment] = await payments(page);
  const paid = await fetch(`${world.url}/sandbox/payments/${payment.id}/pay`, { method: 'POST', headers: { authorization: `Bearer ${seller().access_token}` } });
  assert.equal(paid.status, 200);
  await reached(page, 'paid');
  await page.locator('.qr').waitFor({ state: 'detached' });
  await finish(page);
});

test('a Pix that is given up for a card is cancelled', async () => {
  const page = await buyer();
  await page.goto(`${page.order}/pay/pix`);
  await page.click('form[action$="/pix"] button');
  await page.waitForSelector('.qr img');
  await openCardForm(page);
  await page.click('#pay');
  await page.waitForURL(page.order);
  await reached(page, 'paid');
  await becamePayments(page, 'cancelled', 'approved');
  await finish(page);
});

test('the hosted checkout, and back', async () => {
  const page = await buyer();
  await page.goto(`${page.order}/pay/checkout`);
  await page.click('form[action$="/checkout"] button');
  await page.waitForURL((url) => url.origin === world.url);
  const initPoint = page.url();
  // The sale's page is driven in tests of its own; here its Pix is paid.
  await page.goto(`${initPoint}&method=pix`);
  await page.fill('input[type="email"]', 'test_user_5551234@testuser.com');
  await page.click('main button[type="submit"], main button:not([type])');
  await page.waitForURL(/result|payment_id/);
  const [payment] = await payments(page);
  assert.equal(payment.payment_method_id, 'pix');
  await fetch(`${world.url}/sandbox/payments/${payment.id}/pay`, { method: 'POST', headers: { authorization: `Bearer ${seller().access_token}` } });
  await page.goto(`${page.order}/back?payment_id=${payment.id}&status=approved`);
  await page.waitForURL(page.order);
  await reached(page, 'paid');
  await page.context().close();
});

test('the wallet: the test buyer logs in, pays with the balance, and comes back', async () => {
  const page = await buyer(['Luna']);
  await page.goto(`${page.order}/pay/wallet`);
  const [email, password] = await page.locator('.try code').allTextContents();
  await page.click('form[action$="/wallet"] button');
  await page.waitForURL((url) => url.origin === world.url);
  await page.fill('input[type="password"]', password);
  await page.fill('form input:not([type="hidden"]):not([type="password"])', email);
  await page.click('main form button.wide');
  // The login's own button is wide, too.
  await page.locator('input[type="password"]').waitFor({ state: 'detached' });
  await page.locator('form', { has: page.locator('input[type="hidden"]') }).locator('button.wide').first().click();
  await page.waitForURL(/payment_id|result/);
  await page.goto(page.order);
  await reached(page, 'paid');
  const [payment] = await payments(page);
  assert.deepEqual([payment.status, payment.payment_method_id, payment.transaction_amount], ['approved', 'account_money', 75.5]);
  await page.context().close();
});

test('3-D Secure: the bank asks inside the page', async () => {
  const page = await buyer();
  await openCardForm(page, { number: CHALLENGED });
  await page.click('#pay');
  await page.waitForSelector('#challenge:not([hidden])');
  await page.frameLocator('iframe[name="challenge-frame"]').locator('button[value="confirm"]').click();
  await page.waitForURL(page.order);
  await reached(page, 'paid');
  await finish(page);
});
