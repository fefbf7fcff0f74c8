// What goes wrong while somebody pays: the back button, impatience, two tabs, a deadline, a network that fails.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { api, browserOf, EMAIL, paymentsOf, preference, result, startOf, typeCard } from './buyer.mjs';
import { frameOf, PATIENCE_MS, World } from './world.mjs';

let world;
before(async () => {
  world = await World.open();
});
after(() => world.close());

async function buyer(reference, members = {}, browser = {}) {
  const made = await preference(world, 'MLB', { external_reference: reference, ...members });
  const context = await browserOf(world, { language: 'en', ...browser });
  const page = await context.newPage();
  return { made, context, page, start: startOf(world, made), payments: () => paymentsOf(world, 'MLB', reference) };
}

async function done(context) {
  await context.close();
  assert.deepEqual([context.errors, context.elsewhere], [[], []]);
}

test('the back button after a refusal leads to a form that can pay', async () => {
  const { context, page, start, payments } = await buyer('back');
  await page.goto(`${start}&method=card`);
  await typeCard(page, 'MLB', { holder: 'FUND' });
  await page.click('#pay');
  assert.equal((await result(page)).progress, 'rejected');
  await page.goBack();
  await frameOf(page, 'cardNumber');
  await typeCard(page, 'MLB');
  await page.click('#pay');
  assert.equal((await result(page)).progress, 'paid');
  assert.deepEqual((await payments()).map(({ status }) => status).sort(), ['approved', 'rejected']);
  await done(context);
});

test('who typed who they are need not type it again after a refusal; nothing of it stays once it is paid', async () => {
  const { context, page, start } = await buyer('typed');
  await page.goto(`${start}&method=card`);
  await typeCard(page, 'MLB', { holder: 'FUND', email: 'another@testuser.com' });
  await page.click('#pay');
  const { progress } = await result(page);
  assert.equal(progress, 'rejected');
  const kept = () => page.evaluate(() => JSON.stringify({ ...sessionStorage }));
  assert.match(await kept(), /12345678909/);
  // As values of their own: by chance they stand in a random name, too.
  assert.doesNotMatch(await kept(), /5031433215406351|(?<![\w-])(1130|11\/30|123)(?![\w-])/);
  await page.locator('.onward a').first().click();
  await frameOf(page, 'cardNumber');
  const values = await page.evaluate(() => ['card_holder', 'document_type', 'document_number', 'email'].map((id) => document.getElementById(id).value));
  assert.deepEqual(values, ['FUND', 'CPF', '12345678909', 'another@testuser.com']);
  // Another way to pay asks for the same person.
  await page.goto(`${start}&method=bolbradesco`);
  assert.deepEqual(await page.evaluate(() => ['document_number', 'email'].map((id) => document.getElementById(id).value)), ['12345678909', 'another@testuser.com']);
  // Another purchase does not.
  const other = await preference(world, 'MLB');
  await page.goto(startOf(world, other, '&method=bolbradesco'));
  assert.equal(await page.inputValue('#document_number'), '');
  await page.goto(`${start}&method=card`);
  await typeCard(page, 'MLB');
  await page.click('#pay');
  assert.equal((await result(page)).progress, 'paid');
  assert.doesNotMatch(await kept(), /12345678909|another@/);
  await done(context);
});

test('a button that is pressed often pays once', async () => {
  const { context, page, start, payments } = await buyer('often');
  await page.goto(`${start}&method=card`);
  await typeCard(page, 'MLB');
  await page.evaluate(() => {
    const button = document.getElementById('pay');
    for (let time = 0; time < 5; time += 1) button.form.requestSubmit(button);
  });
  await result(page);
  assert.equal((await payments()).length, 1);
  // The same without the card's own care: a Pix, by a double click.
  const pix = await buyer('often-pix');
  await pix.page.goto(`${pix.start}&method=pix`);
  await pix.page.fill('#email', EMAIL);
  await pix.page.locator('form.form button').dblclick();
  await result(pix.page);
  assert.equal((await pix.payments()).length, 1);
  await done(context);
  await done(pix.context);
});

