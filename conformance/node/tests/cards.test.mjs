// Paying by card: tokens, every outcome, reserve, capture and cancel.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AMOUNTS, buyer, cardToken, cardTokens, payByCard, payments, rows, sandbox, seller, testCard, unique } from '../world.mjs';

test('a card token shows what may be shown of the card, and nothing else', async () => {
  const card = testCard('MLB');
  const token = await cardTokens().create({
    body: {
      card_number: card.number,
      security_code: '123',
      expiration_month: '11',
      expiration_year: '2030',
      cardholder: { name: 'APRO', identification: { type: 'CPF', number: '12345678909' } },
    },
  });
  assert.match(token.id, /^[0-9a-f]{32}$/);
  assert.equal(token.api_response.status, 201);
  assert.equal(token.first_six_digits, card.number.slice(0, 6));
  assert.equal(token.last_four_digits, card.number.slice(-4));
  assert.equal(token.status, 'active');
  assert.equal(token.cardholder.name, 'APRO');
  assert.ok(!JSON.stringify(token).includes(card.number));
});

test('a card token can be read again', async () => {
  const id = await cardToken();
  const token = await cardTokens().get({ id });
  assert.equal(token.id, id);
  assert.equal(token.status, 'active');
});

test('a card payment is approved, with the method inferred from the card', async () => {
  const external_reference = unique('order');
  const payment = await payByCard({
    changes: {
      external_reference,
      description: 'Blue shirt',
      statement_descriptor: 'MYSHOP',
      metadata: { orderNumber: '7' },
      additional_info: { items: [{ id: '1', title: 'Shirt', quantity: 1, unit_price: 100.5 }] },
    },
  });
  assert.equal(payment.api_response.status, 201);
  assert.equal(typeof payment.id, 'number');
  assert.equal(payment.status, 'approved');
  assert.equal(payment.status_detail, 'accredited');
  assert.equal(payment.payment_method_id, 'master');
  assert.equal(payment.payment_type_id, 'credit_card');
  assert.equal(payment.transaction_amount, 100.5);
  assert.equal(payment.currency_id, 'BRL');
  assert.equal(payment.collector_id, seller().user_id);
  assert.equal(payment.live_mode, false);
  assert.equal(payment.captured, true);
  assert.equal(payment.external_reference, external_reference);
  assert.equal(payment.statement_descriptor, 'MYSHOP');
  assert.deepEqual(payment.metadata, { order_number: '7' });
  assert.equal(payment.additional_info.items[0].quantity, '1');
  assert.equal(typeof payment.payer.id, 'string');
  assert.equal(typeof payment.money_release_status, 'string');
  assert.equal(typeof payment.issuer_id, 'string');
  assert.match(payment.date_created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}-04:00$/);
  const card = testCard('MLB');
  assert.equal(payment.card.first_six_digits, card.number.slice(0, 6));
  assert.equal(payment.card.last_four_digits, card.number.slice(-4));
  const fees = payment.fee_details.filter((fee) => fee.fee_payer === 'collector').map((fee) => fee.amount);
  const net = payment.transaction_details.net_received_amount;
  assert.ok(fees.length > 0);
  assert.equal(Math.round(100 * (net + fees.reduce((sum, fee) => sum + fee, 0))), 10050);
});

test('a payment reads back as it was answered', async () => {
  const { api_response: created, ...payment } = await payByCard();
  const { api_response: read, ...again } = await payments().get({ id: payment.id });
  assert.equal(read.status, 200);
  assert.equal(again.id, payment.id);
  assert.deepEqual(Object.keys(again).sort(), Object.keys(payment).sort());
  assert.equal(again.status, payment.status);
  assert.deepEqual(again.fee_details, payment.fee_details);
});

for (const outcome of rows('test_outcomes.csv')) {
  test(`the holder ${outcome.cardholder_name} makes it ${outcome.status}, ${outcome.status_detail}`, async () => {
    const payment = await payByCard({ holder: outcome.cardholder_name });
    assert.equal(payment.api_response.status, 201, 'a declined card is not an error');
    assert.equal(payment.status, outcome.status);
    assert.equal(payment.status_detail, outcome.status_detail);
    assert.equal((await payments().get({ id: payment.id })).status, outcome.status);
  });
}

test('binary mode knows no third answer', async () => {
  const payment = await payByCard({ holder: 'CONT', changes: { binary_mode: true } });
  assert.equal(payment.status, 'rejected');
  assert.equal(payment.binary_mode, true);
});

test('a reserve is captured whole', async () => {
  const reserve = await payByCard({ changes: { capture: false } });
  assert.equal(reserve.status, 'authorized');
  assert.equal(reserve.status_detail, 'pending_capture');
  assert.equal(reserve.captured, false);
  const payment = await payments().capture({ id: reserve.id });
  assert.equal(payment.status, 'approved');
  assert.equal(payment.captured, true);
  assert.equal(payment.transaction_amount, AMOUNTS.MLB);
  assert.equal(typeof payment.date_approved, 'string');
});

test('a reserve is captured in part', async () => {
  const reserve = await payByCard({ changes: { capture: false } });
  const payment = await payments().capture({ id: reserve.id, transaction_amount: 75 });
  assert.equal(payment.status, 'approved');
  assert.equal(payment.transaction_amount, 75);
});

test('more than the reserve is not captured', async () => {
  const reserve = await payByCard({ changes: { capture: false } });
  await assert.rejects(payments().capture({ id: reserve.id, transaction_amount: 500 }), { status: 400 });
  assert.equal((await payments().get({ id: reserve.id })).status, 'authorized');
});

test('a reserve is cancelled', async () => {
  const reserve = await payByCard({ changes: { capture: false } });
  const payment = await payments().cancel({ id: reserve.id });
  assert.equal(payment.status, 'cancelled');
  assert.equal(payment.status_detail, 'by_collector');
});

test('a payment in process is cancelled', async () => {
  const pending = await payByCard({ holder: 'CONT' });
  assert.equal((await payments().cancel({ id: pending.id })).status, 'cancelled');
});

test('a payment in process is approved later', async () => {
  const pending = await payByCard({ holder: 'CONT' });
  await sandbox('approve', pending.id);
  const payment = await payments().get({ id: pending.id });
  assert.equal(payment.status, 'approved');
  assert.equal(payment.status_detail, 'accredited');
});

test('an approved payment is not cancelled', async () => {
  const payment = await payByCard();
  await assert.rejects(payments().cancel({ id: payment.id }), (error) => {
    assert.equal(error.status, 400);
    assert.equal(error.causes[0].code, 2018);
    return true;
  });
});

test('a debit card is a debit card', async () => {
  const payment = await payByCard({ card: testCard('MLB', 'debit_card') });
  assert.equal(payment.payment_type_id, 'debit_card');
  assert.equal(payment.status, 'approved');
});

test('a live credential makes a live payment', async () => {
  const token = await cardToken({ mode: 'live' });
  const payment = await payments('MLB', 'live').create({
    body: { transaction_amount: 100, token, installments: 1, payer: { ...buyer(), email: 'joana@example.com' } },
  });
  assert.equal(payment.live_mode, true);
});
