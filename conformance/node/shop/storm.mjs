// The bad network between the platform and the shop, a process of its own: deliveries come late, in another order, several
// times, or not at all; answers get lost. What it never does is to acknowledge what the shop did not.
//
// Started with a channel (`fork`). It says its port; `peace` ends the bad weather and is answered with what it did when
// nothing is under way any more; `told` is answered with what the shop was told and acknowledged; `replay` sends everything that ever came to the
// shop once more.
import { createServer, request as httpRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Random } from './random.mjs';

/** A delivery is held for so long at most; well below the 22 seconds that the platform waits. */
const LONGEST_DELAY_MS = 400;
/** A copy comes so much later at most: after the next event of the same payment, often. */
const LONGEST_COPY_DELAY_MS = 2_500;
/** How many are sent at once in a replay. */
const REPLAYED_AT_ONCE = 8;
/** How long one replayed delivery is tried. */
const REPLAY_PATIENCE_MS = 20_000;

const shopPort = Number(process.env.STORM_SHOP_PORT);
const random = new Random(Number(process.env.STORM_SEED));
const counts = { came: 0, delayed: 0, copied: 0, overtaken: 0, refused: 0, dropped: 0, answersLost: 0, unreachable: 0 };
const kept = [];
const copies = new Set();
/** What the shop was told and acknowledged, and the platform got to hear so: `payment 17 payment.created`. */
const told = new Set();
let latestSent = 0;
let isPeace = false;

/** Sends a delivery to the shop, byte for byte; the status of its answer, `undefined` without one. */
function forward({ number, target, headers, body }) {
  if (number < latestSent) counts.overtaken += 1;
  latestSent = Math.max(latestSent, number);
  return new Promise((resolve) => {
    const sent = httpRequest({ host: '127.0.0.1', port: shopPort, path: target, method: 'POST', headers, agent: false, timeout: 15_000 }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
      response.on('error', () => resolve(undefined));
    });
    sent.on('error', () => resolve(undefined));
    sent.on('timeout', () => sent.destroy());
    sent.end(body);
  });
}

async function copyLater(delivery, delayMs) {
  counts.copied += 1;
  await pause(delayMs);
  await forward(delivery);
}

function launchCopies(delivery) {
  for (let copy = random.below(4); copy > 0; copy -= 1) {
    // At once beside the first, or stale.
    const sending = copyLater(delivery, random.percent(50) ? 0 : random.below(LONGEST_COPY_DELAY_MS));
    copies.add(sending);
    sending.then(() => copies.delete(sending));
  }
}

/** The status that the platform gets; `undefined` when the connection is closed instead. */
async function fate(delivery) {
  if (isPeace) return (await forward(delivery)) ?? 502;
  if (random.percent(60)) {
    counts.delayed += 1;
    await pause(random.below(LONGEST_DELAY_MS));
  }
  const chance = random.below(100);
  if (chance < 12) {
    counts.refused += 1;
    return 500;
  }
  if (chance < 22) {
    counts.dropped += 1;
    return undefined;
  }
  launchCopies(delivery);
  const status = await forward(delivery);
  if (status === undefined) counts.unreachable += 1;
  if (chance < 37) {
    counts.answersLost += 1;
    return chance % 2 ? 500 : undefined;
  }
  return status ?? 502;
}

/** What a delivery is about: an IPN has no action. */
function subject({ target, body }) {
  const query = new URL(target, 'http://storm').searchParams;
  return query.has('data.id')
    ? `${query.get('type')} ${query.get('data.id')} ${JSON.parse(body).action}`
    : `${query.get('topic')} ${query.get('id')}`;
}

async function replay() {
  const waiting = new Random(Number(process.env.STORM_SEED)).shuffled(kept);
  const sender = async () => {
    for (let delivery = waiting.pop(); delivery; delivery = waiting.pop()) {
      const deadline = Date.now() + REPLAY_PATIENCE_MS;
      let status = await forward(delivery);
      while ((status === undefined || status >= 500) && Date.now() < deadline) {
        await pause(100);
        status = await forward(delivery);
      }
    }
  };
  await Promise.all(Array.from({ length: REPLAYED_AT_ONCE }, sender));
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    counts.came += 1;
    const { host, connection, ...headers } = request.headers;
    const delivery = { number: counts.came, target: request.url, headers, body: Buffer.concat(chunks) };
    kept.push(delivery);
    process.send({ came: counts.came });
    const status = await fate(delivery);
    if (status === 200) told.add(subject(delivery));
    if (status === undefined) request.socket.destroy();
    else response.writeHead(status).end();
  });
});

process.on('message', async (message) => {
  if (message === 'peace') {
    isPeace = true;
    while (copies.size > 0) await Promise.all(copies);
    process.send({ peace: counts });
  }
  if (message === 'told') process.send({ told: [...told] });
  if (message === 'replay') {
    await replay();
    process.send({ replayed: kept.length });
  }
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
