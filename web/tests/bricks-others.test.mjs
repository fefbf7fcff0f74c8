// The status screen, the wallet and the brand brick.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AMOUNTS, call, calls, card, causes, complaints, DOCUMENTS, happened, openBrick } from './brick.mjs';
import { logs, seller, World } from './world.mjs';

let world;
before(async () => {
  world = await World.open();
});
after(() => world.close());

const EMAIL = 'test_user_5551234@testuser.com';

async function paid(site, holder = 'APRO', more = {}, { number, cvv } = card(site)) {
  const cardholder = { name: holder, ...(DOCUMENTS[site] && { identification: { type: site === 'MLB' ? 'CPF' : 'DNI', number: DOCUMENTS[site] } }) };
  const token = await call(world, site, 'POST', '/v1/card_tokens', { card_number: number, security_code: cvv, expiration_month: 11, expiration_year: 2030, cardholder });
  return call(world, site, 'POST', '/v1/payments', { transaction_amount: AMOUNTS[site], installments: 1, token: token.id, payer: { email: EMAIL }, ...more });
}

const screen = (payment, { initialization = {}, customization, ...more } = {}) =>
  openBrick(world, 'statusScreen', {
    callbacks: ['onReady', 'onError'],
    settings: { initialization: { paymentId: String(payment.id), ...initialization }, ...(customization && { customization }) },
    ...more,
  });
const words = async (page) => (await page.locator('.brick').innerText()).replace(/\s+/g, ' ');

test('an approved payment is shown with what a buyer wants to know', async () => {
  const payment = await paid('MLB', 'APRO', { installments: 3, external_reference: 'Pedido-7' });
  const back = `${world.shopUrl}/orders`;
  const page = await screen(payment, { customization: { visual: { showExternalReference: true, texts: { ctaReturnLabel: 'Meus pedidos' } }, backUrls: { return: back, error: back } } });
  const text = await words(page);
  for (const part of ['Pronto! Seu pagamento foi aprovado', 'Mastercard com final 6351', '3 parcelas de', String(payment.id), 'Pedido-7']) assert.ok(text.includes(part), `${part} in ${text}`);
  assert.deepEqual(await page.locator('a').evaluateAll((all) => all.map(({ href, textContent }) => [href, textContent])), [[back, 'Meus pedidos']]);
  assert.deepEqual(await complaints(page), []);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('what is hidden is hidden, and only the shop’s own pages are linked', async () => {
  const payment = await paid('MLB', 'APRO', { external_reference: 'Pedido-8' });
  const page = await screen(payment, { customization: { visual: { hideTransactionDate: true }, backUrls: { return: 'https://elsewhere.example/x', error: 'javascript:alert(1)' } } });
  const text = await words(page);
  assert.ok(!text.includes('Pedido-8') && !text.includes('Data'), text);
  assert.equal(await page.locator('a').count(), 0);
  await page.context().close();
  const bare = await screen(payment, { customization: { visual: { hideStatusDetails: true } } });
  assert.equal(await bare.locator('.facts').count(), 0);
  await bare.context().close();
});

test('a refusal says why, and where to go: back to the card, or to another way to pay', async () => {
  const cases = [['SECU', 'Revisar os dados do cartão'], ['FUND', 'Escolher outro meio de pagamento']];
  for (const [holder, label] of cases) {
    const payment = await paid('MLB', holder);
    const page = await screen(payment, { customization: { backUrls: { error: `${world.shopUrl}/pay`, return: `${world.shopUrl}/` } } });
    assert.match(await words(page), /Seu pagamento foi recusado/);
    assert.deepEqual(await page.locator('a').allTextContents(), [label, 'Voltar para a loja']);
    assert.ok(!(await words(page)).includes('{'), 'nothing is left to fill in');
    assert.deepEqual(await complaints(page), []);
    await page.context().close();
  }
});

test('every state that a card payment ends in has its words, in each language', async () => {
  for (const [locale, holder, title] of [['es-AR', 'CONT', 'Estamos procesando tu pago'], ['en-US', 'CONT', 'We are processing your payment'], ['pt-BR', 'SECU', 'Seu pagamento foi recusado']]) {
    const payment = await paid('MLB', holder);
    const page = await screen(payment, { locale });
    assert.ok((await words(page)).includes(title), `${payment.status} ${payment.status_detail}: ${await words(page)}`);
    await page.context().close();
  }
});

test('a Pix is scanned or copied, and its payment is seen without a reload', async () => {
  const payment = await call(world, 'MLB', 'POST', '/v1/payments', { transaction_amount: 100, payment_method_id: 'pix', payer: { email: EMAIL } });
  const page = await screen(payment);
  const { qr_code: code } = payment.point_of_interaction.transaction_data;
  assert.equal(await page.locator('.digits').innerText(), code);
  assert.ok(await page.locator('img.code').evaluate((image) => image.decode().then(() => image.naturalWidth > 50)));
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  // It is said for a moment only.
  await Promise.all([page.waitForSelector('text=Copiado'), page.click('text=Copiar código Pix')]);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), code);
  assert.deepEqual(await complaints(page), []);
  await call(world, 'MLB', 'POST', `/sandbox/payments/${payment.id}/pay`, {});
  await page.waitForSelector('text=Seu pagamento foi aprovado');
  assert.equal(await page.locator('.digits').count(), 0);
  await page.context().close();
});