test('a second tab learns that the purchase was paid in the first', async () => {
  const { context, page, start } = await buyer('tabs');
  const second = await context.newPage();
  await second.goto(`${start}&method=card`);
  await page.goto(`${start}&method=card`);
  assert.ok(await second.locator('#paid-here').isHidden());
  await typeCard(page, 'MLB');
  await page.click('#pay');
  await result(page);
  await second.locator('#paid-here').waitFor({ state: 'visible' });
  await second.getByRole('link', { name: 'See the payment' }).click();
  assert.equal((await result(second)).progress, 'paid');
  // A bookmark that is opened later says it, too; another purchase doesn't.
  await second.goto(start);
  await second.locator('#paid-here').waitFor({ state: 'visible' });
  const other = await preference(world, 'MLB');
  await second.goto(startOf(world, other));
  assert.ok(await second.locator('#paid-here').isHidden());
  await done(context);
});

test('a purchase whose time runs out while the card is typed is not paid', async () => {
  const { context, page, made, start, payments } = await buyer('expires');
  await page.goto(`${start}&method=card`);
  await typeCard(page, 'MLB');
  await api(world, 'MLB', `/checkout/preferences/${made.id}`, { method: 'PUT', body: JSON.stringify({ expires: true, expiration_date_to: '2026-01-02T00:00:00Z' }) });
  await page.click('#pay');
  await page.getByRole('heading', { name: 'This purchase can no longer be paid' }).waitFor();
  await page.goto(start);
  await page.getByRole('heading', { name: 'This purchase can no longer be paid' }).waitFor();
  assert.equal((await payments()).length, 0);
  await done(context);
});

test('a price that changes is shown before it is paid', async () => {
  const { context, page, made, start, payments } = await buyer('price');
  await page.goto(`${start}&method=card`);
  await typeCard(page, 'MLB');
  await api(world, 'MLB', `/checkout/preferences/${made.id}`, { method: 'PUT', body: JSON.stringify({ items: [{ title: 'Mate', quantity: 1, unit_price: 1600 }] }) });
  await page.click('#pay');
  await page.getByText('The price changed while you were paying').waitFor();
  assert.match(await page.locator('#total').innerText(), /1\.600,00/);
  assert.equal((await payments()).length, 0);
  await done(context);
});

test('offline in the middle: nothing is lost, and pressing again pays once', async () => {
  const { context, page, start, payments } = await buyer('offline');
  await page.goto(`${start}&method=card`);
  await typeCard(page, 'MLB');
  await context.setOffline(true);
  await page.click('#pay');
  await page.getByText('There is no connection').waitFor();
  await context.setOffline(false);
  await page.click('#pay');
  assert.equal((await result(page)).progress, 'paid');
  assert.equal((await payments()).length, 1);
  await done(context);
});

test('an answer that is lost on the way: pressing again shows the payment that was made', async () => {
  const { context, page, start, payments } = await buyer('lost');
  await page.goto(`${start}&method=card`);
  await typeCard(page, 'MLB');
  let lost = 0;
  await page.route('**/checkout/v1/pay?*', async (route) => {
    if (lost > 0) return route.continue();
    lost += 1;
    await route.fetch({ maxRedirects: 0, timeout: PATIENCE_MS });
    return route.abort('connectionreset');
  });
  await page.click('#pay');
  await page.getByText('There is no connection').waitFor();
  assert.equal((await payments()).length, 1, 'the platform had made it');
  await page.click('#pay');
  assert.equal((await result(page)).progress, 'paid');
  assert.equal((await payments()).length, 1);
  await done(context);
});

test('an answer that is lost, then a reload: the page says that it was paid', async () => {
  const { context, page, start, payments } = await buyer('lost-reload');
  await page.goto(`${start}&method=card`);
  await typeCard(page, 'MLB');
  const lose = async (route) => {
    await route.fetch({ maxRedirects: 0, timeout: PATIENCE_MS });
    return route.abort('connectionreset');
  };
  await page.route('**/checkout/v1/pay?*', lose);
  await page.click('#pay');
  await page.getByText('There is no connection').waitFor();
  await page.reload();
  await page.locator('#paid-here').waitFor({ state: 'visible' });
  assert.match(await page.locator('#paid-here').innerText(), /already paid/);
  await page.getByRole('link', { name: 'See the payment' }).click();
  assert.equal((await result(page)).progress, 'paid');
  assert.equal((await payments()).length, 1);
  await done(context);
});

