// Notifications, judged by the SDK's own validator.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { InvalidWebhookSignatureError, WebhookSignatureValidator } from 'mercadopago';
import { payByCard, payByPix, payments, Receiver, refunds, sandbox, seller } from '../world.mjs';

let receiver;
before(async () => {
  receiver = await Receiver.open();
});
after(() => receiver.close());

const validate = (delivery, secret = seller().webhook_secret) =>
  WebhookSignatureValidator.validate({
    xSignature: delivery.headers['x-signature'],
    xRequestId: delivery.headers['x-request-id'],
    dataId: delivery.query.get('data.id'),
    secret,
    toleranceSeconds: 600,
  });

const about = (id, action) => (delivery) =>
  delivery.query.get('data.id') === String(id) && (!action || delivery.body.action === action);

test('a payment is notified and the signature holds', async () => {
  const payment = await payByCard({ changes: { notification_url: `${receiver.url}?source_news=webhooks` } });
  const delivery = await receiver.waitFor(about(payment.id));
  validate(delivery);
  assert.equal(delivery.query.get('type'), 'payment');
  assert.equal(delivery.query.get('source_news'), 'webhooks');
  assert.equal(delivery.body.type, 'payment');
  assert.equal(delivery.body.data.id, String(payment.id));
  assert.equal(delivery.body.user_id, String(seller().user_id), 'a string, as live deliveries have it');
  assert.equal(delivery.body.live_mode, false);
});

test('a forged or altered delivery is refused', async () => {
  const payment = await payByCard({ changes: { notification_url: `${receiver.url}?source_news=webhooks` } });
  const delivery = await receiver.waitFor(about(payment.id));
  assert.throws(() => validate(delivery, seller('MLA').webhook_secret), InvalidWebhookSignatureError);
  delivery.query.set('data.id', '1');
  assert.throws(() => validate(delivery), InvalidWebhookSignatureError);
});

test('each later change is notified', async () => {
  const payment = await payByPix({ notification_url: `${receiver.url}?source_news=webhooks` });
  validate(await receiver.waitFor(about(payment.id, 'payment.created')));
  await sandbox('pay', payment.id);
  const update = await receiver.waitFor(about(payment.id, 'payment.updated'));
  validate(update);
  assert.equal((await payments().get({ id: update.body.data.id })).status, 'approved');
});

test('a refund is notified', async () => {
  const payment = await payByCard({ changes: { notification_url: `${receiver.url}?source_news=webhooks` } });
  await receiver.waitFor(about(payment.id, 'payment.created'));
  await refunds().total({ payment_id: payment.id });
  validate(await receiver.waitFor(about(payment.id, 'payment.updated')));
});

// This platform's own routes, for one seller whose secret nobody else's test counts on.
const own = async (method, path, body) => {
  const response = await fetch(`${process.env.PASARELA_SERVER}/pasarela/webhooks${path}`, {
    method,
    headers: { Authorization: `Bearer ${seller('MPE').access_token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return response.json();
};

test("the application's own address is told, also of what is only simulated, and signed with a new secret", async () => {
  const before = seller('MPE').webhook_secret;
  await own('PUT', '', { url: `${receiver.url}?of=application`, topics: ['payment', 'order'] });
  const payment = await payByCard({ site: 'MPE' });
  const delivery = await receiver.waitFor(about(payment.id, 'payment.created'));
  assert.equal(delivery.query.get('of'), 'application');
  validate(delivery, before);

  const simulated = await own('POST', '/simulate', { topic: 'order', data_id: 'ORD01JQ4S4KY8HWQ6NA5PXB65B3D3' });
  assert.equal(simulated.delivered, true);
  const order = await receiver.waitFor((came) => came.body.type === 'order');
  assert.equal(order.body.data.id, 'ORD01JQ4S4KY8HWQ6NA5PXB65B3D3');
  validate(order, before);

  const { secret } = await own('POST', '/secret', { grace: 'PT1H' });
  const later = await payByCard({ site: 'MPE' });
  validate(await receiver.waitFor(about(later.id, 'payment.created')), secret);
});

// Payments have numbers for ids. Orders, hexadecimal ids and none at all are signed by the same function.
const SHAPES = {
  'a number': '123456789012',
  'an order': 'ORD01JQ4S4KY8HWQ6NA5PXB65B3D3',
  'a hexadecimal id': '2c938084726fca480172750000000000',
  'a UUID': '0d5020ed-1af6-469c-ae06-c3bec19954bb',
  'no id': null,
};

for (const [shape, id] of Object.entries(SHAPES)) {
  for (const requestId of ['2066ca19-c6f1-498a-be75-1923005edd06', null]) {
    test(`the signature of ${shape} holds ${requestId ? 'with' : 'without'} a request id`, () => {
      const secret = seller().webhook_secret;
      const ts = Math.floor(Date.now() / 1000);
      const input = JSON.stringify({ secret, id, request_id: requestId, ts });
      const signed = JSON.parse(execFileSync(process.env.PASARELA_SIGNER, { input }).toString());
      const question = { xSignature: signed.x_signature, xRequestId: requestId, secret, toleranceSeconds: 600 };
      WebhookSignatureValidator.validate({ ...question, dataId: signed.data_id });
      // Receivers written after the documentation lower-case the id before they verify.
      WebhookSignatureValidator.validate({ ...question, dataId: signed.data_id?.toLowerCase() });
      assert.throws(
        () => WebhookSignatureValidator.validate({ ...question, dataId: 'other' }),
        InvalidWebhookSignatureError,
      );
    });
  }
}