test('a ticket has its code and its page, and a Pix without its picture keeps its text', async () => {
  const payer = { email: EMAIL, first_name: 'Ana', last_name: 'Souza', identification: { type: 'CPF', number: DOCUMENTS.MLB }, address: { zip_code: '01310000', street_name: 'Rua', street_number: '1', neighborhood: 'B', city: 'C', federal_unit: 'SP' } };
  const boleto = await call(world, 'MLB', 'POST', '/v1/payments', { transaction_amount: 100, payment_method_id: 'bolbradesco', payer });
  const page = await screen(boleto);
  const { digitable_line: line, external_resource_url: url } = boleto.transaction_details;
  assert.equal(await page.locator('.digits').innerText(), line);
  assert.equal(await page.locator('a[target="_blank"]').getAttribute('href'), url);
  assert.ok(!(await words(page)).includes('Ana'));
  await page.context().close();
  const pix = await call(world, 'MLB', 'POST', '/v1/payments', { transaction_amount: 100, payment_method_id: 'pix', payer: { email: EMAIL } });
  const hidden = await screen(pix, { customization: { visual: { hidePixQrCode: true } } });
  assert.deepEqual([await hidden.locator('img.code').count(), await hidden.locator('.digits').count()], [0, 1]);
  await hidden.context().close();
});

for (const [button, wanted] of [['confirm', 'Pronto! Seu pagamento foi aprovado'], ['cancel', 'Seu pagamento foi recusado']]) {
  test(`a 3DS challenge is answered in the brick: ${button}`, async () => {
    const payment = await paid('MLB', 'APRO', { three_d_secure_mode: 'optional' }, { number: '5483928164574623', cvv: '123' });
    assert.equal(payment.status_detail, 'pending_challenge', JSON.stringify(payment.status_detail));
    const { external_resource_url: externalResourceURL, creq } = payment.three_ds_info;
    const page = await screen(payment, { initialization: { additionalInfo: { externalResourceURL, creq } } });
    const frame = page.frameLocator('iframe[name$="challenge"]');
    await frame.locator(`button[value="${button}"]`).click();
    await page.waitForSelector(`text=${wanted}`);
    assert.equal(await page.locator('iframe').count(), 0);
    await page.context().close();
  });
}

test('a payment of nobody, or of another seller, is not shown', async () => {
  const foreign = await paid('MLA');
  for (const id of ['1', 'x/../y', String(foreign.id)]) {
    const page = await screen({ id }, { awaited: false });
    await happened(page, 'onError');
    assert.deepEqual(await causes(page), ['get_payment_data_failed']);
    assert.deepEqual(await calls(page, 'onReady'), []);
    await page.context().close();
  }
});

test('unmounted, it asks no more', async () => {
  const payment = await call(world, 'MLB', 'POST', '/v1/payments', { transaction_amount: 100, payment_method_id: 'pix', payer: { email: EMAIL } });
  const page = await screen(payment, { prepare: (page) => page.clock.install() });
  const count = () => {
    const { fetch } = window;
    window.asked = [];
    window.fetch = (...given) => {
      asked.push(String(given[0]));
      return fetch(...given);
    };
  };
  await page.evaluate(count);
  await page.clock.runFor(60_000);
  assert.notDeepEqual(await page.evaluate(() => asked), [], 'it asks while it is there');
  await page.evaluate(() => {
    controller.unmount();
    asked.length = 0;
  });
  await page.clock.runFor(60_000);
  assert.deepEqual(await page.evaluate(() => asked), []);
  assert.equal(await page.locator('#brick > *').count(), 0);
  await page.context().close();
});

const preference = () => call(world, 'MLB', 'POST', '/checkout/preferences', { items: [{ title: 'Mate', quantity: 1, unit_price: 100 }] });
const wallet = (settings, more) => openBrick(world, 'wallet', { callbacks: ['onReady', 'onError'], settings, ...more });

