// `window.Mercadopago`: a page written for the library's first version, against the real server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { leaks } from './eavesdropper.mjs';
import { CARDS, eventually, logs, seller, World } from './world.mjs';

let world;
before(async () => {
  world = await World.open({ hosts: true });
});
after(() => world.close());

const script = () => `<script src="${world.url}/v1/mercadopago.js"></script>`;
const FORM = `<form id="pay">
  <input data-checkout="cardNumber" id="cardNumber"><input data-checkout="securityCode">
  <input data-checkout="cardExpirationMonth"><input data-checkout="cardExpirationYear">
  <input data-checkout="cardholderName">
  <label for="docType">Document</label><select data-checkout="docType" id="docType"></select><input data-checkout="docNumber" id="docNumber">
  <button>Pay</button></form>`;
const CARD = { cardNumber: '5031 4332 1540 6351', securityCode: '739', cardExpirationMonth: '11', cardExpirationYear: '30', cardholderName: 'APRO', docNumber: '12345678909' };

/** A page with the form and a session. */
async function shop({ body = FORM, site = 'MLB', mode = 'test', key = seller(site, mode).public_key, ...options } = {}) {
  const page = await world.page(body, { library: script(), language: 'pt', ...options });
  page.requests = [];
  page.on('request', (request) => page.requests.push(request));
  await page.evaluate((key) => {
    window.call = (name, ...given) => new Promise((resolve) => Mercadopago[name](...given, (status, response, parameters) => resolve({ status, response, parameters })));
    window.codes = ({ status, response }) => `${status} ${response.cause.map(({ code }) => code)}`;
    Mercadopago.setPublishableKey(key);
  }, key);
  return page;
}

async function fill(page, card = CARD) {
  for (const [name, value] of Object.entries(card)) await page.fill(`[data-checkout="${name}"]`, value);
}

test('the whole way of a first-version page: documents, method, issuers, instalments, token, payment', async () => {
  const page = await shop();
  await page.evaluate(() => Mercadopago.getIdentificationTypes());
  await eventually(page, () => [...document.getElementById('docType').options].map(({ value }) => value), null, ['CPF', 'CNPJ']);
  const looked = await page.evaluate(async () => {
    const method = await call('getPaymentMethod', { bin: '503143' });
    const id = method.response[0].id;
    return { method, issuers: await call('getIssuers', id), installments: await call('getInstallments', { bin: '503143', amount: 100.5 }) };
  });
  assert.equal(looked.method.status, 200);
  assert.equal(looked.method.response[0].id, 'master');
  assert.equal(looked.issuers.status, 200);
  assert.deepEqual(looked.installments.parameters, { bin: '503143', amount: 100.5 });
  assert.match(looked.installments.response[0].payer_costs[0].recommended_message, /parcela/);

  await fill(page);
  const { status, response } = await page.evaluate(() => call('createToken', document.getElementById('pay')));
  assert.equal(status, 200, JSON.stringify(response));
  assert.equal(response.last_four_digits, '6351');
  assert.equal(await page.evaluate(() => Mercadopago.tokenId), response.id);
  const payment = await world.pay({ token: response.id, payment_method_id: 'master' });
  assert.equal(payment.status, 'approved', JSON.stringify(payment));
  assert.deepEqual(page.errors, []);
  // A card is in no address, which is what gets logged.
  assert.deepEqual(leaks(page.requests.map((request) => request.url()), CARDS.MLB), []);
  await page.context().close();
});

test('the session makes a token that is completed, and `clearSession` makes another', async () => {
  const page = await shop();
  await page.waitForFunction(() => Mercadopago.tokenId);
  const first = await page.evaluate(() => Mercadopago.tokenId);
  await page.evaluate(() => Mercadopago.getIdentificationTypes());
  await page.waitForSelector('#docType option', { state: 'attached' });
  await fill(page);
  const token = (await page.evaluate(() => call('createToken', document.getElementById('pay')))).response;
  assert.equal(token.id, first);
  assert.notEqual(token.date_last_updated, undefined);
  assert.equal((await world.pay({ token: first })).status, 'approved');
  // Without clearSession, the next card is still one: its token is new.
  const second = (await page.evaluate(() => call('createToken', document.getElementById('pay')))).response;
  assert.notEqual(second.id, first);
  await page.evaluate(() => Mercadopago.clearSession());
  await page.waitForFunction((known) => Mercadopago.tokenId && Mercadopago.tokenId !== known, second.id);
  assert.equal((await world.pay({ token: second.id })).status, 'approved');
  await page.context().close();
});

