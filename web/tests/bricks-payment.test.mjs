// The payment brick: every way to pay of a country, saved cards, the wallet, the review.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AMOUNTS, call, calls, card, causes, complaints, DOCUMENTS, fillCard, happened, openBrick, pay, type } from './brick.mjs';
import { eavesdrop, everything, leaks } from './eavesdropper.mjs';
import { seller, World } from './world.mjs';

let world;
let customer;
let saved;
let preference;
before(async () => {
  world = await World.open();
  const { number, cvv } = card('MLB');
  const cardholder = { name: 'APRO', identification: { type: 'CPF', number: DOCUMENTS.MLB } };
  const token = await call(world, 'MLB', 'POST', '/v1/card_tokens', { card_number: number, security_code: cvv, expiration_month: 11, expiration_year: 2030, cardholder });
  customer = await call(world, 'MLB', 'POST', '/v1/customers', { email: 'bricks@testuser.com' });
  saved = await call(world, 'MLB', 'POST', `/v1/customers/${customer.id}/cards`, { token: token.id });
  preference = await call(world, 'MLB', 'POST', '/checkout/preferences', { items: [{ title: 'Mate', quantity: 1, unit_price: 100 }] });
});
after(() => world.close());

const ALL = { creditCard: 'all', debitCard: 'all', prepaidCard: 'all', ticket: 'all', bankTransfer: 'all', atm: 'all' };
const open = ({ site = 'MLB', initialization = {}, paymentMethods = ALL, customization = {}, ...more } = {}) =>
  openBrick(world, 'payment', {
    site,
    settings: { initialization: { amount: AMOUNTS[site], ...initialization }, customization: { paymentMethods, ...customization } },
    ...more,
  });

const ways = (page) => page.locator('[data-way]').evaluateAll((all) => all.map(({ dataset }) => dataset.way));
const choose = (page, way) => page.click(`[data-way="${way}"] label`);

test('each country has its ways to pay, as far as they take the amount', async () => {
  const expected = {
    MLA: ['creditCardForm', 'debitCardForm', 'ticket-pagofacil', 'ticket-rapipago'],
    MLB: ['creditCardForm', 'bankTransfer-pix', 'ticket-bolbradesco', 'ticket-pec'],
    MLC: ['creditCardForm', 'debitCardForm', 'bankTransfer-webpay', 'bankTransfer-khipu'],
    MCO: ['creditCardForm', 'debitCardForm', 'bankTransfer-pse', 'ticket-efecty'],
    MLM: ['creditCardForm', 'debitCardForm', 'prepaidCardForm', 'bankTransfer-clabe', 'ticket-oxxo', 'ticket-paycash', 'atm-banamex', 'atm-serfin', 'atm-bancomer'],
    MPE: ['creditCardForm', 'debitCardForm', 'atm-pagoefectivo_atm'],
    MLU: ['creditCardForm', 'debitCardForm', 'ticket-abitab', 'ticket-redpagos'],
  };
  for (const [site, wanted] of Object.entries(expected)) {
    const page = await open({ site, locale: 'es-AR' });
    const found = (await ways(page)).filter((way) => !(site === 'MLB' && way === 'debitCardForm'));
    assert.deepEqual(found, wanted, site);
    await page.context().close();
  }
  const small = await open({ initialization: { amount: 1 } });
  assert.ok(!(await ways(small)).some((way) => way.startsWith('ticket')), 'a boleto costs more than that');
  await small.context().close();
});

test('only what the shop names is offered', async () => {
  const page = await open({ paymentMethods: { ticket: ['bolbradesco'], bankTransfer: ['pix'], types: { excluded: ['ticket'] } } });
  assert.deepEqual(await ways(page), ['bankTransfer-pix']);
  assert.ok(await page.locator('[data-way] input[type="radio"]').isChecked(), 'the only one is open');
  await page.context().close();
  const none = await open({ paymentMethods: { ticket: ['unheard_of'] }, awaited: false });
  await happened(none, 'onError');
  assert.deepEqual(await causes(none), ['missing_payment_type']);
  await none.context().close();
});

test('a Pix is made of an e-mail', async () => {
  const page = await open();
  assert.ok(await page.locator('button.pay').isDisabled(), 'nothing is chosen');
  await choose(page, 'bankTransfer-pix');
  await page.fill('input[type="email"]', 'test_user_5551234@testuser.com');
  await pay(page);
  const [[data, additional]] = await happened(page, 'onSubmit');
  assert.deepEqual(data, {
    selectedPaymentMethod: 'bank_transfer',
    paymentType: 'bank_transfer',
    formData: { payment_method_id: 'pix', transaction_amount: 100, payer: { email: 'test_user_5551234@testuser.com' } },
  });
  assert.equal(additional, null);
  const payment = await call(world, 'MLB', 'POST', '/v1/payments', data.formData);
  assert.equal(payment.status_detail, 'pending_waiting_transfer', JSON.stringify(payment));
  await page.context().close();
});

