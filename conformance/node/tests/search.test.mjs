// Searching payments.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { payByCard, payByPix, payments, unique } from '../world.mjs';

test('a payment is found by its reference as soon as it is made', async () => {
  const external_reference = unique('found');
  const { id } = await payByCard({ changes: { external_reference } });
  const found = await payments().search({ options: { external_reference } });
  assert.equal(found.paging.total, 1);
  assert.equal(found.results[0].id, id);
  assert.ok('shipping_cost' in found.results[0]);
});

test('a payment is found by its id', async () => {
  const { id } = await payByPix();
  const found = await payments().search({ options: { id } });
  assert.equal(found.paging.total, 1);
  assert.equal(found.results[0].id, id);
});

test('pages come in the wanted order', async () => {
  const external_reference = unique('pages');
  const made = [];
  for (let n = 0; n < 3; n += 1) made.push((await payByPix({ external_reference })).id);
  const page = (offset) =>
    payments().search({ options: { external_reference, sort: 'id', criteria: 'desc', limit: 2, offset } });
  const first = await page(0);
  const second = await page(2);
  assert.equal(first.paging.total, 3);
  assert.deepEqual([...first.results, ...second.results].map((payment) => payment.id), made.toReversed());
  assert.deepEqual((await page(10)).results, []);
});

test('filters go together', async () => {
  const external_reference = unique('filters');
  const card = await payByCard({ changes: { external_reference } });
  await payByPix({ external_reference });
  const options = {
    external_reference,
    status: 'approved',
    range: 'date_created',
    begin_date: 'NOW-1DAYS',
    end_date: 'NOW',
    sort: 'date_created',
    criteria: 'desc',
  };
  const found = await payments().search({ options });
  assert.deepEqual(found.results.map((payment) => payment.id), [card.id]);
});

test('a search without any filter is answered', async () => {
  const found = await payments().search();
  assert.ok(found.paging.total >= 1);
  assert.equal(found.paging.limit, 30);
});

test('the SDK goes through all pages by itself', async () => {
  const external_reference = unique('all');
  for (let n = 0; n < 2; n += 1) await payByPix({ external_reference });
  const seen = [];
  for await (const payment of payments().searchAll({ options: { external_reference } })) seen.push(payment.id);
  assert.equal(seen.length, 2);
});

test("another seller's payments are not found", async () => {
  const external_reference = unique('mine');
  await payByCard({ changes: { external_reference } });
  const found = await payments('MLA').search({ options: { external_reference } });
  assert.equal(found.paging.total, 0);
  assert.equal((await payments('MLB', 'live').search({ options: { external_reference } })).paging.total, 0);
});
