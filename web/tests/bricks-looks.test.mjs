// How the bricks look, each at least once: on a phone and on a desktop, light and dark.
import { after, before, test } from 'node:test';
import { call, card, cardSettings, fillCard, happened, openBrick } from './brick.mjs';
import { look, SCALE } from './looks.mjs';
import { frameOf, World } from './world.mjs';

let world;
before(async () => {
  world = await World.open();
});
after(() => world.close());

const EMAIL = 'test_user_5551234@testuser.com';
const WAYS = { creditCard: 'all', bankTransfer: 'all', ticket: 'all', mercadoPago: 'all' };
const payments = (amount, more = {}) => ({ settings: { initialization: { amount }, customization: { paymentMethods: WAYS }, ...more } });
const status = (payment) => ({ callbacks: ['onReady', 'onError'], settings: { initialization: { paymentId: String(payment.id) } } });

const typed = async (page) => {
  await fillCard(page, 'MLB', card('MLB'), { holder: 'APRO' });
  await page.waitForSelector('select[id$="installments"]');
};
const pix = () => call(world, 'MLB', 'POST', '/v1/payments', { transaction_amount: 100, payment_method_id: 'pix', payer: { email: EMAIL } });
const refused = async () => {
  const { number, cvv } = card('MLB');
  const cardholder = { name: 'FUND', identification: { type: 'CPF', number: '12345678909' } };
  const token = await call(world, 'MLB', 'POST', '/v1/card_tokens', { card_number: number, security_code: cvv, expiration_month: 11, expiration_year: 2030, cardholder });
  return call(world, 'MLB', 'POST', '/v1/payments', { transaction_amount: 100, installments: 1, token: token.id, payer: { email: EMAIL } });
};
const preference = async () => {
  const { id: preferenceId } = await call(world, 'MLB', 'POST', '/checkout/preferences', { items: [{ title: 'Mate', quantity: 1, unit_price: 100 }] });
  return { callbacks: ['onReady', 'onError'], settings: { initialization: { preferenceId } } };
};

/** A picture's name, the brick, its options, and what is done before it is taken. */
const BRICKS = [
  ['brick-card', 'cardPayment', () => ({ settings: cardSettings() })],
  ['brick-card-typed-dark', 'cardPayment', () => ({ settings: cardSettings(), style: { theme: 'dark' }, dark: true }), typed],
  ['brick-payment', 'payment', () => payments(100)],
  ['brick-payment-desk-dark', 'payment', () => ({ ...payments(100), style: { theme: 'dark' }, dark: true, desk: true, locale: 'es-AR' })],
  ['brick-payment-pix', 'payment', () => payments(100), (page) => page.click('[data-way="bankTransfer-pix"] label')],
  ['brick-wallet', 'wallet', preference],
  ['brick-status-pix', 'statusScreen', async () => status(await pix())],
  ['brick-status-refused-desk', 'statusScreen', async () => ({ ...status(await refused()), desk: true })],
  ['brick-brand-desk', 'brand', () => ({ site: 'MLA', locale: 'es-AR', callbacks: ['onReady'], desk: true })],
];

for (const [name, brick, options, go] of BRICKS) {
  test(`${name}: it looks as it should`, async () => {
    const { desk, dark, ...given } = await options();
    const page = await openBrick(world, brick, { ...given, scale: SCALE });
    if (desk) await page.setViewportSize({ width: 900, height: 700 });
    if (dark) await page.evaluate(() => (Object.assign(document.body.style, { background: '#101614', color: '#e8efec' })));
    await happened(page, 'onReady');
    if (brick === 'cardPayment') await frameOf(page, 'securityCode');
    await go?.(page);
    await look(page, name);
    await page.context().close();
  });
}
