// Each country's methods, each at least once: cards in secure fields, and everything that is paid elsewhere.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { browserOf, BUYERS, EMAIL, paymentsOf, preference, result, startOf, typeCard } from './buyer.mjs';
import { eventually, World } from './world.mjs';

let world;
before(async () => {
  world = await World.open();
});
after(() => world.close());

const PRICES = { MLA: 15000, MLB: 150, MLC: 15000, MCO: 150000, MLM: 1500, MPE: 150, MLU: 1500 };
/** As each country writes its price. */
const SHOWN = { MLA: '$ 15.000,00', MLB: 'R$ 150,00', MLC: '$ 15.000', MCO: '$ 150.000', MLM: '$ 1,500.00', MPE: 'S/ 150.00', MLU: '$ 1.500,00' };
const TYPED = { first_name: 'Ana', last_name: 'Silva', zip_code: '01310100', street_name: 'Paulista', street_number: '1', neighborhood: 'Bela Vista', city: 'São Paulo', federal_unit: 'SP' };

async function fillIn(page, site) {
  for (const [name, text] of Object.entries({ ...TYPED, email: EMAIL })) {
    if (await page.locator(`#${name}`).count()) await page.fill(`#${name}`, text);
  }
  const [kind, digits] = BUYERS[site].document ?? [];
  if (kind && (await page.locator('#document_number').count())) {
    await page.locator('#document_type').selectOption(kind);
    await page.fill('#document_number', digits);
  }
}

for (const site of Object.keys(BUYERS)) {
  test(`${site}: a card`, async () => {
    const made = await preference(world, site, { external_reference: `card-${site}` }, PRICES[site]);
    const context = await browserOf(world);
    const page = await context.newPage();
    await page.goto(startOf(world, made));
    assert.equal((await page.locator('#total').innerText()).replace('\u00a0', ' '), SHOWN[site]);
    await page.locator('.way[href$="method=card"]').click();
    await typeCard(page, site);
    await page.click('#pay');
    assert.equal((await result(page)).progress, 'paid');
    await context.close();
    assert.deepEqual([context.errors, context.elsewhere], [[], []]);
  });

  test(`${site}: everything that is paid elsewhere`, async (t) => {
    const reference = `elsewhere-${site}`;
    const made = await preference(world, site, { external_reference: reference }, PRICES[site]);
    const context = await browserOf(world);
    const page = await context.newPage();
    await page.goto(startOf(world, made));
    const addresses = await page.locator('.way').evaluateAll((ways) => ways.map((way) => way.href));
    const elsewhere = addresses.filter((address) => /method=(?!card$)/.test(address));
    assert.ok(elsewhere.length > 0);
    for (const address of elsewhere) {
      const method = new URL(address).searchParams.get('method');
      await page.goto(address);
      await fillIn(page, site);
      await page.locator('form.form button').click();
      const { progress } = await result(page);
      assert.equal(progress, 'waiting', method);
      const means = await page.locator('.code svg, .number .digits, a.button[href*="bank_transfer"]').count();
      assert.ok(means > 0, `${method}: nothing to pay with`);
      t.diagnostic(method);
    }
    const payments = await paymentsOf(world, site, reference);
    assert.equal(new Set(payments.map((payment) => payment.payment_method_id)).size, elsewhere.length);
    await context.close();
    assert.deepEqual([context.errors, context.elsewhere], [[], []]);
  });
}