test('what is wrong is told by its codes, before the card goes anywhere', async () => {
  const page = await shop();
  await page.waitForFunction(() => Mercadopago.tokenId && Mercadopago.getPaymentMethods().length > 0);
  await page.evaluate(() => call('getIdentificationTypes'));
  const before = page.requests.length;
  const given = [
    {},
    { ...CARD, docType: 'CPF', cardNumber: '5031433215406350' },
    { ...CARD, docType: 'CPF', cardNumber: '50314332' },
    { ...CARD, docType: 'CPF', securityCode: '12' },
    { ...CARD, docType: 'CPF', securityCode: '' },
    { ...CARD, docType: 'CPF', cardExpirationMonth: '13', cardExpirationYear: '1' },
    { ...CARD, docType: 'CPF', cardExpirationMonth: '01', cardExpirationYear: '2020' },
    { ...CARD, docType: 'CPF', cardholderName: 'N4me' },
    { ...CARD, docType: 'XYZ' },
    { ...CARD, docType: 'CPF', docNumber: '123' },
    { ...CARD, docType: 'CPF', cardExpirationMonth: undefined, cardExpirationYear: undefined, cardExpiration: '11/2019' },
  ];
  const codes = await page.evaluate(async (given) => {
    const told = [];
    for (const fields of given) {
      const answer = await call('createToken', fields);
      told.push(answer.status === 400 ? codes(answer) : `${answer.status}`);
    }
    return told;
  }, given);
  assert.deepEqual(codes, ['400 205,208,209,221', '400 E301', '400 E301', '400 E302', '200', '400 325,326', '400 325,326', '400 316', '400 322', '400 324', '400 325,326']);
  const calls = page.requests.slice(before).filter((request) => request.method() !== 'OPTIONS');
  assert.equal(calls.length, 1, 'the one that was good');
  await page.context().close();
});

test('a wrong BIN, a missing one, and a country without documents', async () => {
  const page = await shop({ site: 'MLM' });
  const [unknown, missing] = await page.evaluate(async () => [await call('getPaymentMethod', { bin: '999999' }), await call('getPaymentMethod', {})]);
  assert.deepEqual(unknown.response, { message: 'payment method not found', error: 'bad_request', status: 400, cause: [] });
  assert.deepEqual(missing.response.cause, { code: '2000', description: 'the payment_method_id or bin are required' });
  await page.evaluate(() => Mercadopago.getIdentificationTypes());
  await page.waitForSelector('#docType', { state: 'hidden' });
  await page.waitForSelector('label[for="docType"]', { state: 'hidden' });
  const byId = await page.evaluate(() => call('getPaymentMethod', { payment_method_id: 'oxxo' }));
  assert.equal(byId.response[0].payment_type_id, 'ticket');
  await page.context().close();
});

test('the checks that pages call themselves', async () => {
  const page = await shop();
  await page.evaluate(() => call('getIdentificationTypes'));
  const told = await page.evaluate(async () => ({
    luhn: [Mercadopago.validateLuhn('5031433215406351'), Mercadopago.validateLuhn('5031433215406350')],
    names: [Mercadopago.validateCardholderName('José da Silva'), Mercadopago.validateCardholderName('4')],
    dates: [Mercadopago.validateExpiryDate('11/2040'), Mercadopago.validateExpiryDate(11, 40), Mercadopago.validateExpiryDate('11', '2019'), Mercadopago.validateExpiryDate('x')],
    documents: [Mercadopago.validateIdentification('CPF', '12345678909'), Mercadopago.validateIdentification('CPF', '1'), Mercadopago.validateIdentification('XYZ', '12345678909')],
    numbers: [(await call('validateCardNumber', '5031433215406351')).response, (await call('validateCardNumber', '5031433215406351', 'visa')).response],
    codes: [(await call('validateSecurityCode', '739', '503143')).response, (await call('validateSecurityCode', '7391', '503143')).response],
    version: Mercadopago.version,
  }));
  assert.deepEqual(told, {
    luhn: [true, false],
    names: [true, false],
    dates: [true, true, false, false],
    documents: [true, false, false],
    numbers: [true, false],
    codes: [true, false],
    version: '1.2.4',
  });
  await page.context().close();
});

