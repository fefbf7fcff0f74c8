// A busy server answers 503, and the SDK's own retry takes the payment once, under the same idempotency key.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { MercadoPagoConfig, Payment } from 'mercadopago';
import { payments, seller, unique } from '../world.mjs';

// The server takes so many bodies of the largest size at a time, and asks whoever comes then to come again.
const BODIES = 256;
const BODY_BYTES = 256 * 1024;

/** Clients that announce large bodies and send none of them. */
async function slowClients(token) {
  const server = new URL(process.env.PASARELA_SERVER);
  const head =
    `POST /v1/payments HTTP/1.1\r\nhost: ${server.host}\r\nauthorization: Bearer ${token}\r\n` +
    `content-length: ${BODY_BYTES}\r\n\r\n`;
  const clients = [];
  // One more than there is room for: when it is told to come again, there is no room.
  let full;
  const busy = new Promise((resolve) => {
    full = resolve;
  });
  for (let count = 0; count < BODIES + 1; count += 1) {
    const client = connect(Number(server.port), server.hostname);
    client.on('error', () => {});
    client.once('data', full);
    await once(client, 'connect');
    client.write(head);
    clients.push(client);
  }
  await busy;
  return clients;
}

test('a busy server is asked again and pays once', async () => {
  const accessToken = seller().access_token;
  const clients = await slowClients(accessToken);
  let retries = 0;
  const onRetry = () => {
    retries += 1;
    clients.splice(0).forEach((client) => client.destroy());
  };
  const reference = unique('retry');
  const busy = new Payment(new MercadoPagoConfig({ accessToken, options: { timeout: 20_000, onRetry } }));
  const payment = await busy.create({
    body: {
      transaction_amount: 10,
      payment_method_id: 'pix',
      external_reference: reference,
      payer: { email: 'test_user_77@testuser.com' },
    },
  });
  assert.ok(retries > 0, 'the first answer was 503');
  const found = await payments().search({ options: { external_reference: reference } });
  assert.deepEqual(found.results.map((each) => each.id), [payment.id]);
});