test('a boleto has its buyer’s name, document and address, from the shop or typed', async () => {
  const payer = { email: 'test_user_5551234@testuser.com', firstName: 'Ana', lastName: 'Souza', address: { zipCode: '01310-000', federalUnit: 'SP', city: 'São Paulo', neighborhood: 'Bela Vista', streetName: 'Av. Paulista' } };
  const page = await open({ initialization: { payer } });
  await choose(page, 'ticket-bolbradesco');
  await pay(page);
  await happened(page, 'onError');
  assert.deepEqual(await page.locator('.wrong label').allTextContents(), ['Número do documento', 'Número']);
  await page.fill('input[id$="document-number"]', '123.456.789-09');
  await page.fill('input[id$="street_number"]', '1000');
  await pay(page);
  const [[{ selectedPaymentMethod, formData }]] = await happened(page, 'onSubmit');
  assert.equal(selectedPaymentMethod, 'ticket');
  assert.deepEqual(formData.payer, {
    email: 'test_user_5551234@testuser.com',
    first_name: 'Ana',
    last_name: 'Souza',
    identification: { type: 'CPF', number: '12345678909' },
    address: { zip_code: '01310-000', federal_unit: 'SP', city: 'São Paulo', neighborhood: 'Bela Vista', street_name: 'Av. Paulista', street_number: '1000' },
  });
  const payment = await call(world, 'MLB', 'POST', '/v1/payments', formData);
  assert.equal(payment.status_detail, 'pending_waiting_payment', JSON.stringify(payment));
  await page.context().close();
});

for (const [site, way] of [['MLA', 'ticket-rapipago'], ['MLM', 'ticket-oxxo'], ['MLM', 'atm-banamex'], ['MCO', 'ticket-efecty'], ['MPE', 'atm-pagoefectivo_atm'], ['MLU', 'ticket-abitab']]) {
  test(`${way} of ${site} is made out`, async () => {
    const page = await open({ site, locale: 'es-AR', initialization: { payer: { email: 'test_user_5551234@testuser.com' } } });
    await choose(page, way);
    const document = page.locator('input[id$="document-number"]');
    if ((await document.count()) > 0) await document.fill(DOCUMENTS[site]);
    await pay(page);
    const [[{ formData }]] = await happened(page, 'onSubmit');
    const payment = await call(world, site, 'POST', '/v1/payments', formData);
    assert.equal(payment.status_detail, 'pending_waiting_payment', JSON.stringify(payment));
    await page.context().close();
  });
}

test('PSE asks for the bank and the kind of person', async () => {
  const page = await open({ site: 'MCO', locale: 'es-CO', initialization: { payer: { email: 'test_user_5551234@testuser.com', entityType: 'association' } } });
  await choose(page, 'bankTransfer-pse');
  await page.fill('input[id$="document-number"]', DOCUMENTS.MCO);
  await pay(page);
  await happened(page, 'onError');
  assert.deepEqual(await causes(page), ['incomplete_fields']);
  await page.selectOption('select[id$="bank"]', { index: 3 });
  await pay(page);
  const [[{ formData }]] = await happened(page, 'onSubmit');
  assert.equal(formData.payer.entity_type, 'association');
  const more = { additional_info: { ip_address: '127.0.0.1' }, callback_url: 'https://shop.example/back' };
  const payment = await call(world, 'MCO', 'POST', '/v1/payments', { ...formData, ...more });
  assert.equal(payment.status_detail, 'pending_waiting_transfer', JSON.stringify(payment));
  await page.context().close();
});

test('a new card pays, and the methods that the shop did not name are refused', async () => {
  const page = await open({ paymentMethods: { creditCard: ['visa'], bankTransfer: 'all' }, customization: { visual: { defaultPaymentOption: { creditCardForm: true } } } });
  await type(page, 'cardNumber', card('MLB').number);
  await happened(page, 'onError');
  assert.deepEqual(await causes(page), ['payment_method_not_in_allowed_methods']);
  await choose(page, 'bankTransfer-pix');
  assert.equal(await page.locator('iframe').count(), 0);
  await choose(page, 'creditCardForm');
  await fillCard(page, 'MLB', card('MLB', 'visa'), { installments: 1 });
  await pay(page);
  const [[{ selectedPaymentMethod, formData }, additional]] = await happened(page, 'onSubmit');
  assert.deepEqual([selectedPaymentMethod, formData.payment_method_id, additional.paymentTypeId], ['credit_card', 'visa', 'credit_card']);
  assert.equal((await call(world, 'MLB', 'POST', '/v1/payments', formData)).status, 'approved');
  await page.context().close();
});

