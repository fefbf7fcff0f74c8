// A login's second factor and a forgotten password in Chromium: by keyboard alone, and clean for axe.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { isAccessible } from './accessible.mjs';
import { becomes, World } from './world.mjs';

const PASSWORD = 'correct horse';

let world;
before(async () => {
  world = await World.open();
});
after(() => world.close());

async function visitor({ width = 1280, colorScheme = 'light' } = {}) {
  const context = await world.context({ viewport: { width, height: 800 }, colorScheme, locale: 'en', bypassCSP: true });
  const page = await context.newPage();
  page.on('pageerror', (error) => assert.fail(`the page threw ${error}`));
  return page;
}

/** Types into the field with this label, and sends its form by Enter. */
async function type(page, fields) {
  const labels = Object.entries(fields);
  for (const [label, text] of labels) {
    await page.getByLabel(label, { exact: true }).focus();
    await page.keyboard.type(text);
  }
  await page.keyboard.press('Enter');
}

async function signUp(page, email) {
  await page.goto(`${world.url}/panel/signup`);
  await page.getByLabel('Country').selectOption('MLA');
  await page.getByLabel(/I accept/).check();
  await type(page, { 'E-mail': email, 'Name that buyers see': 'Tienda de Ana', Password: PASSWORD });
  await page.getByRole('heading', { name: 'Applications', level: 1 }).waitFor();
}

/** What an app shows now that was given this key (RFC 6238). */
function codeOf(key) {
  const bits = [...key].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const tag = createHmac('sha1', secret).update(step).digest();
  const number = tag.readUInt32BE(tag[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** An application; what is asked for before it is there, would be in its place. */
async function newApplication(page) {
  await page.getByLabel('Name').fill('Shop');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: /Shop/, level: 1 }).waitFor();
}

/** Waits until a field has the focus: a page gives it to one once it is drawn. */
const hasFocus = (field) => becomes(() => field.evaluate((field) => field === document.activeElement), true);

for (const [width, colorScheme] of [[1280, 'light'], [360, 'dark']]) {
  test(`a second factor is turned on and demanded, by keyboard: ${width}, ${colorScheme}`, async () => {
    const page = await visitor({ width, colorScheme });
    const email = `factor-${width}@example.com`;
    await signUp(page, email);
    await page.goto(`${world.url}/panel/security`);
    await isAccessible(page, `security-${width}`);
    await page.locator('#begin-password').focus();
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('Scan the code').waitFor();
    await isAccessible(page, `enrol-${width}`);
    const key = await page.locator('main code').textContent();
    await type(page, { Code: codeOf(key) });
    await page.getByRole('heading', { name: 'The second factor is on', level: 1 }).waitFor();
    await isAccessible(page, `codes-${width}`);
    const codes = await page.locator('main ol code').allTextContents();
    assert.equal(codes.length, 10);
    await page.getByRole('button', { name: 'Log out' }).focus();
    await page.keyboard.press('Enter');

    await page.getByRole('heading', { name: 'Log in', level: 1 }).waitFor();
    await type(page, { 'E-mail or user name': email, Password: PASSWORD });
    const code = page.getByLabel('Code', { exact: true });
    await hasFocus(code);
    await isAccessible(page, `code-${width}`);
    await page.keyboard.type('000000');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('The code is another one').waitFor();
    await hasFocus(code);
    await isAccessible(page, `code-wrong-${width}`);
    await page.keyboard.type(codes[0]);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Home', level: 1 }).waitFor();
    await page.goto(`${world.url}/panel/security`);
    await page.getByText('Recovery codes that were not used: 9.').waitFor();
    await isAccessible(page, `security-on-${width}`);
  });
}

test('a forgotten password is recovered by keyboard', async () => {
  const page = await visitor();
  await signUp(page, 'forgot@example.com');
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('link', { name: 'I forgot my password' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Recover the password', level: 1 }).waitFor();
  await isAccessible(page, 'recover');
  await type(page, { 'E-mail or user name': 'forgot@example.com' });
  await page.getByRole('status').getByText('is on its way').waitFor();
  await isAccessible(page, 'recover-sent');
  await page.goto(await world.mailed('forgot@example.com', /http\S+\/panel\/recover\/password\S+/));
  await isAccessible(page, 'recover-password');
  await type(page, { 'New password': 'another horse' });
  await page.getByRole('status').getByText('The password was changed').waitFor();
  await isAccessible(page, 'recovered');
  await type(page, { 'E-mail or user name': 'forgot@example.com', Password: 'another horse' });
  await page.getByRole('heading', { name: 'Home', level: 1 }).waitFor();
});

test('the room of policies is clean, and buyers see what it says', async () => {
  const page = await visitor({ width: 360 });
  await signUp(page, 'policies@example.com');
  await newApplication(page);
  await page.goto(`${world.url}/panel/policies`);
  await isAccessible(page, 'policies');
  await type(page, { 'Terms and conditions (https)': 'https://shop.example/terms', 'E-mail for buyers': 'help@shop.example' });
  await page.getByRole('status').getByText('Saved.').waitFor();
  assert.equal(await page.getByLabel('E-mail for buyers').inputValue(), 'help@shop.example');
});

/** A square of 8 pixels. */
const LOGO = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGMQyu7CihiGlgQAkz9BwUXhT94AAAAASUVORK5CYII=', 'base64');

for (const [locale, colorScheme, upload, saved, remove, rule] of [
  ['es', 'light', 'Subir el logo', 'Guardado.', 'Quitar el logo', 'Una imagen PNG de hasta 48 KB'],
  ['pt', 'dark', 'Enviar o logo', 'Salvo.', 'Remover o logo', 'Uma imagem PNG de até 48 KB'],
]) {
  test(`a logo is uploaded without scripts, shown as buyers see it, and taken away: ${locale}`, async () => {
    const viewport = { width: 360, height: 740 };
    const context = await world.context({ viewport, colorScheme, locale: 'en', javaScriptEnabled: false });
    const page = await context.newPage();
    const email = `logo-${locale}@example.com`;
    await signUp(page, email);
    await newApplication(page);
    await page.goto(`${world.url}/panel/policies?locale=${locale}`);
    const choose = async (buffer) => {
      await page.getByLabel('Logo').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer });
      await page.getByRole('button', { name: upload }).click();
    };
    await choose(LOGO);
    await page.getByRole('status').getByText(saved).waitFor();
    const logo = page.getByRole('img', { name: 'Logo' });
    await becomes(() => logo.evaluate((image) => image.complete && image.naturalWidth), 8);
    const seen = await visitor({ width: viewport.width, colorScheme });
    await seen.context().addCookies(await context.cookies());
    await seen.goto(`${world.url}/panel/policies`);
    await isAccessible(seen, `policies-logo-${locale}`);
    await choose(Buffer.from('<svg/>'));
    await page.getByText(rule).waitFor();
    await page.goto(`${world.url}/panel/policies`);
    await page.getByRole('button', { name: remove }).click();
    await page.getByRole('status').getByText(saved).waitFor();
    await logo.waitFor({ state: 'detached' });
  });
}
