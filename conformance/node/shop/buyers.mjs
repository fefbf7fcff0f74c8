// Buyers: patient people who press the button again when nothing comes back, and now and then twice.
import { setTimeout as pause } from 'node:timers/promises';
import { seller, testCard } from '../world.mjs';

/** How long a buyer tries one thing. */
const PATIENCE_MS = 180_000;
const PAUSE_MS = 50;
const EMAIL = 'test_user_5551234@testuser.com';
const DOCUMENT = { type: 'CPF', number: '12345678909' };

/** What buyers do, and whether the order is paid in the end. */
export const MANNERS = {
  'a card at the checkout': { at: 'checkout', isPaid: true, act: (buyer) => buyer.payByCard('APRO') },
  'a card at the checkout, sent twice': { at: 'checkout', isPaid: true, act: (buyer) => buyer.payByCard('APRO', 2) },
  'a refused card at the checkout, then another': {
    at: 'checkout',
    isPaid: true,
    act: async (buyer) => {
      await buyer.payByCard('OTHE');
      await buyer.payByCard('APRO');
    },
  },
  'a refused card at the checkout': { at: 'checkout', isPaid: false, act: (buyer) => buyer.payByCard('OTHE') },
  'a Pix at the checkout': { at: 'checkout', isPaid: true, act: async (buyer) => buyer.payPix(await buyer.choosePix()) },
  'a Pix at the checkout that nobody pays': { at: 'checkout', isPaid: false, act: (buyer) => buyer.choosePix() },
  'nothing at the checkout': { at: 'checkout', isPaid: false, act: async () => {} },
  'a card by the API': { at: 'shop', isPaid: true, act: (buyer) => buyer.payByCardInShop('APRO') },
  'a refused card by the API': { at: 'shop', isPaid: false, act: (buyer) => buyer.payByCardInShop('OTHE') },
  'a Pix by the API': { at: 'shop', isPaid: true, act: async (buyer) => buyer.payPix((await buyer.payInShop({})).id) },
  'a Pix by the API that nobody pays': { at: 'shop', isPaid: false, act: (buyer) => buyer.payInShop({}) },
};

export class Buyer {
  /** `reference` is the order's; `answered` is called after each thing that came about. */
  constructor({ platform, shop, reference, amount, answered }) {
    Object.assign(this, { platform, shop, reference, amount, answered });
  }

  async buy(manner) {
    const { at, act } = MANNERS[manner];
    const ordered = await this.#insist('order', () => fetchJson(`${this.shop.url}/orders`, { reference: this.reference, amount: this.amount, at }));
    this.initPoint = ordered.init_point;
    await act(this);
  }

  /** The forms of the hosted checkout, as a browser without scripts sends them; the last one `times` at once. */
  async payByCard(holder, times = 1) {
    const card = testCard('MLB');
    const typed = {
      card_number: card.number,
      card_expiry: '11/30',
      card_code: card.cvv,
      card_holder: holder,
      document_type: DOCUMENT.type,
      document_number: DOCUMENT.number,
      email: EMAIL,
    };
    const review = await this.#insist('card', () => page(this.initPoint.replace('/redirect', '/card'), typed));
    return this.#send(fieldsOf(review), times);
  }

  async choosePix() {
    const chosen = await this.#insist('pix', () => page(`${this.initPoint}&method=pix`));
    return this.#send({ ...fieldsOf(chosen), email: EMAIL }, 1);
  }

  /** The payment's id. The form is the same however often it is sent, and pays once. */
  async #send(fields, times) {
    const send = () =>
      this.#insist('pay', async () => {
        const response = await request(this.initPoint.replace('/redirect', '/pay'), new URLSearchParams(fields));
        if (response.status !== 303) throw new Error(`${response.status} ${await response.text()}`);
        return new URL(response.headers.get('location'), this.initPoint).searchParams.get('payment_id');
      });
    const ids = await Promise.all(Array.from({ length: times }, send));
    if (new Set(ids).size > 1) throw new Error(`one form made the payments ${ids}`);
    return ids[0];
  }

  async payByCardInShop(holder) {
    const card = testCard('MLB');
    const token = await this.#insist('token', () =>
      fetchJson(`${this.platform.ready.http}/v1/card_tokens?public_key=${seller().public_key}`, {
        card_number: card.number,
        security_code: card.cvv,
        expiration_month: 11,
        expiration_year: 2030,
        cardholder: { name: holder, identification: DOCUMENT },
      }),
    );
    return this.payInShop({ token: token.id });
  }

  payInShop(choice) {
    return this.#insist('pay in the shop', () => fetchJson(`${this.shop.url}/orders/${this.reference}/pay`, { ...choice, email: EMAIL }));
  }

  /** The buyer's bank pays the Pix. Who lost the answer looks whether it was paid. */
  payPix(id) {
    const headers = { authorization: `Bearer ${seller().access_token}` };
    const { http } = this.platform.ready;
    return this.#insist('pay a Pix', async () => {
      const before = await (await fetch(`${http}/v1/payments/${id}`, { headers })).json();
      if (before.status === 'approved') return;
      await fetchJson(`${http}/sandbox/payments/${id}/pay`, {}, headers);
    });
  }

  /** Tries until it works. */
  async #insist(what, attempt) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        const result = await attempt();
        this.answered();
        return result;
      } catch (error) {
        if (Date.now() > deadline) throw new Error(`${this.reference} could not ${what}: ${error.message}`, { cause: error });
        await pause(PAUSE_MS);
      }
    }
  }
}

function request(url, body) {
  return fetch(url, { ...(body && { method: 'POST', body }), redirect: 'manual', signal: AbortSignal.timeout(10_000) });
}

async function page(url, fields) {
  const response = await request(url, fields && new URLSearchParams(fields));
  const html = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${html}`);
  return html;
}

/** What a browser would send of a page's form: hidden fields and chosen radio buttons. */
function fieldsOf(html) {
  const inputs = [...html.matchAll(/<input type="(hidden|radio)" name="([^"]+)" value="([^"]*)"( checked)?/g)];
  const sent = inputs.filter(([, kind, , , checked]) => kind === 'hidden' || checked);
  if (sent.length === 0) throw new Error(`no form to send: ${html}`);
  return Object.fromEntries(sent.map(([, , name, value]) => [name, value]));
}

export async function fetchJson(url, body, headers = {}, limitMs = 10_000) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(limitMs),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text);
}