test('a saved card pays with its code, which the page does not see', async () => {
  const payer = { customerId: customer.id, cardsIds: ['404', saved.id] };
  const page = await open({ before: eavesdrop, initialization: { payer }, customization: { visual: { defaultPaymentOption: { savedCardForm: saved.id } } } });
  assert.equal((await ways(page))[0], `saved-${saved.id}`);
  await type(page, 'securityCode', '739');
  await page.selectOption('select[id$="installments"]', '2');
  await pay(page);
  const [[{ selectedPaymentMethod, formData }, additional]] = await happened(page, 'onSubmit');
  assert.equal(selectedPaymentMethod, 'credit_card');
  assert.deepEqual(formData.payer, { type: 'customer', id: customer.id });
  assert.deepEqual([additional.bin, additional.lastFourDigits], ['503143', '6351']);
  const payment = await call(world, 'MLB', 'POST', '/v1/payments', formData);
  assert.equal(payment.status, 'approved', JSON.stringify(payment));
  assert.deepEqual(leaks(await everything(page), { number: card('MLB').number, cvv: '739' }), []);
  await page.context().close();
});

test('saved cards of nobody are told, and the others ways stay', async () => {
  const page = await open({ initialization: { payer: { customerId: '1-nobody', cardsIds: ['1'] } } });
  assert.deepEqual(await causes(page), ['get_saved_cards_failed']);
  assert.equal((await ways(page))[0], 'creditCardForm');
  await page.context().close();
});

test('the wallet leads to the preference once the shop has agreed, and is not there without one', async () => {
  const paymentMethods = { mercadoPago: ['wallet_purchase'], creditCard: 'all' };
  const without = await open({ paymentMethods });
  assert.deepEqual(await ways(without), ['creditCardForm']);
  assert.deepEqual(await causes(without), ['no_preference_provided']);
  await without.context().close();
  const page = await open({ paymentMethods, initialization: { preferenceId: preference.id } });
  await choose(page, 'wallet_purchase');
  const asked = page.waitForRequest((request) => request.isNavigationRequest() && request.url() === preference.init_point);
  await page.route(preference.init_point, (route) => route.fulfill({ body: 'checkout', contentType: 'text/html' }));
  const submitted = page.evaluate(() => new Promise((resolve) => {
    const wait = () => {
      const call = log.find(([name]) => name === 'onSubmit');
      if (call) resolve(call);
      else setTimeout(wait, 5);
    };
    wait();
  })).catch(() => undefined);
  await pay(page);
  await asked;
  const [, data] = (await submitted) ?? [, undefined];
  if (data) assert.deepEqual(data, { selectedPaymentMethod: 'wallet_purchase', paymentType: 'wallet_purchase', formData: null });
  await page.context().close();
});

test('the review shows what is bought and where it goes, and can be left again', async () => {
  const initialization = {
    payer: { email: 'test_user_5551234@testuser.com' },
    items: { totalItemsAmount: 100, itemsList: [{ units: 2, name: 'Mate', value: 50, description: 'a cup' }] },
    shipping: { costs: 0, shippingMode: 'Correios', receiverAddress: { streetName: 'Rua A', streetNumber: '12', zipCode: '01310-000', city: 'São Paulo', federalUnit: 'SP' } },
    billing: { firstName: 'Ana', taxIdentificationNumber: '12345678909', billingAddress: { streetName: 'Rua B', streetNumber: '1', zipCode: '01310-001' } },
    discounts: { totalDiscountsAmount: 5, discountsList: [{ name: 'Cupom', value: 5 }] },
  };
  const callbacks = ['onReady', 'onError', 'onSubmit', 'onClickEditShippingData', 'onClickEditBillingData', 'onRenderNextStep', 'onRenderPreviousStep'];
  const page = await open({ initialization, callbacks, customization: { enableReviewStep: true, reviewCardsOrder: ['billing', 'payment_method', 'shipping'] } });
  await choose(page, 'creditCardForm');
  await fillCard(page, 'MLB', card('MLB'), { installments: 1 });
  await page.evaluate(() => controller.nextStep());
  await happened(page, 'onRenderNextStep');
  assert.deepEqual(await page.locator('section h3').allTextContents(), ['Faturamento', 'Meio de pagamento', 'Envio']);
  assert.match(await page.locator('.facts').innerText(), /2 × Mate[\s\S]*Cupom[\s\S]*Total/);
  assert.deepEqual(await complaints(page), []);
  await page.click('button[aria-label="Alterar: Envio"]');
  await page.click('button[aria-label="Alterar: Faturamento"]');
  assert.deepEqual([(await calls(page, 'onClickEditShippingData')).length, (await calls(page, 'onClickEditBillingData')).length], [1, 1]);
  await page.click('text=Voltar');
  await happened(page, 'onRenderPreviousStep');
  await page.locator('iframe[name="cardNumber"]').waitFor(); // What was typed is still there.
  await pay(page);
  await happened(page, 'onRenderNextStep', 2);
  await page.click('text=Confirmar e pagar');
  const [[{ formData }]] = await happened(page, 'onSubmit');
  assert.deepEqual(formData.additional_info, {
    items: [{ title: 'Mate', quantity: 2, unit_price: 50, description: 'a cup' }],
    shipments: { receiver_address: { zip_code: '01310-000', state_name: 'SP', city_name: 'São Paulo', street_name: 'Rua A', street_number: 12 } },
  });
  const payment = await call(world, 'MLB', 'POST', '/v1/payments', formData);
  assert.equal(payment.status, 'approved', JSON.stringify(payment));
  await page.context().close();
});