test('a `name` on card data is taken away and reported, and with real money refused', async () => {
  const named = FORM.replace('data-checkout="cardNumber"', 'data-checkout="cardNumber" name="number"');
  const page = await world.page(named, { library: script() });
  const reported = page.waitForRequest((request) => request.url().includes('/track_error') && request.method() === 'POST');
  await page.evaluate((key) => Mercadopago.setPublishableKey(key), seller().public_key);
  assert.match((await reported).postDataJSON().type, /^DSS-127\.0\.0\.1/);
  assert.equal(await page.evaluate(() => document.getElementById('cardNumber').name), '');
  await logs(page, /should have no `name`/);
  await page.context().close();

  const live = await world.page(named, { library: '<script src="https://api.mercadopago.com/v1/mercadopago.js"></script>', url: 'https://shop.example/' });
  const refused = await live.evaluate(async (key) => {
    Mercadopago.setPublishableKey(key);
    return new Promise((resolve) => Mercadopago.createToken(document.getElementById('pay'), (status, response) => resolve({ status, response })));
  }, seller('MLB', 'live').public_key);
  assert.equal(refused.status, 400);
  assert.match(refused.response.cause[0].description, /cardNumber should have no `name`/);
  await live.context().close();
});

test('live card data does not leave a page without TLS', async () => {
  const page = await world.page(FORM, { library: script() });
  const thrown = await page.evaluate((key) => {
    try {
      Mercadopago.setPublishableKey(key);
    } catch (error) {
      return error.message;
    }
  }, seller('MLB', 'live').public_key);
  assert.match(thrown, /HTTPS/);
  await page.context().close();
});

test('an unmodified page with the original address pays with live credentials', async () => {
  const library = '<script src="https://secure.mlstatic.com/sdk/javascript/v1/mercadopago.js"></script>';
  const page = await shop({ library, mode: 'live', url: 'https://shop.example/' });
  await page.evaluate(() => call('getIdentificationTypes').then(({ response }) => document.getElementById('docType').append(...response.map(({ id }) => new Option(id, id)))));
  await fill(page);
  const { status, response } = await page.evaluate(() => call('createToken', document.getElementById('pay')));
  assert.equal(status, 200, JSON.stringify(response));
  assert.equal(response.live_mode, true);
  assert.deepEqual([...new Set(page.requests.map((request) => new URL(request.url()).origin))], ['https://api.mercadopago.com']);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('a page that runs its own copy of the original script is served by its protocol of scripts', async () => {
  const page = await world.page('');
  const told = await page.evaluate(
    async ([url, key, card]) => {
      const load = (path, method, body) =>
        new Promise((resolve, reject) => {
          const name = `sjsonp${Date.now()}`;
          window[name] = ([status, , response]) => resolve({ status, response });
          const script = document.createElement('script');
          script.onerror = () => reject(new Error('the script did not load'));
          script.src = `${url}${path}?_body=${JSON.stringify(body)}&&_method=${method}&public_key=${key}&js_version=1.2.4&callback=${name}`;
          document.head.append(script);
        });
      const empty = await load('/v1/card_tokens', 'POST', {});
      const body = { card_number: card.number, security_code: card.cvv, expiration_month: 11, expiration_year: 2030, cardholder: { name: 'JOSÉ APRO', identification: { type: 'CPF', number: '12345678909' } } };
      const filled = await load(`/v1/card_tokens/${empty.response.id}`, 'PUT', body);
      return [empty, filled, await load('/v1/card_tokens', 'POST', { ...body, card_number: '1' })];
    },
    [world.url, seller().public_key, CARDS.MLB],
  );
  assert.deepEqual(told.map(({ status }) => status), [201, 200, 400]);
  assert.equal(told[1].response.cardholder.name, 'JOSÉ APRO');
  assert.equal(told[2].response.cause[0].code, 'E301');
  assert.equal((await world.pay({ token: told[1].response.id })).status, 'approved');
  await page.context().close();
});
