// OAuth: the client `OAuth`. A seller signs up, lets the marketplace in, and is charged for by it; then the token is refreshed.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { MercadoPagoConfig, OAuth, Payment, User } from 'mercadopago';
import { configuration, seller } from '../world.mjs';

const SERVER = process.env.PASARELA_SERVER.replace(/\/$/, '');
const BACK = 'https://market.example/back';
const market = seller('MLA', 'live');

/** What a person's browser does at the platform: it keeps cookies and posts the forms that it is shown. */
class Browser {
  #cookies = new Map();
  #word = '';

  async #send(path, options = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(SERVER + path, { redirect: 'manual', ...options, headers: { ...options.headers, cookie } });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
      this.#cookies.set(name, value);
    }
    const text = await response.text();
    this.#word = /name="word" value="([0-9a-f]+)"/.exec(text)?.[1] ?? this.#word;
    return { status: response.status, headers: response.headers, text };
  }

  get(path) {
    return this.#send(path);
  }

  post(path, fields) {
    return this.#send(path, { method: 'POST', body: new URLSearchParams({ word: this.#word, ...fields }) });
  }
}

async function registerAddress() {
  const response = await fetch(`${SERVER}/v1/applications/${market.client_id}`, {
    method: 'PUT',
    headers: { Authorization: `Bearer ${market.access_token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ redirect_url: BACK }),
  });
  assert.equal(response.status, 200, await response.text());
}

/** The code that the marketplace gets once a new seller has said yes. */
async function grantedCode(address) {
  const browser = new Browser();
  await browser.get('/panel/signup');
  const fields = { site: 'MLA', email: `seller-${randomUUID()}@example.com`, seller: 'Tienda', password: 'correct horse', terms: 'yes' };
  assert.equal((await browser.post('/panel/signup', fields)).status, 303);
  const { pathname, search } = new URL(address);
  const page = await browser.get(pathname + search);
  assert.match(page.text, /Development MLA/);
  const answer = await browser.post(pathname + search, { answer: 'allow' });
  const to = new URL(answer.headers.get('refresh').replace('0; url=', ''));
  assert.equal(`${to.origin}${to.pathname}`, BACK);
  assert.equal(to.searchParams.get('state'), 'order/7');
  return to.searchParams.get('code');
}

test('a seller is let in with a code, charged for, and the token refreshed', async () => {
  await registerAddress();
  const oauth = new OAuth(configuration('MLA', 'live'));
  const address = oauth.getAuthorizationURL({ options: { client_id: market.client_id, redirect_uri: BACK, state: 'order/7' } });
  assert.match(address, /^https:\/\/auth\.mercadopago\./);
  const code = await grantedCode(address);
  const body = { client_id: market.client_id, client_secret: market.client_secret, code, redirect_uri: BACK, test_token: 'true' };
  const granted = await oauth.create({ body });
  assert.equal(granted.token_type, 'Bearer');
  assert.equal(granted.live_mode, false);
  assert.match(granted.access_token, new RegExp(`-${granted.user_id}$`));
  assert.match(granted.refresh_token, /^TG-[0-9a-f]{24}-\d+$/);

  const ofSeller = new MercadoPagoConfig({ accessToken: granted.access_token, options: { timeout: 120_000 } });
  assert.equal((await new User(ofSeller).get()).id, granted.user_id);
  const paid = await new Payment(ofSeller).create({
    body: { transaction_amount: 1000, payment_method_id: 'rapipago', payer: { email: 'b@testuser.com' }, application_fee: 10 },
  });
  assert.equal(paid.collector_id, granted.user_id);

  const refreshed = await oauth.refresh({
    body: { client_id: market.client_id, client_secret: market.client_secret, refresh_token: granted.refresh_token },
  });
  assert.notEqual(refreshed.access_token, granted.access_token);
  assert.equal(refreshed.user_id, granted.user_id);

  // The code once more: refused, and what came of it ends.
  await assert.rejects(oauth.create({ body }), (error) => error.error === 'invalid_grant' && error.status === 400);
  await assert.rejects(new User(ofSeller).get(), (error) => error.status === 401);
});
