// The redirect checkout: the clients `Preference` and `MerchantOrder`, and what a buyer's payment does to both.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MerchantOrder, Preference } from 'mercadopago';
import { configuration, payments, Receiver, seller, testCard, unique } from '../world.mjs';

const preferences = (site, mode) => new Preference(configuration(site, mode));
const orders = () => new MerchantOrder(configuration());

const ITEMS = [{ id: '1234', title: 'Dummy Title', description: 'Dummy', category_id: 'car_electronics', quantity: 1, currency_id: 'BRL', unit_price: 100 }];

async function preference(changes = {}) {
  return preferences().create({ body: { items: ITEMS, ...changes } });
}

/** A buyer's browser without scripts: the forms of the hosted checkout, sent as a browser sends them. */
async function payByCard(initPoint, holder) {
  const card = testCard('MLB');
  const number = { card_number: card.number, card_expiry: '11/30', card_code: card.cvv, card_holder: holder };
  const typed = { ...number, document_type: 'CPF', document_number: '12345678909', email: 'test_user_5551234@testuser.com' };
  const page = await fetch(initPoint);
  assert.equal(page.status, 200);
  const form = await post(new URL(initPoint.replace('/redirect', '/card')), typed);
  assert.equal(form.status, 200);
  const html = await form.text();
  const fields = Object.fromEntries(
    [...html.matchAll(/<input type="(hidden|radio)" name="([^"]+)" value="([^"]*)"( checked)?/g)]
      .filter(([, kind, , , checked]) => kind === 'hidden' || checked)
      .map(([, , name, value]) => [name, value]),
  );
  const paid = await post(new URL(initPoint.replace('/redirect', '/pay')), fields);
  assert.equal(paid.status, 303);
  const result = new URL(paid.headers.get('location'), initPoint);
  return { id: result.searchParams.get('payment_id'), html: await (await fetch(result)).text() };
}

function post(url, fields) {
  return fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
}

test('a preference is made, read, changed and found', async () => {
  const reference = unique('shop');
  const made = await preference({
    external_reference: reference,
    payer: { name: 'Test', surname: 'User', email: 'your_test_email@example.com', phone: { area_code: '11', number: '4444-4444' } },
    back_urls: { success: 'https://test.com/success', failure: 'https://test.com/failure', pending: 'https://test.com/pending' },
    auto_return: 'all',
    payment_methods: { excluded_payment_methods: [{ id: 'master' }], excluded_payment_types: [{ id: 'ticket' }], installments: 12 },
    notification_url: 'https://notificationurl.com',
    expires: true,
    expiration_date_from: '2016-02-01T12:00:00.000-04:00',
    expiration_date_to: '2099-02-28T12:00:00.000-04:00',
  });
  assert.equal(made.api_response.status, 201);
  for (const name of ['init_point', 'client_id', 'date_created', 'id', 'sandbox_init_point', 'site_id']) {
    assert.equal(typeof made[name], 'string', name);
  }
  assert.equal(made.collector_id, seller().user_id);
  const read = await preferences().get({ preferenceId: made.id });
  assert.equal(read.api_response.status, 200);
  assert.equal(read.external_reference, reference);
  const changed = await preferences().update({ id: made.id, updatePreferenceRequest: { items: [{ id: 'x', title: 'Other', quantity: 1, unit_price: 20 }] } });
  assert.equal(changed.api_response.status, 200);
  for (const name of ['id', 'category_id', 'currency_id', 'description', 'title']) {
    assert.equal(typeof changed.items[0][name], 'string', name);
  }
  assert.equal(changed.auto_return, 'all');
  const found = await preferences().search({ options: { external_reference: reference, limit: 1 } });
  assert.equal(found.total, 1);
  assert.equal(found.next_offset, 1);
  assert.equal(found.elements[0].id, made.id);
  assert.deepEqual(found.elements[0].items, ['Other']);
});

test('a fault is told in its own words', async () => {
  await assert.rejects(preference({ auto_return: 'approved' }), (error) => {
    assert.equal(error.status, 400);
    assert.equal(error.error, 'invalid_auto_return');
    assert.equal(error.message, 'auto_return invalid. back_url.success must be defined');
    return true;
  });
});

test('a merchant order is made, read, changed and found', async () => {
  const { id: preferenceId } = await preference();
  const made = await orders().create({ body: { preference_id: preferenceId } });
  assert.equal(made.api_response.status, 201);
  assert.equal(typeof made.id, 'number');
  for (const name of ['preference_id', 'status', 'site_id', 'date_created', 'last_updated', 'order_status']) {
    assert.equal(typeof made[name], 'string', name);
  }
  for (const name of ['shipping_cost', 'total_amount', 'paid_amount', 'refunded_amount']) {
    assert.equal(typeof made[name], 'number', name);
  }
  assert.equal(typeof made.cancelled, 'boolean');
  assert.equal(made.is_test, true);
  const read = await orders().get({ merchantOrderId: made.id });
  assert.equal(read.api_response.status, 200);
  const changed = await orders().update({ merchantOrderId: made.id, body: { notification_url: 'https://notificationurl.com' } });
  assert.equal(changed.notification_url, 'https://notificationurl.com');
  const found = await orders().search({ options: { preference_id: preferenceId } });
  assert.deepEqual(found.elements.map((order) => order.id), [made.id]);
});

test('a buyer pays at init_point, and the shop fulfils from the notification of the order', async () => {
  const receiver = await Receiver.open();
  const reference = unique('order');
  try {
    const made = await preference({ external_reference: reference, notification_url: `${receiver.url}?source_news=ipn` });
    const refused = await payByCard(made.init_point, 'OTHE');
    assert.match(refused.html, /data-progress="rejected"/);
    const approved = await payByCard(made.init_point, 'APRO');
    assert.match(approved.html, /data-progress="paid"/);
    const payment = await payments().get({ id: approved.id });
    assert.equal(payment.status, 'approved');
    assert.equal(payment.external_reference, reference);
    const told = await receiver.waitFor(({ query }) => query.get('topic') === 'merchant_order');
    assert.equal(told.query.get('id'), payment.order.id);
    assert.match(told.body.resource, /\/merchant_orders\/\d+$/);
    const order = await orders().get({ merchantOrderId: payment.order.id });
    assert.equal(order.status, 'closed');
    assert.equal(order.order_status, 'paid');
    assert.deepEqual(order.payments.map(({ id, status }) => [String(id), status]), [[refused.id, 'rejected'], [approved.id, 'approved']]);
  } finally {
    await receiver.close();
  }
});
