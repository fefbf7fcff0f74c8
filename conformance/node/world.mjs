// The world that the tests live in: the well-known sellers, cards and buyers of each site.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import { CardToken, MercadoPagoConfig, Payment, PaymentRefund } from 'mercadopago';

const credentials = JSON.parse(readFileSync(process.env.PASARELA_CREDENTIALS, 'utf8'));

export const SITES = ['MLB', 'MLA', 'MLM', 'MLC', 'MCO', 'MPE', 'MLU'];

export const CURRENCIES = { MLB: 'BRL', MLA: 'ARS', MLM: 'MXN', MLC: 'CLP', MCO: 'COP', MPE: 'PEN', MLU: 'UYU' };

const DOCUMENTS = {
  MLB: { type: 'CPF', number: '12345678909' },
  MLA: { type: 'DNI', number: '12345678' },
  MLM: undefined,
  MLC: { type: 'Otro', number: '123456789' },
  MCO: { type: 'CC', number: '123456789' },
  MPE: { type: 'DNI', number: '12345678' },
  MLU: { type: 'CI', number: '12345672' },
};

/** An amount that each site's cards take. */
export const AMOUNTS = { MLB: 100.5, MLA: 1500.5, MLM: 250.5, MLC: 12000, MCO: 45000, MPE: 80.5, MLU: 950.5 };

export function seller(site = 'MLB', mode = 'test') {
  return credentials.find((entry) => entry.site === site && entry.mode === mode);
}

/**
 * A configuration of its own for each call: the SDK keeps a call's options, and with them its idempotency key, in the
 * configuration that it was given.
 */
export function configuration(site = 'MLB', mode = 'test') {
  return new MercadoPagoConfig({ accessToken: seller(site, mode).access_token, options: { timeout: 120_000 } });
}

export const payments = (site, mode) => new Payment(configuration(site, mode));
export const refunds = (site, mode) => new PaymentRefund(configuration(site, mode));
export const cardTokens = (site, mode) => new CardToken(configuration(site, mode));

/** The rows of one of the project's data files. */
export function rows(name) {
  const [header, ...lines] = readFileSync(`${process.env.PASARELA_DOMAIN_DATA}/${name}`, 'utf8').trim().split('\n');
  const columns = header.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(columns.map((column, index) => [column, cells[index]]));
  });
}

/** The first test card of a site that is of this kind. */
export function testCard(site = 'MLB', type = 'credit_card', brand = undefined) {
  return rows('test_cards.csv').find(
    (row) => row.site === site && row.type === type && (brand === undefined || row.brand === brand),
  );
}

export async function cardToken({ site = 'MLB', mode = 'test', holder = 'APRO', card = testCard(site), cvv = card.cvv } = {}) {
  const token = await cardTokens(site, mode).create({
    body: {
      card_number: card.number,
      security_code: cvv,
      expiration_month: '11',
      expiration_year: '2030',
      cardholder: { name: holder, ...(DOCUMENTS[site] && { identification: DOCUMENTS[site] }) },
    },
  });
  return token.id;
}

export const buyer = (site = 'MLB') => ({
  email: `test_user_5551234@testuser.com`,
  first_name: 'Joana',
  last_name: 'Souza',
  ...(DOCUMENTS[site] && { identification: DOCUMENTS[site] }),
});

export const BRAZILIAN_ADDRESS = {
  zip_code: '06233-200',
  street_name: 'Avenida das Nações Unidas',
  street_number: '3003',
  neighborhood: 'Bonfim',
  city: 'Osasco',
  federal_unit: 'SP',
};

/** A card payment; `changes` go over the body. */
export async function payByCard({ site = 'MLB', mode = 'test', holder = 'APRO', card, changes = {}, requestOptions } = {}) {
  const token = await cardToken({ site, mode, holder, ...(card && { card }) });
  return payments(site, mode).create({
    body: { transaction_amount: AMOUNTS[site], token, installments: 1, payer: buyer(site), ...changes },
    requestOptions,
  });
}

export function payByPix(changes = {}) {
  return payments().create({
    body: { transaction_amount: 105.1, payment_method_id: 'pix', payer: { email: buyer().email }, ...changes },
  });
}

export const unique = (what) => `${what}-${randomUUID()}`;

/** What a buyer, a bank or a clerk does later. */
export async function sandbox(action, paymentId, site = 'MLB') {
  const response = await fetch(`${process.env.PASARELA_SERVER}/sandbox/payments/${paymentId}/${action}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${seller(site).access_token}`, 'Content-Type': 'application/json' },
    body: '{}',
  });
  if (!response.ok) {
    throw new Error(`sandbox ${action}: ${response.status} ${await response.text()}`);
  }
  return response.json();
}

/** A shop's webhook address: keeps what it gets and lets a test wait for it. */
export class Receiver {
  #deliveries = [];
  #waiting = [];

  static async open() {
    const receiver = new Receiver();
    receiver.server = createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        response.writeHead(200).end();
        const url = new URL(request.url, 'http://receiver');
        receiver.#keep({
          query: url.searchParams,
          headers: request.headers,
          body: JSON.parse(Buffer.concat(chunks).toString() || '{}'),
        });
      });
    });
    await new Promise((resolve) => receiver.server.listen(0, '127.0.0.1', resolve));
    receiver.url = `http://127.0.0.1:${receiver.server.address().port}/notifications`;
    return receiver;
  }

  #keep(delivery) {
    this.#deliveries.push(delivery);
    this.#waiting = this.#waiting.filter(({ wanted, resolve }) => {
      if (wanted(delivery)) resolve(delivery);
      return !wanted(delivery);
    });
  }

  /** The first delivery, past or to come, that is wanted. */
  waitFor(wanted) {
    const found = this.#deliveries.find(wanted);
    if (found) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const limit = setTimeout(
        () => reject(new Error(`no such delivery within 120 s; there were ${JSON.stringify(this.#deliveries)}`)),
        120_000,
      );
      this.#waiting.push({
        wanted,
        resolve: (delivery) => {
          clearTimeout(limit);
          resolve(delivery);
        },
      });
    });
  }

  async close() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
