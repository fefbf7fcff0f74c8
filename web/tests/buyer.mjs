// A buyer in the hosted checkout: preferences, cards, and what is typed.
import { frameOf, isHeard, seller } from './world.mjs';

/** A card of each site, from the published ones, and whose document it is. */
export const BUYERS = {
  MLA: { number: '5031755734530604', document: ['DNI', '12345678'] },
  MLB: { number: '5031433215406351', document: ['CPF', '12345678909'] },
  MLC: { number: '5416752602582580', document: ['Otro', '123456789'] },
  MCO: { number: '5254133674403564', document: ['CC', '123456789'] },
  MLM: { number: '5474925432670366' },
  MPE: { number: '5031755734530604', document: ['DNI', '12345678'] },
  MLU: { number: '5031755734530604', document: ['CI', '12345672'] },
};
export const EMAIL = 'test_user_5551234@testuser.com';

/** A preference of the site's well-known seller. */
export async function preference(world, site, members = {}, price = 1500) {
  const response = await fetch(`${world.url}/checkout/preferences`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${seller(site).access_token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ items: [{ title: 'Mate de calabaza', quantity: 1, unit_price: price }], ...members }),
  });
  const made = await response.json();
  if (response.status !== 201) throw new Error(JSON.stringify(made));
  return made;
}

/** The seller's own call. */
export async function api(world, site, path, options = {}) {
  const response = await fetch(world.url + path, {
    ...options,
    headers: { Authorization: `Bearer ${seller(site).access_token}`, 'Content-Type': 'application/json', ...options.headers },
  });
  return response.json();
}

export const paymentsOf = async (world, site, reference) =>
  (await api(world, site, `/v1/payments/search?external_reference=${reference}`)).results;

/** A browser of its own. `phone` is what most buyers have. */
export async function browserOf(world, { language = 'es', dark = false, phone = true, scripts = true, scale = 1 } = {}) {
  const context = await world.context({
    locale: language,
    colorScheme: dark ? 'dark' : 'light',
    viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 900 },
    deviceScaleFactor: scale,
    javaScriptEnabled: scripts,
    reducedMotion: 'reduce',
  });
  context.errors = [];
  context.elsewhere = [];
  context.on('page', (page) => {
    page.on('pageerror', (error) => context.errors.push(String(error)));
    page.on('console', (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) context.errors.push(message.text());
    });
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(world.url) && !url.startsWith(world.shopUrl) && !url.startsWith('about:')) context.elsewhere.push(url);
    });
  });
  return context;
}

export const startOf = (world, made, query = '') => `${world.url}/checkout/v1/redirect?pref_id=${made.id}${query}`;

/** Types a card of `site` into the secure fields, and who holds it. */
export async function typeCard(page, site, { holder = 'APRO', number = BUYERS[site].number, code = '123', expiry = '1130', email = EMAIL } = {}) {
  for (const [name, text] of [['cardNumber', number], ['expirationDate', expiry], ['securityCode', code]]) await retype(page, name, text);
  await page.getByLabel(/Nombre como|Nome como|Name as/).fill(holder);
  const [kind, digits] = BUYERS[site].document ?? [];
  if (kind) {
    await page.locator('#document_type').selectOption(kind);
    await page.locator('#document_number').fill(digits);
  }
  await page.locator('#email').fill(email);
  await page.waitForSelector('#plan-rows .plan');
  // The field that was typed in last knows that it was left.
  await page.waitForFunction(() => !document.querySelector('.frame.focused'));
}

/** Types something else into a secure field, and waits until the page knows it. */
export async function retype(page, name, text) {
  const frame = await frameOf(page, name);
  await frame.locator('input').fill('');
  await isHeard(frame);
  await frame.locator('input').pressSequentially(text);
  await isHeard(frame);
}

/** What the result page says. */
export async function result(page) {
  const arrival = () => page.waitForURL(/\/checkout\/v1\/result/);
  // A second press on a form's button ends the first one's way, and goes it itself.
  await arrival().catch((error) => (/ERR_ABORTED/.test(error.message) ? arrival() : Promise.reject(error)));
  return {
    progress: await page.locator('main').getAttribute('data-progress'),
    text: await page.locator('.told').innerText(),
    steps: await page.locator('.onward a').allInnerTexts(),
  };
}