test('a Pix is copied, paid at the simulated bank, and the page tells it and goes back to the shop', async () => {
  const back_urls = { success: `${world.shopUrl}/ok?a=1`, pending: `${world.shopUrl}/wait`, failure: `${world.shopUrl}/no` };
  world.pages.set('/ok', 'Thank you');
  const made = await preference(world, 'MLB', { back_urls, external_reference: 'pix' }, 150);
  const context = await browserOf(world, { language: 'pt-BR' });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: world.url });
  const page = await context.newPage();
  await page.goto(startOf(world, made, '&method=pix'));
  await fillIn(page, 'MLB');
  await page.locator('form.form button').click();
  await result(page);
  await page.getByRole('button', { name: 'Copiar' }).click();
  await eventually(page, async () => /^000201.*br\.gov\.bcb\.pix/.test(await navigator.clipboard.readText()), [], true);
  await page.locator('.simulate summary').click();
  const [bank] = await Promise.all([context.waitForEvent('page'), page.locator('.simulate a').click()]);
  await bank.getByRole('button', { name: /^Pagar/ }).dblclick();
  await bank.waitForSelector('main[data-progress="paid"]');
  await page.waitForSelector('main[data-progress="paid"]');
  assert.match(await page.locator('#announcement').innerText(), /Pagamento recebido/);
  await page.getByRole('link', { name: 'Voltar à loja' }).click();
  await page.waitForURL(/\/ok\?a=1&/);
  const told = Object.fromEntries(new URL(page.url()).searchParams);
  const [payment] = await paymentsOf(world, 'MLB', 'pix');
  assert.deepEqual(told, {
    a: '1',
    collection_id: String(payment.id), collection_status: 'approved', payment_id: String(payment.id), status: 'approved',
    external_reference: 'pix', payment_type: 'bank_transfer', merchant_order_id: String(payment.order.id),
    preference_id: made.id, site_id: 'MLB', processing_mode: 'aggregator', merchant_account_id: 'null',
  });
  await context.close();
  assert.deepEqual([context.errors, context.elsewhere], [[], []]);
});

test('what is bought is shown with the seller\'s pictures, which come from the platform', async () => {
  const photo = `${world.ready.demo.replace('localhost', '127.0.0.1')}/assets/alba.png`;
  world.pages.set('/evil.svg', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>');
  const item = (title, picture_url) => ({ title, quantity: 1, unit_price: 50, ...(picture_url && { picture_url }) });
  const items = [item('Taza', photo), item('Un dibujo', `${world.shopUrl}/evil.svg`), item('Nada ahí', `${world.shopUrl}/none.png`), item('Sin foto')];
  const made = await preference(world, 'MLB', { items });
  const context = await browserOf(world);
  const page = await context.newPage();
  await page.goto(startOf(world, made), { waitUntil: 'networkidle' });
  const widths = await page.locator('.pictured img').evaluateAll((all) => all.map((image) => [image.naturalWidth, image.getBoundingClientRect().width]));
  // What is no picture leaves its place empty.
  assert.deepEqual(widths, [[96, 48], [0, 48], [0, 48]]);
  const shown = await fetch(`${world.url}/checkout/v1/picture?pref_id=${made.id}&item=0`);
  assert.deepEqual(['content-type', 'content-security-policy', 'x-content-type-options'].map((name) => shown.headers.get(name)), ['image/png', "default-src 'none'; sandbox", 'nosniff']);
  for (const query of [`pref_id=${made.id}&item=1`, `pref_id=${made.id}&item=3`, `pref_id=${made.id}&item=9`, `pref_id=${made.id}&item=-1`, `pref_id=${made.id}`, 'item=0']) {
    assert.equal((await fetch(`${world.url}/checkout/v1/picture?${query}`)).status, 404, query);
  }
  await context.close();
  assert.deepEqual([context.errors, context.elsewhere], [[], []]);
});

test('tickets, Pix, banks and cards are paid without scripts, too', async () => {
  for (const [site, method] of [['MLB', 'pix'], ['MLB', 'bolbradesco'], ['MLA', 'rapipago'], ['MCO', 'pse'], ['MLB', 'card']]) {
    const made = await preference(world, site, {}, PRICES[site]);
    const context = await browserOf(world, { scripts: false });
    const page = await context.newPage();
    await page.goto(startOf(world, made, `&method=${method}`));
    await fillIn(page, site);
    if (method === 'card') {
      for (const [name, text] of [['card_number', BUYERS.MLB.number], ['card_expiry', '11/30'], ['card_code', '123'], ['card_holder', 'APRO']]) await page.fill(`#${name}`, text);
      await page.locator('form.form button').click();
      await page.locator('.plan input').nth(1).check();
    }
    await page.locator('form.form button').click();
    await page.waitForURL(/\/checkout\/v1\/result/);
    assert.equal(await page.locator('main').getAttribute('data-progress'), method === 'card' ? 'paid' : 'waiting', method);
    await context.close();
  }
});
