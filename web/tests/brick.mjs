// A shop's page with one brick, whose callbacks are written down.
import { readFileSync } from 'node:fs';
import { frameOf, seller, type } from './world.mjs';

const ROWS = readFileSync(new URL('../../crates/domain/data/test_cards.csv', import.meta.url), 'utf8').trim().split('\n').slice(1).map((line) => line.split(','));
/** A test card of a site, by brand and type. */
export function card(site, brand = 'mastercard', kind = 'credit_card') {
  const [, , , number, cvv] = ROWS.find((row) => row[0] === site && row[1] === brand && row[2] === kind);
  return { number, cvv };
}

/** What tests with buyers of each market type. */
export const DOCUMENTS = { MLA: '12345678', MLB: '12345678909', MLC: '111111111', MCO: '123456789', MPE: '12345678', MLU: '12345672' };
export const AMOUNTS = { MLA: 1000, MLB: 100, MLC: 5000, MCO: 20000, MLM: 500, MPE: 100, MLU: 1000 };

const CALLBACKS = ['onReady', 'onError', 'onSubmit', 'onBinChange'];

/**
 * The page, whose `log` has `[callback, …arguments]`, with `controller` and `mp`. `onSubmit` waits for `finish(error?)` when
 * `waits` is said, else it resolves at once. `prepare` is done to the page before.
 */
export async function openBrick(world, name, { site = 'MLB', mode = 'test', locale = 'pt-BR', style, settings = {}, callbacks = CALLBACKS, waits = false, awaited = true, body = '', prepare, ...more } = {}) {
  const page = await world.page(`<main><h1>Shop</h1><div id="brick"></div>${body}</main>`, more);
  await page.setViewportSize({ width: 412, height: 900 });
  await prepare?.(page);
  await page.evaluate(
    async ([key, name, locale, style, settings, callbacks, waits]) => {
      window.log = [];
      window.mp = new MercadoPago(key, { locale });
      const note = (callback) => (...given) => {
        log.push([callback, ...given]);
        if (callback !== 'onSubmit') return undefined;
        return waits ? new Promise((resolve, reject) => (window.finish = (error) => (error ? reject(new Error(error)) : resolve()))) : Promise.resolve();
      };
      window.make = (container = 'brick', changes = {}) =>
        mp.bricks(style).create(name, container, { ...settings, ...changes, callbacks: Object.fromEntries(callbacks.map((callback) => [callback, note(callback)])) });
      window.controller = await make();
    },
    [seller(site, mode).public_key, name, locale, style, settings, callbacks, waits],
  );
  if (awaited) await happened(page, 'onReady');
  return page;
}

/** What a callback was called with; waits for the first call. */
export async function happened(page, callback, count = 1) {
  await page.waitForFunction(([callback, count]) => log.filter(([name]) => name === callback).length >= count, [callback, count]).catch(async (error) => {
    throw new Error(`${callback} was not called: ${JSON.stringify(await page.evaluate(() => log))} ${page.errors} ${page.logged}`, { cause: error });
  });
  return calls(page, callback);
}

export const calls = (page, callback) => page.evaluate((callback) => log.filter(([name]) => name === callback).map(([, ...given]) => given), callback);

export const causes = async (page) => (await calls(page, 'onError')).map(([{ cause }]) => cause);

export const cardSettings = (amount = 100, more = {}) => ({ initialization: { amount, ...more } });

/** Types a whole card into the one card form of the page, with what the site asks for. */
export async function fillCard(page, site, { number, cvv }, { holder = 'APRO', email = 'test_user_5551234@testuser.com', date = '1130', installments } = {}) {
  await type(page, 'cardNumber', number);
  await type(page, 'expirationDate', date);
  await type(page, 'securityCode', cvv);
  await page.fill('input[autocomplete="cc-name"]', holder);
  if (DOCUMENTS[site]) await page.fill('input[id$="document-number"]', DOCUMENTS[site]);
  const mail = page.locator('input[type="email"]');
  if ((await mail.count()) > 0) await mail.fill(email);
  if (installments !== undefined) await page.selectOption('select[id$="installments"]', String(installments));
}

export const pay = (page) => page.click('button.pay[type="submit"]');

/** The seller's server. */
export async function call(world, site, method, path, body) {
  const response = await fetch(world.url + path, {
    method,
    headers: { Authorization: `Bearer ${seller(site).access_token}`, 'Content-Type': 'application/json', 'X-Idempotency-Key': `${Math.random()}` },
    body: body && JSON.stringify(body),
  });
  return response.json();
}

const AXE = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/** What axe complains about, in the page and in its frames. */
export async function complaints(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => (await window.axe.run(document)).violations.flatMap(({ id, nodes }) => nodes.map(({ target, html, any }) => `${id}: ${target} ${html.slice(0, 120)} ${any.map(({ message }) => message).join('; ')}`)));
}

export { frameOf, type };
