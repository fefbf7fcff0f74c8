// A shop: an HTTP server of its own, with the official SDK, unmodified. It ships an order when it learns that it is paid,
// and it learns so from notifications alone: never from the answer to a payment, nor from a buyer who comes back.
//
// Started by the test with a channel (`fork`); it says its port when it is ready. SHOP_DEFECT makes it a bad shop, to
// prove that the test finds one.
import { createServer } from 'node:http';
import { InvalidWebhookSignatureError, MercadoPagoConfig, MerchantOrder, Payment, Preference, WebhookSignatureValidator } from 'mercadopago';
import { Journal } from './journal.mjs';

const { SHOP_PORT, SHOP_JOURNAL, SHOP_NOTIFICATION_URL, SHOP_ACCESS_TOKEN, SHOP_WEBHOOK_SECRET, SHOP_DEFECT } = process.env;

// The SDK keeps a call's options in the configuration that it was given: a new one for each call.
const configuration = () => new MercadoPagoConfig({ accessToken: SHOP_ACCESS_TOKEN, options: { timeout: 5_000 } });

const journal = new Journal(SHOP_JOURNAL);
/** What is known of each order, by its reference. */
const orders = new Map();
for (const entry of journal.entries) remember(entry);

function remember({ what, reference, ...details }) {
  const order = orders.get(reference) ?? { reference, isShipped: false };
  orders.set(reference, order);
  if (what === 'ordered') order.amount = details.amount;
  if (what === 'offered') order.initPoint = details.initPoint;
  if (what === 'shipped' && SHOP_DEFECT !== 'forgets') order.isShipped = true;
}

function record(entry) {
  journal.append(entry);
  remember(entry);
}

/** Takes an order, once for each reference, and says where it is paid. */
async function takeOrder({ reference, amount, at }) {
  if (!orders.has(reference)) record({ what: 'ordered', reference, amount });
  const order = orders.get(reference);
  if (at === 'checkout' && !order.initPoint) {
    const preference = await new Preference(configuration()).create({
      body: {
        items: [{ id: reference, title: 'Caixa de alfajores', quantity: 1, currency_id: 'BRL', unit_price: order.amount }],
        external_reference: reference,
        notification_url: SHOP_NOTIFICATION_URL,
      },
    });
    // Of two requests for one order the first that comes so far decides where it is paid.
    if (!order.initPoint) record({ what: 'offered', reference, preferenceId: preference.id, initPoint: preference.init_point });
  }
  return { init_point: order.initPoint };
}

/** Pays an order by the API. The key makes one payment of however many tries. */
async function pay(reference, { token, email }) {
  const { id, status } = await new Payment(configuration()).create({
    body: {
      transaction_amount: orders.get(reference).amount,
      ...(token ? { token, installments: 1 } : { payment_method_id: 'pix' }),
      payer: { email, identification: { type: 'CPF', number: '12345678909' } },
      external_reference: reference,
      notification_url: SHOP_NOTIFICATION_URL,
    },
    requestOptions: { idempotencyKey: `${reference}-${token ?? 'pix'}` },
  });
  return { id, status };
}

/** A notification says where to look, and nothing else is believed of it. Returns the status of the answer. */
async function hear(query, headers) {
  if (query.has('data.id')) {
    try {
      WebhookSignatureValidator.validate({
        xSignature: headers['x-signature'],
        xRequestId: headers['x-request-id'],
        dataId: query.get('data.id'),
        secret: SHOP_WEBHOOK_SECRET,
        toleranceSeconds: 600,
      });
    } catch (error) {
      if (error instanceof InvalidWebhookSignatureError) return 401;
      throw error;
    }
    if (query.get('type') === 'payment') await lookAtPayment(query.get('data.id'));
  } else if (query.get('topic') === 'payment') {
    await lookAtPayment(query.get('id'));
  } else if (query.get('topic') === 'merchant_order') {
    await lookAtMerchantOrder(query.get('id'));
  }
  return 200;
}

async function lookAtPayment(id) {
  if (SHOP_DEFECT === 'half-deaf') return;
  await shipWhenPaid(async () => {
    const payment = await new Payment(configuration()).get({ id });
    const isApproved = payment.status === 'approved' || SHOP_DEFECT === 'trusting';
    return { reference: payment.external_reference, paid: isApproved ? payment.transaction_amount : 0 };
  });
}

async function lookAtMerchantOrder(merchantOrderId) {
  await shipWhenPaid(async () => {
    const order = await new MerchantOrder(configuration()).get({ merchantOrderId });
    return { reference: order.external_reference, paid: order.order_status === 'paid' ? order.paid_amount : 0 };
  });
}

async function shipWhenPaid(ask) {
  const shippedBefore = SHOP_DEFECT === 'hasty' && [...orders.values()].filter(({ isShipped }) => isShipped);
  const { reference, paid } = await ask();
  const order = orders.get(reference);
  if (!order || paid < order.amount) return;
  // Looked at after the question, not before: others asked the same meanwhile. Nothing happens between this line and the
  // next, and the line in the journal is the shipment itself.
  const isShipped = shippedBefore ? shippedBefore.includes(order) : order.isShipped;
  if (!isShipped) record({ what: 'shipped', reference });
}

/** [status, body] of the answer. */
async function answer(request, body) {
  const url = new URL(request.url, 'http://shop');
  if (url.pathname === '/notifications') return [await hear(url.searchParams, request.headers), {}];
  if (url.pathname === '/orders') return [200, await takeOrder(JSON.parse(body))];
  const [, reference] = url.pathname.match(/^\/orders\/([^/]+)\/pay$/) ?? [];
  if (orders.has(reference)) return [200, await pay(reference, JSON.parse(body))];
  return [404, {}];
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    let status = 503;
    let said = {};
    try {
      [status, said] = await answer(request, Buffer.concat(chunks).toString());
    } catch (error) {
      // Whoever asked comes again: the platform by its schedule, the buyer by pressing the button. Except when there is
      // no such thing, or the payment itself was refused.
      if (error.status >= 400 && error.status < 500 && error.status !== 429) status = error.status;
      said = { message: String(error.message) };
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said));
  });
});
server.listen(Number(SHOP_PORT), '127.0.0.1', () => process.send({ port: server.address().port }));
// Nobody is left to serve.
process.on('disconnect', () => process.exit());
