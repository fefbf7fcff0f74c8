// A season of a shop: rounds of buyers under a storm, in each of which somebody is killed; then peace, retries until
// nothing waits, and everything once more from the beginning. Ends with what is wrong, in words.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { seller } from '../world.mjs';
import { Buyer, MANNERS, fetchJson } from './buyers.mjs';
import { readJournal } from './journal.mjs';
import { Platform, Shop, Storm } from './processes.mjs';
import { Random } from './random.mjs';

/** Who is killed, round by round. */
const VICTIMS = [['platform'], ['shop'], ['platform', 'shop']];
/** After so many answers and deliveries of a round at most. */
const MOST_EVENTS = 24;
/** And so much later at most, so that they die at any point of their work. */
const LONGEST_DELAY_MS = 30;
/** The gaps of the published schedule of retries: 15 and 30 minutes, 6, 48 and 96 hours after the first attempt. */
const GAPS = ['PT15M', 'PT15M', 'PT5H30M', 'PT42H', 'PT48H'];
const SETTLING_MS = 300_000;

/** One season. Returns `{ findings, counts, kills, orders }`: without findings, all is well. */
export async function season({ seed, rounds, defect }) {
  // What the run keeps is looked through for card numbers afterwards, when somebody says where it should be.
  const directory = mkdtempSync(`${process.env.PASARELA_DIRECTORY ?? tmpdir()}/season-`);
  const platform = new Platform(directory);
  const shop = new Shop(platform, defect);
  const storm = new Storm();
  try {
    const world = { platform, shop, storm, random: new Random(seed), orders: [], kills: { platform: 0, shop: 0 } };
    await open(world, seed);
    for (let round = 0; round < rounds; round += 1) await playRound(world, round);
    const counts = await storm.ask('peace', 'peace');
    await settle(world);
    const early = [...lost(world), ...(await untold(world, new Set(await storm.ask('told', 'told'))))];
    // Also a shop that was started anew must remember, when everything that was ever said is said again.
    await restart(world, ['shop']);
    const forged = await forge(world);
    await storm.ask('replay', 'replayed');
    const findings = [...early, ...forged, ...shippedWrongly(world), ...(await wrongPayments(world))];
    await platform.kill();
    return { findings: [...findings, platform.doctor()].filter(Boolean), counts, kills: world.kills, orders: world.orders };
  } finally {
    for (const each of [platform, shop, storm]) await each.kill().catch(() => {});
    if (!process.env.PASARELA_DIRECTORY) rmSync(directory, { recursive: true });
  }
}

/** The shop's port is known before the storm's, and the storm's address before the shop takes orders. */
async function open({ platform, shop, storm }, seed) {
  await platform.start();
  await shop.start();
  await storm.start(seed, shop.port);
  shop.notificationUrl = storm.url;
  await shop.kill();
  await shop.start();
}

/** Everybody buys at once, each in a manner of their own; meanwhile somebody is killed and started again. */
async function playRound(world, round) {
  const { platform, shop, storm, random, orders } = world;
  let answers = 0;
  const answered = () => {
    answers += 1;
  };
  const manners = random.shuffled(Object.keys(MANNERS));
  const buying = manners.map((manner, index) => {
    const order = { reference: `order-${round}-${index}`, manner, amount: 10 + random.below(500) };
    orders.push(order);
    return new Buyer({ platform, shop, answered, ...order }).buy(manner);
  });
  let isOver = false;
  const all = Promise.all(buying).finally(() => {
    isOver = true;
  });
  // Whoever awaits it below meets its failure; until then it is nobody's.
  all.catch(() => {});
  const before = storm.came;
  const goal = random.below(MOST_EVENTS + 1);
  while (!isOver && answers + storm.came - before < goal) await pause(1);
  await pause(random.below(LONGEST_DELAY_MS + 1));
  await restart(world, VICTIMS[round % VICTIMS.length]);
  await all;
  if (round % VICTIMS.length === 2) await advance(world, GAPS[0]);
}

async function restart(world, victims) {
  for (const name of victims) {
    world.kills[name] += 1;
    await world[name].kill();
  }
  for (const name of victims) await world[name].start();
}

const authorization = { authorization: `Bearer ${seller().access_token}` };

function advance({ platform }, span) {
  return fetchJson(`${platform.ready.http}/sandbox/clock`, { advance: span }, authorization, SETTLING_MS);
}

