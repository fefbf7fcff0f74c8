// `@mercadopago/sdk-react` from npm, unmodified, in a small page: it loads https://sdk.mercadopago.com/js/v2, which is this
// server here.
import assert from 'node:assert/strict';
import { build } from 'esbuild';
import { after, before, test } from 'node:test';
import { call, card, fillCard, type } from './brick.mjs';
import { becomes, frameOf, seller, World } from './world.mjs';

const SHOP = 'https://shop.example/';
const SOURCE = `
import { StrictMode, createElement as h, useState, useMemo } from 'react';
import { createRoot } from 'react-dom/client';
import * as mercadopago from '@mercadopago/sdk-react';

window.log = [];
const note = (name) => (...given) => { window.log.push([name, ...given]); };
const submit = (...given) => { window.log.push(['onSubmit', ...given]); return Promise.resolve(); };

function Page({ start }) {
  const [shown, show] = useState(start);
  window.show = show;
  const { name, props } = shown;
  const stable = useMemo(() => props, [JSON.stringify(props)]);
  const Component = name && mercadopago[name];
  const callbacks = useMemo(() => ({ onReady: note('onReady'), onError: note('onError'), onBinChange: note('onBinChange'), ...(name !== 'Wallet' && { onSubmit: submit }) }), [name]);
  return name === 'fields' ? h('div', null, h(mercadopago.CardNumber, { placeholder: '0000', onBinChange: note('binChange'), onReady: note('ready') }), h(mercadopago.ExpirationDate, { mode: 'short' }), h(mercadopago.SecurityCode, {})) : Component ? h(Component, { ...stable, ...callbacks }) : h('p', null, 'nothing');
}

window.start = (key, options, first) => {
  mercadopago.initMercadoPago(key, options);
  window.mercadopago = mercadopago;
  createRoot(document.getElementById('root')).render(h(StrictMode, null, h(Page, { start: first })));
};
`;

let world;
let script;
before(async () => {
  world = await World.open({ hosts: true });
  const bundle = await build({
    stdin: { contents: SOURCE, resolveDir: new URL('..', import.meta.url).pathname, loader: 'js' },
    bundle: true, write: false, format: 'iife', define: { 'process.env.NODE_ENV': '"development"' },
  });
  script = `<script>${bundle.outputFiles[0].text.replaceAll('</script', '<\\/script')}</script>`;
});
after(() => world.close());

async function open(name, props, { mode = 'test' } = {}) {
  const page = await world.page(`<div id="root"></div>${script}`, { library: '', url: SHOP });
  await page.evaluate(([key, first]) => start(key, { locale: 'pt-BR' }, first), [seller('MLB', mode).public_key, { name, props }]);
  return page;
}
const heard = (page, name) => page.evaluate((name) => log.filter(([known]) => known === name).map(([, ...given]) => given), name);
const hears = (page, name, count = 1) =>
  page.waitForFunction(([name, count]) => log.filter(([known]) => known === name).length >= count, [name, count]).catch(async (error) => {
    throw new Error(`${name}: ${JSON.stringify(await page.evaluate(() => log))} ${page.errors} ${page.logged.slice(-5)}`, { cause: error });
  });

test('<CardPayment> pays with live credentials from the hosts that pages have built in', async () => {
  const page = await open('CardPayment', { initialization: { amount: 100 } }, { mode: 'live' });
  const origins = new Set();
  page.on('request', (request) => origins.add(new URL(request.url()).origin));
  await hears(page, 'onReady');
  assert.equal(await page.locator('iframe[name="cardNumber"]').count(), 1, 'once, in strict mode');
  assert.equal(new URL((await frameOf(page, 'cardNumber')).url()).origin, 'https://secure-fields.mercadopago.com');
  await fillCard(page, 'MLB', card('MLB'), { installments: 1, email: 'buyer@example.com' });
  await page.click('button.pay');
  await hears(page, 'onSubmit');
  const [[data, additional]] = await heard(page, 'onSubmit');
  assert.equal(additional.lastFourDigits, '6351');
  assert.equal(data.payment_method_id, 'master');
  assert.deepEqual([...origins].filter((origin) => !origin.endsWith('.mercadopago.com')), []);
  assert.deepEqual(await heard(page, 'onError'), []);
  // Another one in its place, and none: what a component leaves behind is nothing.
  await page.evaluate(() => show({ name: 'CardPayment', props: { initialization: { amount: 250 } } }));
  await hears(page, 'onReady', 2);
  await becomes(() => page.locator('iframe').count(), 3);
  await page.evaluate(() => show({}));
  await page.waitForSelector('text=nothing');
  await becomes(() => page.locator('iframe').count(), 0);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('<Payment>, <StatusScreen> and <Wallet> are made and updated', async () => {
  const preference = await call(world, 'MLB', 'POST', '/checkout/preferences', { items: [{ title: 'Mate', quantity: 1, unit_price: 100 }] });
  const payer = { email: 'test_user_5551234@testuser.com' };
  const page = await open('Payment', { initialization: { amount: 100, payer, preferenceId: preference.id }, customization: { paymentMethods: { bankTransfer: 'all', creditCard: 'all', mercadoPago: ['wallet_purchase'] } } });
  await hears(page, 'onReady');
  await page.click('[data-way="bankTransfer-pix"] label');
  await page.evaluate(() => window.paymentBrickController.update({ amount: 40 }));
  await page.click('button.pay');
  await hears(page, 'onSubmit');
  const [[{ formData }]] = await heard(page, 'onSubmit');
  const payment = await call(world, 'MLB', 'POST', '/v1/payments', formData);
  assert.equal(payment.transaction_amount, 40);
  await page.evaluate((paymentId) => show({ name: 'StatusScreen', props: { initialization: { paymentId } } }), String(payment.id));
  await hears(page, 'onReady', 2);
  await page.waitForSelector('text=Copiar código Pix');
  await page.evaluate((preferenceId) => show({ name: 'Wallet', props: { initialization: { preferenceId } } }), preference.id);
  await hears(page, 'onReady', 3);
  await page.locator('button.pay').waitFor();
  assert.deepEqual(await heard(page, 'onError'), []);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('its secure fields and its functions', async () => {
  const page = await open('fields', {});
  await hears(page, 'ready');
  for (const name of ['cardNumber', 'expirationDate', 'securityCode']) await page.waitForSelector(`iframe[name="${name}"]`);
  const { number, cvv } = card('MLB');
  await type(page, 'cardNumber', number);
  await type(page, 'expirationDate', '1130');
  await type(page, 'securityCode', cvv);
  await hears(page, 'binChange');
  const token = await page.evaluate(() => mercadopago.createCardToken({ cardholderName: 'APRO', identificationType: 'CPF', identificationNumber: '12345678909' }));
  assert.equal(token.last_four_digits, '6351');
  assert.deepEqual(await page.evaluate(() => mercadopago.getIdentificationTypes().then((types) => types.map(({ id }) => id))), ['CPF', 'CNPJ']);
  assert.equal(await page.evaluate(() => mercadopago.createAuthenticator('100', 'a@testuser.com').then(() => 'one', ({ code }) => code)), 'AUTHENTICATION_FLOW_NOT_SUPPORTED');
  await page.context().close();
});
