// An authority of the tests' own, and shops whose certificates it signs. `openssl` does it, because Node signs none.
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import path from 'node:path';

const openssl = (...words) => execFileSync('openssl', words, { stdio: ['ignore', 'ignore', 'pipe'] });

export class Authority {
  constructor(directory) {
    this.directory = directory;
    this.certificate = this.file('root.pem');
    this.key = this.file('root.key');
    const subject = ['-subj', '/CN=Authority of tests', '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign'];
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-keyout', this.key, '-out', this.certificate, ...subject);
  }

  file(name) {
    return path.join(this.directory, name);
  }

  /** A certificate for `localhost`; an expired one is good until the second in which it is made. */
  leaf({ expired = false } = {}) {
    const name = expired ? 'expired' : 'leaf';
    const [key, request, extensions, certificate] = ['key', 'csr', 'ext', 'pem'].map((end) => this.file(`${name}.${end}`));
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', request, '-subj', '/CN=localhost');
    writeFileSync(extensions, 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n');
    openssl('x509', '-req', '-in', request, '-CA', this.certificate, '-CAkey', this.key, '-CAcreateserial', '-days', expired ? '0' : '2', '-extfile', extensions, '-out', certificate);
    // Until that second is over, whatever the clocks' fractions are.
    if (expired) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);
    return { key: readFileSync(key), cert: readFileSync(certificate) };
  }
}

/** A shop over TLS: pages by their path, and a receiver at `/hooks` which `waits`, and checks signatures while it has a secret. */
export class TlsShop {
  static async open(identity, pages) {
    const shop = new TlsShop();
    shop.pages = pages;
    shop.server = createServer(identity, (request, response) => shop.answer(request, response));
    await new Promise((resolve) => shop.server.listen(0, '127.0.0.1', resolve));
    shop.url = `https://localhost:${shop.server.address().port}`;
    return shop;
  }

  async answer(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.url);
    if (pathname === '/hooks') await this.waits;
    if (this.sells && request.method === 'POST' && pathname !== '/hooks') return this.sells(await bodyOf(request), response);
    request.resume();
    if (pathname === '/hooks') return response.writeHead(this.takes(request, searchParams) ? 200 : 401).end();
    const page = this.pages[pathname];
    response.writeHead(page ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' }).end(page ?? 'nothing');
  }

  /** As the documents of notifications say it. */
  takes(request, query) {
    if (!this.secret) return true;
    const signature = request.headers['x-signature'] ?? '';
    const [, ts, v1] = /^ts=(\d+),v1=([0-9a-f]+)$/.exec(signature) ?? [];
    const id = query.get('data.id');
    const manifest = `${id ? `id:${id.toLowerCase()};` : ''}request-id:${request.headers['x-request-id']};ts:${ts};`;
    return v1 === createHmac('sha256', this.secret).update(manifest).digest('hex');
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

const LIBRARY = '<script src="https://sdk.mercadopago.com/js/v2"></script>';
const TERMS = '<a href="/terms">Termos e condições</a> <a href="/promociones">Promoções</a>';

/** The pages of a shop that does everything right. */
export const goodPages = () => ({
  '/': '<p>Guitars</p>',
  '/pay': `${LIBRARY}${TERMS}<div id="cardNumber"></div><script>mp.fields.create('cardNumber')</script>`,
  '/terms': '<p>Terms</p>',
  '/promociones': '<p>Promotions</p>',
  '/thanks': '<p>Thank you</p>',
  '/again': '<p>Your bank did not authorise the payment: use another card.</p>',
});

/** The same, and everything wrong that can be: an input with a name, and a copy of the library. */
export const badPages = (library) => ({
  ...goodPages(),
  '/pay': `<script src="/static/pay.js"></script>${TERMS}<input id="card" data-checkout="cardNumber" name="card_number">`,
  '/static/pay.js': library,
});

/** A page with the documented card form; what the shop's server answers is shown by `shows`, a function's body of `answer`. */
export const cardForm = (url, key, shows, locale = 'pt-BR') => `<script src="${url}/js/v2"></script>${TERMS}
  <form id="form"><div id="number" style="height:40px"></div><div id="until" style="height:40px"></div><div id="code" style="height:40px"></div>
  <input id="holder"><input id="email" type="email"><select id="kind"></select><input id="document"><select id="issuer"></select>
  <select id="plan"></select><button>Pagar</button></form><p id="told"></p>
  <script>
    const mp = new MercadoPago('${key}', { locale: '${locale}' });
    const fields = { cardNumber: 'number', expirationDate: 'until', securityCode: 'code', cardholderName: 'holder', cardholderEmail: 'email',
      identificationType: 'kind', identificationNumber: 'document', issuer: 'issuer', installments: 'plan' };
    const form = mp.cardForm({
      amount: '100', iframe: true,
      form: { id: 'form', ...Object.fromEntries(Object.entries(fields).map(([name, id]) => [name, { id, placeholder: name }])) },
      callbacks: {
        onFormMounted: () => {},
        onSubmit: async (event) => {
          event.preventDefault();
          const answer = await (await fetch('/paid', { method: 'POST', body: JSON.stringify(form.getCardFormData()) })).json();
          ${shows}
        },
      },
    });
  </script>`;

/** The same with the card payment brick. */
export const cardBrick = (url, key, shows, locale = 'pt-BR') => `<script src="${url}/js/v2"></script>${TERMS}
  <input type="email" placeholder="Newsletter"><div id="brick"></div><p id="told"></p>
  <script>
    new MercadoPago('${key}', { locale: '${locale}' }).bricks().create('cardPayment', 'brick', {
      initialization: { amount: 100 },
      callbacks: {
        onReady: () => {},
        onError: () => {},
        onSubmit: async (data) => {
          const answer = await (await fetch('/paid', { method: 'POST', body: JSON.stringify(data) })).json();
          ${shows}
        },
      },
    });
  </script>`;
