// Refusals, as the SDK's own error classes show them; and idempotency.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  MercadoPagoConfig,
  MPAuthenticationError,
  MPBadRequestError,
  MPForbiddenError,
  MPNotFoundError,
  Payment,
} from 'mercadopago';
import { buyer, cardToken, payByCard, payByPix, payments, seller, unique } from '../world.mjs';

const refusal = (kind, status, code) => (error) => {
  assert.ok(error instanceof kind, `${error}`);
  assert.equal(error.status, status);
  if (code !== undefined) assert.equal(error.causes[0].code, code);
  assert.ok(error.message.length > 0);
  return true;
};

test('a wrong amount is refused with its code', async () => {
  await assert.rejects(payByPix({ transaction_amount: 'a hundred' }), refusal(MPBadRequestError, 400, 4003));
});

test('an amount with a third decimal is refused', async () => {
  await assert.rejects(payByPix({ transaction_amount: 10.005 }), refusal(MPBadRequestError, 400));
});

test('a wrong e-mail address is refused with its code', async () => {
  await assert.rejects(payByPix({ payer: { email: 'nobody' } }), refusal(MPBadRequestError, 400, 4050));
});

test('an unknown payment method is refused', async () => {
  await assert.rejects(payByPix({ payment_method_id: 'shells' }), refusal(MPBadRequestError, 400));
});

test('an unknown card token is refused', async () => {
  const body = { transaction_amount: 10, token: 'f'.repeat(32), installments: 1, payer: buyer() };
  await assert.rejects(payments().create({ body }), refusal(MPBadRequestError, 400));
});

test('a card token pays once', async () => {
  const token = await cardToken();
  const body = { transaction_amount: 10, token, installments: 1, payer: buyer() };
  assert.equal((await payments().create({ body })).status, 'approved');
  await assert.rejects(payments().create({ body }), refusal(MPBadRequestError, 400));
});

test('a payment that is not there is not found', async () => {
  await assert.rejects(payments().get({ id: 1 }), refusal(MPNotFoundError, 404, 2000));
});

test("another seller's payment is not found", async () => {
  const { id } = await payByPix();
  await assert.rejects(payments('MLA').get({ id }), refusal(MPNotFoundError, 404, 2000));
  await assert.rejects(payments('MLB', 'live').get({ id }), refusal(MPNotFoundError, 404, 2000));
});

test('a wrong token is not authenticated', async () => {
  const client = new Payment(new MercadoPagoConfig({ accessToken: 'invalid_access_token' }));
  await assert.rejects(client.search(), refusal(MPAuthenticationError, 401));
});

test('a public key may not take payments', async () => {
  const client = new Payment(new MercadoPagoConfig({ accessToken: seller().public_key }));
  await assert.rejects(
    client.create({ body: { transaction_amount: 1, payment_method_id: 'pix', payer: buyer() } }),
    (error) => error instanceof MPAuthenticationError || error instanceof MPForbiddenError,
  );
});

test('the same key gives the same payment', async () => {
  const requestOptions = { idempotencyKey: unique('key') };
  const body = { transaction_amount: 12.34, payment_method_id: 'pix', payer: buyer() };
  const first = await payments().create({ body, requestOptions });
  const again = await payments().create({ body, requestOptions });
  assert.equal(first.api_response.status, 201);
  assert.equal(again.api_response.status, 200);
  assert.equal(again.id, first.id);
});

test('the same key at the same time gives one payment', async () => {
  const requestOptions = { idempotencyKey: unique('race') };
  const external_reference = unique('race');
  const body = { transaction_amount: 12.34, payment_method_id: 'pix', payer: buyer(), external_reference };
  const all = await Promise.all(Array.from({ length: 8 }, () => payments().create({ body, requestOptions })));
  assert.equal(new Set(all.map((payment) => payment.id)).size, 1);
  assert.equal((await payments().search({ options: { external_reference } })).paging.total, 1);
});

test('a refused request may use its key again', async () => {
  const requestOptions = { idempotencyKey: unique('corrected') };
  const body = { transaction_amount: -1, payment_method_id: 'pix', payer: buyer() };
  await assert.rejects(payments().create({ body, requestOptions }), refusal(MPBadRequestError, 400));
  const payment = await payments().create({ body: { ...body, transaction_amount: 1 }, requestOptions });
  assert.equal(payment.status, 'pending');
});

test('every answer names its request', async () => {
  const payment = await payByCard();
  assert.ok(payment.api_response.headers['x-request-id'][0].length > 0);
});
