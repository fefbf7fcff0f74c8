// A buyer in the demo shop, and what the platform knows of it.
import assert from 'node:assert/strict';
import { becomes, CARDS, seller, type } from './world.mjs';

let world;
let shop;

/** The world whose shop this is. */
export function open(opened) {
  world = opened;
  shop = opened.ready.demo;
}

/** A buyer with an order of `pieces`, on the page where ways to pay are chosen. */
export async function buyer(pieces = ['Alba'], options = {}) {
  const context = await world.context({ locale: 'en-US', ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && page.complaints.push(message.text()));
  for (const piece of pieces) {
    await page.goto(shop);
    await page.click(`button[aria-label$=": ${piece}"]`);
    await page.waitForURL(`${shop}/cart`);
  }
  await page.click('form[action="/orders"] button');
  await page.waitForURL(/\/pay$/);
  page.order = page.url().replace(/\/pay$/, '');
  return page;
}

export async function typeCard(page, number = CARDS.MLB.number) {
  await type(page, 'cardNumber', number);
  await type(page, 'expirationDate', '1130');
  await type(page, 'securityCode', '123');
}

export async function openCardForm(page, { holder = 'APRO', number } = {}) {
  await page.goto(`${page.order}/pay/card-form`);
  await typeCard(page, number);
  await page.waitForFunction(() => document.getElementById('installments').options.length > 1);
  await page.fill('#holder', holder);
}

export const packings = (page) => page.locator('.timeline code', { hasText: /^packed, for payment/ }).count();

/** Waits until webhooks have brought the order's page to a stage. */
export async function reached(page, stage) {
  await page.waitForSelector(`.stage-${stage}`);
  if (stage === 'paid') await page.locator('.timeline code', { hasText: /^packed, for payment/ }).waitFor();
}

/** Waits until the platform's payments of the order are in these states: what a webhook leads to goes on behind the page. */
export const becamePayments = (page, ...wanted) => becomes(async () => (await payments(page)).map(({ status }) => status), wanted);

/** The platform's payments of the order, the oldest first. */
export async function payments(page) {
  const reference = page.order.split('/').pop();
  const response = await fetch(`${world.url}/v1/payments/search?external_reference=${reference}&sort=id&criteria=asc`, { headers: { authorization: `Bearer ${seller().access_token}` } });
  return (await response.json()).results;
}

export async function token() {
  const card = { card_number: CARDS.MLB.number, security_code: '123', expiration_month: 11, expiration_year: 2030, cardholder: { name: 'APRO' } };
  const response = await fetch(`${world.url}/v1/card_tokens?public_key=${seller().public_key}`, { method: 'POST', body: JSON.stringify(card) });
  return (await response.json()).id;
}

export async function finish(page) {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}