test('the wallet button leads to the preference, in this window or another', async () => {
  const { id, init_point: address } = await preference();
  const page = await wallet({ initialization: { preferenceId: id } });
  assert.deepEqual(await complaints(page), []);
  assert.equal(await page.locator('button.pay').innerText(), 'Pagar com Pasarela');
  await page.click('button.pay');
  await page.waitForURL(address);
  await page.locator('text=Mate').first().waitFor();
  await page.context().close();
  const other = await wallet({ initialization: { preferenceId: id, redirectMode: 'blank' } });
  const [opened] = await Promise.all([other.context().waitForEvent('page'), other.click('button.pay')]);
  await opened.waitForURL(address);
  assert.equal(new URL(other.url()).origin, world.shopUrl);
  await other.context().close();
});

test('a preference may be made when the button is pressed; React’s empty promise is no mistake', async () => {
  const { id, init_point: address } = await preference();
  for (const [initialization, answer] of [[{}, id], [{ preferenceId: id }, undefined]]) {
    const page = await world.page('<div id="brick"></div>');
    await page.evaluate(
      async ([key, initialization, answer]) => {
        window.log = [];
        const callbacks = { onReady: () => log.push('ready'), onError: ({ cause }) => log.push(cause), onSubmit: () => Promise.resolve(answer) };
        await new MercadoPago(key).bricks().create('wallet', 'brick', { initialization, callbacks });
      },
      [seller().public_key, initialization, answer],
    );
    await page.click('button.pay');
    await page.waitForURL(address);
    await page.context().close();
  }
});

test('without a preference, or with one of nobody, the wallet says so', async () => {
  const page = await wallet({ initialization: { preferenceId: '1-nobody' } }, { awaited: false });
  await happened(page, 'onError');
  assert.deepEqual(await causes(page), ['get_preference_details_failed']);
  await page.context().close();
  const shop = await openBrick(world, 'wallet', { callbacks: ['onReady', 'onError', 'onSubmit'], settings: {} });
  await shop.click('button.pay');
  await happened(shop, 'onError');
  assert.deepEqual(await causes(shop), ['no_preference_provided']);
  await shop.context().close();
});

test('the wallet wears both generations of names', async () => {
  const { id } = await preference();
  const look = async (customization) => {
    const page = await wallet({ initialization: { preferenceId: id }, customization });
    const { backgroundColor, minHeight, borderRadius } = await page.locator('button.pay').evaluate((element) => {
      const { backgroundColor, minHeight, borderRadius } = getComputedStyle(element);
      return { backgroundColor, minHeight, borderRadius };
    });
    const found = [backgroundColor, minHeight, borderRadius, await page.locator('.value').count(), await page.locator('button.pay').innerText()];
    await page.context().close();
    return found;
  };
  assert.deepEqual(await look({ theme: 'black', customStyle: { buttonHeight: '60px', borderRadius: '16px', hideValueProp: true } }), ['rgb(0, 0, 0)', '60px', '16px', 0, 'Pagar com Pasarela']);
  assert.deepEqual(await look({ texts: { action: 'buy', valueProp: 'practicality' }, visual: { buttonBackground: 'white', buttonHeight: '10px' } }), ['rgb(255, 255, 255)', '48px', '6px', 1, 'Comprar com Pasarela']);
});

test('the brand brick tells an Argentine how to pay, and nobody else', async () => {
  const open = (site, customization) => openBrick(world, 'brand', { site, locale: 'es-AR', callbacks: ['onReady'], settings: { customization }, awaited: site === 'MLA' });
  const page = await open('MLA', { paymentMethods: { excludedPaymentMethods: ['visa'], excludedPaymentTypes: ['ticket'] }, visual: { backgroundColor: 'black', verticalPadding: '400px', border: true } });
  assert.match(await words(page), /Paga con tarjeta/);
  const logos = await page.locator('.logos img').evaluateAll((all) => all.map(({ alt }) => alt));
  assert.ok(logos.includes('Mastercard') && !logos.includes('Visa') && !logos.includes('Rapipago'), logos.join());
  assert.equal(await page.locator('.brick').evaluate((element) => getComputedStyle(element).paddingTop), '40px');
  assert.deepEqual(await complaints(page), []);
  await page.context().close();
  const plan = await open('MLA', { text: { valueProp: 'installments' }, paymentMethods: { maxInstallments: 6, interestFreeInstallments: true }, visual: { hideMercadoPagoLogo: true } });
  assert.equal(await words(plan), 'Hasta 6 cuotas sin interés');
  await plan.context().close();
  const elsewhere = await open('MLB', {});
  await logs(elsewhere, /for Argentina alone/);
  assert.equal(await words(elsewhere), '');
  await elsewhere.context().close();
});