test('its data is handed out, the amount follows, and nothing chosen is told', async () => {
  const page = await open({ initialization: { payer: { email: 'a@testuser.com' } }, customization: { visual: { hidePaymentButton: true } } });
  assert.equal(await page.evaluate(() => controller.getFormData().catch(({ cause }) => cause)), 'missing_payment_information');
  await choose(page, 'bankTransfer-pix');
  assert.equal(await page.evaluate(() => controller.update({ amount: 30 })), true);
  const { formData, selectedPaymentMethod } = await page.evaluate(() => controller.getFormData());
  assert.deepEqual([selectedPaymentMethod, formData.transaction_amount], ['bank_transfer', 30]);
  assert.equal(await page.evaluate(() => controller.getAdditionalData()), null);
  await choose(page, 'ticket-bolbradesco');
  assert.equal(await page.evaluate(() => controller.update({ amount: 1 })), false, 'a boleto costs more than that');
  await page.context().close();
});

test('axe has nothing to complain about, whatever is chosen, in each theme', async () => {
  for (const [theme, locale, way] of [['default', 'es-AR', 'bankTransfer-pix'], ['dark', 'pt-BR', 'ticket-bolbradesco'], ['bootstrap', 'en-US', 'creditCardForm'], ['flat', 'pt-BR', `saved-${saved.id}`]]) {
    const body = `<style>body{background:${theme === 'dark' ? '#101614' : '#fff'};color:${theme === 'dark' ? '#fff' : '#111'}}</style>`;
    const page = await open({ style: { theme }, locale, body, initialization: { payer: { customerId: customer.id, cardsIds: [saved.id] } } });
    await choose(page, way);
    await pay(page);
    await happened(page, 'onError');
    assert.deepEqual(await complaints(page), [], theme);
    await page.context().close();
  }
});

test('the ways are chosen by keyboard', async () => {
  const page = await open({ initialization: { payer: { email: 'a@testuser.com' } } });
  await page.locator('[data-way="creditCardForm"] input[type="radio"]').focus();
  await page.keyboard.press('Space');
  await page.waitForSelector('iframe[name="cardNumber"]');
  await page.locator('[data-way="creditCardForm"] input[type="radio"]').focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await page.locator('.chosen:is([data-way^="ticket-"], [data-way^="bankTransfer-"])').waitFor();
  await page.context().close();
});

test('when nothing can be looked up the brick says so and tries again', async () => {
  const shop = await world.page('<div id="brick"></div>');
  await shop.route('**/v1/payment_methods?*', (route) => route.abort());
  await shop.evaluate(async (key) => {
    window.log = [];
    const callbacks = { onReady: () => log.push('ready'), onError: ({ type, cause }) => log.push(`${type} ${cause}`) };
    await new MercadoPago(key, { locale: 'es-AR' }).bricks().create('payment', 'brick', { initialization: { amount: 100 }, customization: { paymentMethods: { bankTransfer: 'all' } }, callbacks });
  }, seller().public_key);
  await shop.waitForSelector('text=Reintentar');
  assert.deepEqual(await shop.evaluate(() => log), ['critical get_payment_methods_failed']);
  await shop.unroute('**/v1/payment_methods?*');
  await shop.click('text=Reintentar');
  await shop.waitForSelector('[data-way="bankTransfer-pix"]');
  await shop.context().close();
});