async function read({ platform }, path) {
  const response = await fetch(`${platform.ready.http}${path}`, { headers: authorization });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Lets time pass, retry by retry, until no notification waits any more. */
async function settle(world) {
  for (const gap of [...GAPS, undefined]) {
    const deadline = Date.now() + SETTLING_MS;
    let waiting = await pending(world);
    while (waiting.some(({ next_attempt: due }) => Date.parse(due) < Date.now() + 1_000)) {
      if (Date.now() > deadline) throw new Error(`notifications that are due do not come: ${JSON.stringify(waiting)}`);
      await pause(50);
      waiting = await pending(world);
    }
    if (waiting.length === 0) return;
    if (!gap) throw new Error(`notifications wait longer than the schedule is: ${JSON.stringify(waiting)}`);
    await advance(world, gap);
  }
}

async function pending(world) {
  const all = [];
  for (let before = ''; ; ) {
    const { results, next } = await read(world, `/pasarela/webhooks/deliveries?state=pending&limit=200${before}`);
    all.push(...results);
    if (!next) return all;
    before = `&before=${next}`;
  }
}

const shipments = ({ shop }, reference) =>
  readJournal(shop.journal).filter((entry) => entry.what === 'shipped' && entry.reference === reference).length;

/** Paid orders that the shop did not learn of by the ordinary deliveries. */
function lost(world) {
  return world.orders
    .filter(({ manner, reference }) => MANNERS[manner].isPaid && shipments(world, reference) === 0)
    .map(({ manner, reference }) => `${reference} (${manner}) was paid and not shipped`);
}

/**
 * Events that the shop was never told of. It is told of most payments in several ways and would hardly miss one: each is
 * looked for.
 */
async function untold(world, told) {
  const findings = [];
  for (const state of ['failed', 'held']) {
    const { results } = await read(world, `/pasarela/webhooks/deliveries?state=${state}`);
    if (results.length > 0) findings.push(`notifications are ${state}: ${JSON.stringify(results)}`);
  }
  for (const { manner, reference } of world.orders) {
    const { results } = await read(world, `/v1/payments/search?external_reference=${reference}`);
    for (const { id, status, payment_method_id: method, order } of results) {
      const events = [`payment ${id} payment.created`, `payment ${id}`];
      if (method === 'pix' && status === 'approved') events.push(`payment ${id} payment.updated`);
      if (order?.id) events.push(`merchant_order ${order.id}`);
      findings.push(...events.filter((event) => !told.has(event)).map((event) => `${reference} (${manner}): never told of ${event}`));
    }
  }
  return findings;
}

function shippedWrongly(world) {
  return world.orders.flatMap(({ manner, reference }) => {
    const times = shipments(world, reference);
    if (times > 1) return [`${reference} (${manner}) was shipped ${times} times`];
    return times === 1 && !MANNERS[manner].isPaid ? [`${reference} (${manner}) was shipped and not paid`] : [];
  });
}

/** Says of payments that were not made that they were: with a false signature, and in a form that nobody can verify. */
async function forge(world) {
  const findings = [];
  for (const { manner, reference } of world.orders.filter((order) => !MANNERS[order.manner].isPaid)) {
    const { results } = await read(world, `/v1/payments/search?external_reference=${reference}`);
    for (const { id } of results) {
      const signature = { 'x-signature': `ts=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}`, 'x-request-id': 'forged' };
      const tell = (query, headers) => fetch(`${world.shop.url}/notifications?${query}`, { method: 'POST', headers, body: '{}' });
      const signed = await tell(`data.id=${id}&type=payment`, signature);
      if (signed.status !== 401) findings.push(`${reference} (${manner}): a forged signature was answered with ${signed.status}`);
      await tell(`id=${id}&topic=payment`, {});
    }
  }
  return findings;
}

/** What the platform says: one approved payment for each paid order, none for the others, and merchant orders to match. */
async function wrongPayments(world) {
  const findings = [];
  for (const { manner, reference, amount } of world.orders) {
    const { isPaid, at } = MANNERS[manner];
    const expect = (isTrue, what) => isTrue || findings.push(`${reference} (${manner}): ${what}`);
    const { results } = await read(world, `/v1/payments/search?external_reference=${reference}`);
    const approved = results.filter(({ status }) => status === 'approved');
    expect(approved.length === (isPaid ? 1 : 0), `${approved.length} approved payments`);
    if (at !== 'checkout') continue;
    const { elements } = await read(world, `/merchant_orders/search?external_reference=${reference}`);
    // Without a payment there is no merchant order.
    expect((elements ?? []).length === (results.length > 0 ? 1 : 0), `${(elements ?? []).length} merchant orders`);
    for (const { status, order_status: orderStatus, paid_amount: paid } of elements ?? []) {
      if (isPaid) expect(status === 'closed' && orderStatus === 'paid' && paid === amount, `its merchant order is ${status}, ${orderStatus}, ${paid} paid`);
      else expect(status === 'opened' && orderStatus !== 'paid' && paid === 0, `its merchant order is ${status}, ${orderStatus}, ${paid} paid`);
    }
  }
  return findings;
}
