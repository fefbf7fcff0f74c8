// A buyer's account on the hosted checkout, in Chromium, with scripts and without: log in, pay with the balance, pay the rest
// with a card that is kept, pay with that card again.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { BUYERS, api, browserOf, paymentsOf, preference, result, startOf } from './buyer.mjs';
import { World } from './world.mjs';

const BINARY = process.env.PASARELA_BINARY ?? new URL('../../target/debug/pasarela', import.meta.url).pathname;

/** How the site's well-known buyer logs in, as `pasarela credentials` prints it. */
function login(site) {
  const printed = execFileSync(BINARY, ['credentials'], { encoding: 'utf8' });
  const line = printed.slice(printed.indexOf('Buyers')).split('\n').find((text) => text.trim().startsWith(site));
  const [, email, password] = line.trim().split(/\s+/);
  return { email, password };
}

let world;
before(async () => { world = await World.open(); });
after(async () => { await world.close(); });

async function logIn(page, { email, password }) {
  await page.locator('#name').fill(email);
  await page.locator('#password').fill(password);
  await page.getByRole('button', { name: 'Entrar' }).click();
}

const balanceOf = async (site, email) => (await api(world, site, `/sandbox/wallet?email=${email}`)).balance;

for (const scripts of [false, true]) {
  test(`a buyer logs in, pays with balance and card, and with the kept card, ${scripts ? 'with' : 'without'} scripts`, async () => {
    // A site of its own for each, so that each wallet is as it was at first.
    const site = scripts ? 'MLU' : 'MLA';
    const account = login(site);
    const context = await browserOf(world, { scripts });
    const page = await context.newPage();
    const opening = await balanceOf(site, account.email);

    const reference = `split-${scripts}`;
    const dear = await preference(world, site, { external_reference: reference }, opening + 2000);
    await page.goto(startOf(world, dear));
    await page.getByRole('link', { name: /Mi cuenta/ }).click();
    await logIn(page, { ...account, password: 'wrong' });
    await page.getByRole('alert').getByText(/no son correctos/).first().waitFor();
    await logIn(page, account);
    await page.getByRole('link', { name: 'Usar otra tarjeta' }).click();
    await page.locator('#card_number').fill(BUYERS[site].number);
    await page.locator('#card_expiry').fill('11/30');
    await page.locator('#card_code').fill('123');
    await page.locator('#card_holder').fill('APRO');
    await page.getByLabel(/Guardar esta tarjeta/).check();
    await page.getByLabel(/Usar también mi saldo/).check();
    await page.getByRole('button', { name: 'Continuar' }).click();
    await page.getByText('Pagas con saldo').waitFor();
    await page.getByRole('button', { name: 'Pagar' }).dblclick();
    assert.equal((await result(page)).progress, 'paid');
    const parts = await paymentsOf(world, site, reference);
    const amounts = parts.map((payment) => [payment.payment_type_id === 'account_money', payment.transaction_amount]);
    assert.deepEqual(amounts.sort((one, other) => other[1] - one[1]), [[true, opening], [false, 2000]]);
    assert.equal(await balanceOf(site, account.email), 0);

    const again = await preference(world, site, { external_reference: `kept-${scripts}` });
    await page.goto(startOf(world, again));
    await page.getByRole('link', { name: /Mi cuenta/ }).click();
    await page.locator('#card_code').fill('123');
    await page.getByRole('button', { name: 'Continuar con la tarjeta' }).click();
    await page.getByRole('button', { name: 'Pagar', exact: true }).click();
    assert.equal((await result(page)).progress, 'paid');
    assert.equal((await paymentsOf(world, site, `kept-${scripts}`)).length, 1);

    await page.goto(startOf(world, again));
    await page.getByRole('link', { name: /Mi cuenta/ }).click();
    await page.getByRole('button', { name: 'Salir de la cuenta' }).click();
    await page.getByRole('link', { name: /Mi cuenta/ }).click();
    await page.locator('#password').waitFor();
    assert.deepEqual([context.errors, context.elsewhere], [[], []]);
    await context.close();
  });
}

test('a wallet purchase is its login at once, on the computer and in the dark', async () => {
  const account = login('MLC');
  const made = await preference(world, 'MLC', { purpose: 'wallet_purchase', external_reference: 'wallet' }, 5000);
  const context = await browserOf(world, { phone: false, dark: true });
  const page = await context.newPage();
  await page.goto(startOf(world, made));
  await logIn(page, account);
  await page.getByRole('button', { name: /Pagar con saldo/ }).click();
  assert.equal((await result(page)).progress, 'paid');
  const [payment] = await paymentsOf(world, 'MLC', 'wallet');
  assert.equal(payment.payment_method_id, 'account_money');
  assert.deepEqual([context.errors, context.elsewhere], [[], []]);
  await context.close();
});
