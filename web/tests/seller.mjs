// A seller at the panel, as a person with a browser is one.
import assert from 'node:assert/strict';

/** Signs up, proves the e-mail, and makes an application; gives its number and its credentials. */
export async function newSeller(page, world, { email, country = 'MLB', application = 'Guitarras' }) {
  await page.goto(`${world.url}/panel/signup`);
  await page.getByLabel('Country').selectOption(country);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Name that buyers see').fill('Guitarras da Ana');
  await page.getByLabel('Password').fill('correct horse');
  await page.getByLabel(/I accept/).check();
  await page.getByRole('button', { name: 'Create an account' }).click();
  await page.getByRole('heading', { name: 'Applications', level: 1 }).waitFor();
  await page.goto(`${world.url}/panel/home`);
  await page.getByLabel('Code that was received').fill(await world.mailed(email, /^\d{8}\r?$/m));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText('Confirm your e-mail').waitFor({ state: 'detached' });
  await page.goto(`${world.url}/panel/applications`);
  await page.getByLabel('Name', { exact: true }).fill(application);
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('button', { name: 'Reveal the secrets' }).click();
  await page.getByText(/TEST-\d{16}-/).first().waitFor();
  /** The token has the application's number in it; the webhook secret has no prefix. */
  const group = async (name) => {
    const texts = await page.getByRole('region', { name }).locator('code').allTextContents();
    return { key: texts.find((text) => /^[A-Z_]+-[0-9a-f]{8}-/.test(text)), token: texts.find((text) => /^[A-Z_]+-\d{16}-/.test(text)), secret: texts.find((text) => !/^[A-Z_]+-/.test(text)) };
  };
  const [test, live] = [await group('Test credentials'), await group('Live credentials')];
  assert.match(test.token, /^TEST-/);
  assert.match(live.token, /^APP_USR-/);
  const id = /applications\/(\d+)/.exec(page.url())[1];
  return { id, test: test.token, live: live.token, testSecret: test.secret, testKey: test.key };
}

/** Draws a Pix key, without which Pix is not offered. */
export async function drawPixKey(page, world) {
  await page.goto(`${world.url}/panel/pix`);
  await page.getByLabel('Type').selectOption('evp');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Active', { exact: true }).waitFor();
}

/** Calls the API with a token. */
export async function call(world, token, route, body, method = body ? 'POST' : 'GET') {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'X-Idempotency-Key': crypto.randomUUID() };
  const response = await fetch(`${world.url}${route}`, { method, headers, body: body && JSON.stringify(body) });
  return { status: response.status, body: await response.json().catch(() => undefined) };
}

/** A Pix of a buyer; `more` is what a well-made request says besides. */
export const pix = (more = {}) => ({ transaction_amount: 120, payment_method_id: 'pix', payer: { email: 'test_user_1@testuser.com' }, ...more });
export const WELL_MADE = { external_reference: 'order-1', payer: { email: 'test_user_1@testuser.com', first_name: 'Ana', last_name: 'Luz' } };