test('a Pix that waits is told where its purchase is opened again', async () => {
  const { context, page, start } = await buyer('pix-again');
  await page.goto(`${start}&method=pix`);
  await page.fill('#email', EMAIL);
  await page.locator('form.form button').click();
  await result(page);
  await page.goto(start);
  await page.locator('#paid-here').waitFor({ state: 'visible' });
  assert.match(await page.locator('#paid-here').innerText(), /under way/);
  // After a day nobody is told. It grows old on the page of another purchase, which asks nothing about this one.
  await page.goto(startOf(world, await preference(world, 'MLB')));
  await page.evaluate(() => {
    const aged = JSON.parse(localStorage.getItem('pasarela.paid')).map((payment) => ({ ...payment, at: payment.at - 25 * 3_600_000 }));
    localStorage.setItem('pasarela.paid', JSON.stringify(aged));
  });
  await page.goto(start);
  assert.ok(await page.locator('#paid-here').isHidden());
  await done(context);
});

test('a card that is corrected while there is no connection is the one that pays', async () => {
  const { context, page, start, payments } = await buyer('corrected');
  await page.goto(`${start}&method=card`);
  await typeCard(page, 'MLB', { holder: 'FUND' });
  await page.route('**/checkout/v1/pay?*', (route) => route.abort('connectionreset'), { times: 1 });
  await page.click('#pay');
  await page.getByText('There is no connection').waitFor();
  await page.getByLabel(/Name as/).fill('APRO');
  await page.click('#pay');
  assert.equal((await result(page)).progress, 'paid');
  assert.deepEqual((await payments()).map(({ status }) => status), ['approved']);
  await done(context);
});

test('a plan that costs something else by now is shown before it is paid', async () => {
  const { context, page, start, payments } = await buyer('rate');
  await page.goto(`${start}&method=card`);
  await typeCard(page, 'MLB');
  const plan = page.locator('.plan', { hasText: '3 ×' }).locator('input');
  await plan.check();
  assert.match(await plan.inputValue(), /^3:\d+\.\d\d$/);
  // What is posted is what was shown: here a page of before the change.
  await page.route('**/checkout/v1/pay?*', (route) => {
    const body = route.request().postData().replace(/installments=3%3A[\d.]+/, 'installments=3%3A1500.00');
    return route.continue({ postData: body });
  });
  await page.click('#pay');
  await page.getByText('The price changed while you were paying').waitFor();
  assert.equal((await payments()).length, 0);
  await done(context);
});

test('a library that does not load leaves the plain form, which pays', async () => {
  const { context, page, start } = await buyer('plain');
  await page.route('**/js/v2', (route) => route.abort());
  await page.goto(`${start}&method=card`);
  for (const [name, text] of [['card_number', '5031433215406351'], ['card_expiry', '11/30'], ['card_code', '123'], ['card_holder', 'APRO'], ['document_number', '12345678909']]) await page.fill(`#${name}`, text);
  await page.locator('form.form button').click();
  await page.getByRole('heading', { name: 'Check and pay' }).waitFor();
  await page.locator('form.form button').click();
  assert.equal((await result(page)).progress, 'paid');
  await done(context);
});

test('a Pix page that lost its connection tells the payment when it is back', async () => {
  const { context, page, start, payments } = await buyer('pix-offline');
  await page.goto(`${start}&method=pix`);
  await page.fill('#email', EMAIL);
  await page.locator('form.form button').click();
  await result(page);
  await context.setOffline(true);
  const [payment] = await payments();
  await api(world, 'MLB', `/sandbox/payments/${payment.id}/pay`, { method: 'POST', headers: { 'X-Idempotency-Key': 'pix-offline' } });
  await context.setOffline(false);
  await page.waitForSelector('main[data-progress="paid"]');
  await done(context);
});
