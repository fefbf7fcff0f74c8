// The panel in Chromium: by mouse and keyboard, from a phone to a desktop, light and dark, and clean for axe.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isAccessible } from './accessible.mjs';
import { becomes, seller, World } from './world.mjs';

const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 900 } };

let world;
before(async () => {
  world = await World.open();
});
after(() => world.close());

async function visitor({ size = 'desktop', scheme = 'light', locale = 'en' } = {}) {
  const context = await world.context({ viewport: SIZES[size], colorScheme: scheme, locale, bypassCSP: true });
  const page = await context.newPage();
  page.on('pageerror', (error) => assert.fail(`the page threw ${error}`));
  return page;
}

async function signUp(page, email) {
  await page.goto(`${world.url}/panel/signup`);
  await page.getByLabel('Country').selectOption('MLA');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Name that buyers see').fill('Tienda de Ana');
  await page.getByLabel('Password').fill('correct horse');
  await page.getByLabel(/I accept/).check();
  await page.getByRole('button', { name: 'Create an account' }).click();
  await page.getByRole('heading', { name: 'Applications', level: 1 }).waitFor();
}

test('from the sign-up to a payment with the application\'s test credentials', async () => {
  const page = await visitor();
  await signUp(page, 'ana@example.com');
  await page.getByLabel('Name').fill('Shop');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: /Shop/, level: 1 }).waitFor();
  assert.equal(await page.getByText(/TEST-\d{16}/).count(), 0, 'secrets are hidden');
  await page.getByRole('button', { name: 'Reveal the secrets' }).click();
  const token = await page.getByText(/TEST-\d{16}-/).first().textContent();
  const me = await (await fetch(`${world.url}/users/me`, { headers: { Authorization: `Bearer ${token}` } })).json();
  assert.equal(me.email, 'ana@example.com');
  const body = { transaction_amount: 100, payment_method_id: 'rapipago', payer: { email: 'b@testuser.com' } };
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'X-Idempotency-Key': 'panel' };
  const paid = await fetch(`${world.url}/v1/payments`, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.equal(paid.status, 201);
});

test('credentials are renewed by keyboard alone, and the old ones go on for the chosen time', async () => {
  const page = await visitor();
  await signUp(page, 'keys@example.com');
  await page.getByLabel('Name').fill('Keys');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /Keys/, level: 1 }).waitFor();
  const test = page.getByRole('region', { name: 'Test credentials' });
  await test.getByText('Renew', { exact: true }).first().focus();
  await page.keyboard.press('Enter');
  await test.getByLabel('The ones before go on working').selectOption('24');
  await test.getByRole('button', { name: 'Renew' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('Work until').first().waitFor();
  await becomes(() => test.getByText('Work until').count(), 2); // The old pair.
});

test('no other page may frame the panel, and no script is inline', async () => {
  const response = await fetch(`${world.url}/panel/login`);
  const policy = response.headers.get('content-security-policy');
  assert.match(policy, /frame-ancestors 'none'/);
  assert.match(policy, /script-src 'self'/);
  assert.doesNotMatch(policy, /unsafe/);
  assert.doesNotMatch(await response.text(), /<script>|style=|onclick/);
});

for (const size of Object.keys(SIZES)) {
  for (const scheme of ['light', 'dark']) {
    test(`every room is clean: ${size}, ${scheme}`, async () => {
      const page = await visitor({ size, scheme });
      await page.goto(`${world.url}/panel/login`);
      await isAccessible(page, `login-${size}-${scheme}`);
      await page.goto(`${world.url}/panel/signup`);
      await isAccessible(page, `signup-${size}-${scheme}`);
      await signUp(page, `${size}-${scheme}@example.com`);
      await page.getByLabel('Name').fill('Mi tienda con un nombre que es bastante largo');
      await page.getByRole('button', { name: 'Create' }).click();
      await page.getByRole('button', { name: 'Reveal the secrets' }).click();
      await page.getByText(/TEST-\d{16}-/).first().waitFor();
      await isAccessible(page, `application-${size}-${scheme}`);
      for (const room of ['home', 'applications', 'connections', 'people', 'audit']) {
        await page.goto(`${world.url}/panel/${room}`);
        await isAccessible(page, `${room}-${size}-${scheme}`);
      }
      const client = seller('MLB').client_id;
      await page.goto(`${world.url}/authorization?client_id=${client}&response_type=code`);
      await isAccessible(page, `authorization-${size}-${scheme}`);
    });
  }
}
