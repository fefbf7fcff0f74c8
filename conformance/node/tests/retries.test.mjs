// A busy server answers 503, and the SDK's own retry takes the payment once, under the same idempotency key.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { MercadoPagoConfig, Payment } from 'mercadopago';
import { payments, seller, unique } from '../world.mjs';

// The server holds so many bodies of the largest size at a time, and asks whoever comes then to come again.
const BODIES = 256;
const BODY_BYTES = 256 * 1024;
// So often in a row must it say so: a body that is being turned away gives its memory back in the same moment.
const SURE = 5;

/** A client that sends a body of the largest size, and never its last byte. */
async function slowClient(server, token) {
  const head =
    `POST /v1/payments HTTP/1.1\r\nhost: ${server.host}\r\nauthorization: Bearer ${token}\r\n` +
    `content-length: ${BODY_BYTES}\r\n\r\n`;
  const client = connect(Number(server.port), server.hostname);
  client.on('error', () => {});
  client.once('data', () => {
    client.isAnswered = true;
  });
  await once(client, 'connect');
  client.write(head);
  client.write(Buffer.alloc(BODY_BYTES - 1, ' '));
  return client;
}

/** Whether there is no room for even a small body. */
async function isBusy(server, token) {
  const answer = await fetch(new URL('/v1/payments', server), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: '{}',
  });
  await answer.arrayBuffer();
  return answer.status === 503;
}

/** As many slow clients as fill the server's memory for bodies, when it is full. */
async function slowClients(token) {
  const server = new URL(process.env.PASARELA_SERVER);
  const clients = await Promise.all(Array.from({ length: BODIES }, () => slowClient(server, token)));
  const deadline = Date.now() + 300_000;
  for (let inARow = 0; inARow < SURE; ) {
    assert.ok(Date.now() < deadline, 'the server is busy');
    inARow = (await isBusy(server, token)) ? inARow + 1 : 0;
    // Who was answered was turned away, or was too slow: somebody else takes the place.
    for (const [index, client] of clients.entries()) {
      if (!client.isAnswered) continue;
      client.destroy();
      clients[index] = await slowClient(server, token);
      inARow = 0;
    }
  }
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
  const busy = new Payment(new MercadoPagoConfig({ accessToken, options: { timeout: 120_000, onRetry } }));
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
