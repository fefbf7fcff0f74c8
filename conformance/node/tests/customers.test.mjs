// Customers and saved cards: the clients `Customer` and `CustomerCard`, and a payment by a saved card.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomInt } from 'node:crypto';
import { Customer, CustomerCard } from 'mercadopago';
import { AMOUNTS, cardToken, cardTokens, configuration, payments, seller, testCard } from '../world.mjs';

const customers = () => new Customer(configuration());
const cards = () => new CustomerCard(configuration());
const email = () => `test_payer_${randomInt(1, 9_999_999_999)}@testuser.com`;

async function newCustomer(changes = {}) {
  return customers().create({ body: { email: email(), first_name: 'Joana', ...changes } });
}

async function savedCard(customerId, holder = 'APRO', card = testCard('MLB')) {
  return cards().create({ customerId, body: { token: await cardToken({ holder, card }) } });
}

test('a customer is made with every field', async () => {
  const address = email();
  const customer = await customers().create({
    body: {
      email: address,
      first_name: 'Jhon',
      last_name: 'Doe',
      phone: { area_code: '55', number: '991234567' },
      identification: { type: 'CPF', number: '12345678900' },
      default_address: 'Home',
      address: { id: '123123', zip_code: '01234567', street_name: 'Rua Exemplo', street_number: 123, city: {} },
      date_registered: '2021-10-20T11:37:30.000Z',
      description: 'Description del user',
      default_card: 'None',
    },
  });
  assert.equal(customer.api_response.status, 201);
  assert.equal(customer.email, address);
  assert.match(customer.id, /^\d+-[0-9A-Za-z]+$/);
  assert.equal(typeof customer.user_id, 'number');
  assert.equal(customer.merchant_id, seller().user_id);
  assert.equal(typeof customer.client_id, 'number');
  assert.equal(customer.address.street_number, 123);
  assert.equal(customer.date_registered, '2021-10-20T11:37:30.000Z');
  assert.equal(customer.status, 'active');
  assert.equal(customer.live_mode, false);
  assert.deepEqual(customer.cards, []);
});

test('a customer is read, changed, found and deleted', async () => {
  const customer = await newCustomer();
  const read = await customers().get({ customerId: customer.id });
  assert.equal(read.api_response.status, 200);
  assert.equal(read.email, customer.email);
  const changed = await customers().update({ customerId: customer.id, body: { last_name: 'Souza', phone: { number: '1' } } });
  assert.equal(changed.last_name, 'Souza');
  assert.equal(changed.first_name, 'Joana');
  const found = await customers().search({ options: { email: customer.email } });
  assert.equal(found.paging.total, 1);
  assert.equal(found.results[0].id, customer.id);
  const deleted = await customers().remove({ customerId: customer.id });
  assert.equal(deleted.api_response.status, 200);
  assert.equal(deleted.id, customer.id);
  await assert.rejects(customers().get({ customerId: customer.id }), { status: 404 });
});

test('an e-mail is one customer, and does not change', async () => {
  const customer = await newCustomer();
  await assert.rejects(customers().create({ body: { email: customer.email } }), (error) => {
    assert.equal(error.status, 400);
    assert.equal(error.causes?.[0].code ?? error.cause[0].code, '101');
    return true;
  });
  await assert.rejects(customers().update({ customerId: customer.id, body: { email: email() } }), { status: 400 });
});

test('a card is saved, listed, read, changed and removed', async () => {
  const customer = await newCustomer();
  const card = await savedCard(customer.id);
  assert.equal(card.api_response.status, 201);
  assert.equal(typeof card.id, 'string');
  assert.equal(typeof card.issuer.id, 'number');
  assert.equal(typeof card.user_id, 'string');
  assert.equal(card.customer_id, customer.id);
  assert.equal(card.live_mode, false);
  const listed = await cards().list({ customerId: customer.id });
  assert.equal(listed.length, 1);
  assert.equal(listed[0].id, card.id);
  const changed = await cards().update({
    customerId: customer.id,
    cardId: card.id,
    body: { expiration_month: 12, expiration_year: 2031, cardholder: { identification: { type: 'CNPJ' } } },
  });
  assert.equal(changed.expiration_month, 12);
  const read = await cards().get({ customerId: customer.id, cardId: card.id });
  assert.equal(read.expiration_year, 2031);
  assert.equal((await customers().get({ customerId: customer.id })).default_card, card.id);
  const removed = await cards().remove({ customerId: customer.id, cardId: card.id });
  assert.equal(removed.id, card.id);
  assert.equal((await cards().list({ customerId: customer.id })).length, 0);
});

test('a saved card pays with its CVV', async () => {
  const customer = await newCustomer();
  const card = await savedCard(customer.id);
  const token = await cardTokens().create({ body: { card_id: card.id, security_code: '123' } });
  assert.equal(typeof token.card_id, 'string');
  for (const [name, type] of Object.entries({
    id: 'string', status: 'string', date_created: 'string', date_last_updated: 'string', date_due: 'string',
    luhn_validation: 'boolean', live_mode: 'boolean', require_esc: 'boolean', security_code_length: 'number',
  })) {
    assert.equal(typeof token[name], type, name);
  }
  const payment = await payments().create({
    body: { transaction_amount: AMOUNTS.MLB, token: token.id, installments: 1, payer: { type: 'customer', id: customer.id } },
  });
  assert.equal(payment.status, 'approved');
  assert.equal(payment.card.id, card.id);
  assert.equal(payment.payer.id, String(customer.user_id));
  assert.equal(payment.payer.email, customer.email);
});

test('a saved card pays later without its CVV, as its holder agreed', async () => {
  const customer = await newCustomer();
  const card = await savedCard(customer.id);
  const token = await cardTokens().create({ body: { card_id: card.id } });
  const payment = await payments().create({
    body: {
      transaction_amount: AMOUNTS.MLB,
      token: token.id,
      installments: 1,
      payer: { type: 'customer', id: customer.id },
      point_of_interaction: { type: 'SUBSCRIPTIONS', transaction_data: { first_time_use: false } },
    },
  });
  assert.equal(payment.status, 'approved');
});

test('a card of nobody makes no token', async () => {
  await assert.rejects(cardTokens().create({ body: { card_id: '1', security_code: '123' } }), { status: 400 });
});
