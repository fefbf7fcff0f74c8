// How the panel's rooms about an integration look: on a phone and on a desktop, light and dark.
import { after, before, test } from 'node:test';
import { Authority, goodPages, TlsShop } from './authority.mjs';
import { look, SCALE } from './looks.mjs';
import { call, drawPixKey, newSeller, pix, WELL_MADE } from './seller.mjs';
import { World } from './world.mjs';

const PHONE = { width: 390, height: 844 };
const DESK = { width: 1280, height: 900 };

let world;
let page;
let made;
let shop;
before(async () => {
  world = await World.open({ authority: (directory) => new Authority(directory) });
  const context = await world.context({ locale: 'en', viewport: DESK, deviceScaleFactor: SCALE, reducedMotion: 'reduce' });
  page = await context.newPage();
  made = await newSeller(page, world, { email: 'looks@example.com' });
  await drawPixKey(page, world);
  shop = await TlsShop.open(world.authority.leaf(), goodPages());
});
after(async () => {
  shop.close();
  await world.close();
});

const room = (name) => page.goto(`${world.url}/panel/applications/${made.id}/${name}`);

async function shown(name, viewport, colorScheme) {
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme });
  // What is another one each time: the payment's number, the shop's port, the minute.
  await page.evaluate(() => {
    const each = (selector, change) => document.querySelectorAll(selector).forEach(change);
    each('#payment', (input) => { input.value = '61453204963328'; });
    each('.finding code', (code) => { code.textContent = code.textContent.replace(/localhost:\d+/, 'localhost:8443'); });
    each('.verdict .progress p:not(.progress-title)', (text) => { text.textContent = 'Checked on 1 January 2027, 00:00'; });
  });
  await look(page, name);
}

async function measure(more) {
  const paid = await call(world, made.test, '/v1/payments', pix(more));
  await room('quality');
  await page.getByLabel('Payment number').fill(String(paid.body.id));
  await page.getByRole('button', { name: /^Measure/ }).click();
  await page.getByText('Measured.').waitFor();
}

test('the quality of a bare payment, and of one that was mended', async () => {
  await measure({});
  await shown('quality-low-phone', PHONE, 'light');
  await call(world, made.test, '/pasarela/webhooks', { url: `${shop.url}/hooks`, topics: ['payment'] }, 'PUT');
  await measure(WELL_MADE);
  await room('quality');
  await shown('quality-desk', DESK, 'light');
});

test('the way to live payments, closed and open', async () => {
  await room('going-live');
  await shown('going-live-new-phone-dark', PHONE, 'dark');
  await page.getByLabel('Industry').selectOption('entertainment');
  await page.getByLabel('Production site').fill(shop.url);
  await page.getByLabel('Page where buyers pay').fill(`${shop.url}/pay`);
  await page.getByLabel('Page after an approval').fill(`${shop.url}/thanks`);
  await page.getByLabel('Page after a refusal').fill(`${shop.url}/nowhere`);
  await page.getByLabel(/I accept the platform's terms/).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await page.getByRole('button', { name: 'Check now' }).click();
  await page.locator('.verdict').getByText(/Checked on/).waitFor();
  await shown('going-live-closed-desk-dark', DESK, 'dark');
  await page.getByLabel('Page after a refusal').fill(`${shop.url}/again`);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await page.getByRole('button', { name: 'Check now' }).click();
  await page.locator('.verdict').getByText('Live: the live credentials work').waitFor();
  await shown('going-live-open-phone', PHONE, 'light');
});

test('home, with what waits', async () => {
  await page.goto(`${world.url}/panel/home`);
  await shown('panel-home-desk', DESK, 'light');
});
