// Refunds, whole and in parts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { payByCard, payments, refunds } from '../world.mjs';

test('a payment is refunded whole', async () => {
  const { id } = await payByCard();
  const refund = await refunds().total({ payment_id: id });
  assert.equal(refund.api_response.status, 201);
  assert.equal(refund.payment_id, id);
  assert.equal(refund.amount, 100.5);
  assert.equal(refund.status, 'approved');
  assert.equal(typeof refund.amount_refunded_to_payer, 'number');
  const payment = await payments().get({ id });
  assert.equal(payment.status, 'refunded');
  assert.equal(payment.transaction_amount_refunded, 100.5);
  assert.equal(payment.refunds.length, 1);
});

test('a payment is refunded in parts until nothing is left', async () => {
  const { id } = await payByCard();
  const first = await refunds().create({ payment_id: id, body: { amount: 5 } });
  assert.equal(first.amount, 5);
  let payment = await payments().get({ id });
  assert.equal(payment.status, 'approved');
  assert.equal(payment.status_detail, 'partially_refunded');
  assert.equal(payment.transaction_amount_refunded, 5);
  await refunds().create({ payment_id: id, body: { amount: 95.5 } });
  payment = await payments().get({ id });
  assert.equal(payment.status, 'refunded');
  await assert.rejects(refunds().create({ payment_id: id, body: { amount: 1 } }), { status: 400 });
});

test('more than was paid is not refunded', async () => {
  const { id } = await payByCard();
  await assert.rejects(refunds().create({ payment_id: id, body: { amount: 1000 } }), (error) => {
    assert.equal(error.status, 400);
    assert.equal(error.causes[0].code, 2017);
    return true;
  });
});

test('refunds are listed and read', async () => {
  const { id } = await payByCard();
  const one = await refunds().create({ payment_id: id, body: { amount: 10 } });
  const two = await refunds().create({ payment_id: id, body: { amount: 20 } });
  const list = await refunds().list({ payment_id: id });
  assert.ok(Array.isArray(list));
  assert.deepEqual(list.map((refund) => refund.id).sort(), [one.id, two.id].sort());
  const read = await refunds().get({ payment_id: id, refund_id: two.id });
  assert.equal(read.amount, 20);
});

test('a refund with the same key is made once', async () => {
  const { id } = await payByCard();
  const requestOptions = { idempotencyKey: `refund-of-${id}` };
  const first = await refunds().create({ payment_id: id, body: { amount: 10 }, requestOptions });
  const again = await refunds().create({ payment_id: id, body: { amount: 10 }, requestOptions });
  assert.equal(again.id, first.id);
  assert.equal((await payments().get({ id })).transaction_amount_refunded, 10);
});
