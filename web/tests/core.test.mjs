// The core methods on a real page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CARDS, seller, World } from './world.mjs';

let world;
before(async () => {
  world = await World.open();
});
after(() => world.close());

/** Runs `work(mp, argument)` on a page; gives `{value}` or `{error}`. */
async function run(work, argument, { site = 'MLB', mode = 'test', options = { locale: 'pt-BR' }, ...pageOptions } = {}) {
  const page = await world.page('', pageOptions);
  const result = await page.evaluate(
    async ([text, key, options, argument]) => {
      const mp = new MercadoPago(key, options);
      return (0, eval)(`(${text})`)(mp, argument).then((value) => ({ value }), (error) => ({ error }));
    },
    [work.toString(), seller(site, mode).public_key, options, argument],
  );
  await page.context().close();
  return result;
}

test('the look-ups have the shapes of the API', async () => {
  const { value } = await run(async (mp, bin) => ({
    types: await mp.getIdentificationTypes(),
    methods: await mp.getPaymentMethods({ bin }),
    issuers: await mp.getIssuers({ paymentMethodId: 'master', bin }),
    installments: await mp.getInstallments({ amount: '1000', bin }),
  }), CARDS.MLB.number.slice(0, 8));
  assert.deepEqual(value.types.map(({ id }) => id), ['CPF', 'CNPJ']);
  assert.equal(value.methods.results[0].id, 'master');
  assert.equal(value.methods.results[0].settings[0].security_code.length, 3);
  assert.ok(Array.isArray(value.issuers));
  assert.equal(value.installments[0].payer_costs[0].installments, 1);
  assert.match(value.installments[0].payer_costs[0].recommended_message, /parcela/);
});

test('a token of plain values pays', async () => {
  const { value } = await run(
    (mp, card) => mp.createCardToken({ cardNumber: card.number, cardholderName: 'APRO', cardExpirationMonth: '11', cardExpirationYear: '30', securityCode: card.cvv, identificationType: 'CPF', identificationNumber: '12345678909' }),
    CARDS.MLB,
  );
  assert.equal(value.first_six_digits, '503143');
  const payment = await world.pay({ token: value.id });
  assert.equal(payment.status, 'approved', JSON.stringify(payment));
});

test('a token is changed before it is used', async () => {
  const { value } = await run(async (mp, card) => {
    const made = await mp.createCardToken({ cardNumber: card.number, cardholderName: 'APRO', cardExpirationMonth: '11', cardExpirationYear: '30', securityCode: card.cvv });
    return [made, await mp.updateCardToken({ token: made.id, cardExpirationYear: '2031', cardExpirationMonth: '12' })];
  }, CARDS.MLB);
  assert.equal(value[1].id, value[0].id);
  assert.deepEqual([value[1].expiration_month, value[1].expiration_year], [12, 2031]);
});

test('what is wrong is said before any request, by code', async () => {
  const page = await world.page('');
  const calls = [];
  page.on('request', (request) => calls.push(request.url()));
  const refused = await page.evaluate(async (key) => {
    const mp = new MercadoPago(key, { locale: 'es-AR' });
    const error = (promise) => promise.then(() => 'made', (error) => error);
    return [
      await error(mp.createCardToken({})),
      await error(mp.createCardToken({ cardNumber: 'abc', cardholderName: 'N4me', cardExpirationMonth: '13', cardExpirationYear: '1', securityCode: 'x' })),
      await error(mp.createCardToken({ cardNumber: '5031433215406351', cardExpirationMonth: '1', cardExpirationYear: '2020' })),
      await error(mp.getPaymentMethods({ bin: '12' })),
      await error(mp.getPaymentMethods()),
      await error(mp.getInstallments({ amount: '', bin: '503143' })),
      await error(mp.getIssuers({ bin: '503143' })),
    ];
  }, seller().public_key);
  assert.deepEqual(refused[0], [
    { code: '205', message: 'parameter cardNumber can not be null/empty' },
    { code: '208', message: 'parameter cardExpirationMonth can not be null/empty' },
    { code: '209', message: 'parameter cardExpirationYear can not be null/empty' },
  ]);
  assert.deepEqual(refused[1].map(({ code, message }) => `${code} ${message}`), [
    'E301 invalid parameter cardNumber',
    '325 invalid parameter cardExpirationMonth',
    '326 invalid parameter cardExpirationYear',
    'E302 invalid parameter securityCode',
    '316 invalid parameter cardholderName',
  ]);
  assert.deepEqual(refused[2].map(({ code }) => code), ['325', '326']);
  assert.deepEqual(refused[3], [{ code: '000', message: 'invalid parameter bin' }]);
  assert.deepEqual(refused[4], [{ code: '000', message: 'parameter bin can not be null/empty' }]);
  assert.deepEqual(refused[5], [{ code: '000', message: 'parameter amount can not be null/empty' }]);
  assert.deepEqual(refused[6], [{ code: '000', message: 'parameter paymentMethodId can not be null/empty' }]);
  assert.deepEqual(calls, []);
  await page.context().close();
});

test('what the API refuses comes as its own body', async () => {
  const { error } = await run((mp) => mp.getIdentificationTypes(), undefined, { site: 'MLM', options: { locale: 'es-MX' } });
  assert.equal(error.status, 404);
  assert.ok(Array.isArray(error.cause));
});

test('what a card needs comes from its look-up', async () => {
  const { error } = await run(async (mp, card) => {
    await mp.getPaymentMethods({ bin: card.number.slice(0, 8) });
    return mp.createCardToken({ cardNumber: card.number, cardExpirationMonth: '11', cardExpirationYear: '30' });
  }, CARDS.MLB);
  assert.deepEqual(error.map(({ code }) => code), ['224', '221', '212', '214']);
});

test('live card data does not leave a page without TLS', async () => {
  const { error } = await run((mp, card) => mp.createCardToken({ cardNumber: card.number, cardExpirationMonth: '11', cardExpirationYear: '30', securityCode: card.cvv, cardholderName: 'A' }), CARDS.MLB, { mode: 'live' });
  assert.match(error, /SSL/);
});

test('the constructor refuses a bad key and a bad locale, and passes over what it does not know', async () => {
  const page = await world.page('', { language: 'pt' });
  const results = await page.evaluate((key) => {
    const make = (...given) => {
      try {
        return typeof new MercadoPago(...given).getSDKInstanceId();
      } catch (error) {
        return error.message;
      }
    };
    return [make('with space'), make(), make(key, { locale: 'xx-XX' }), make(key, { frontEndStack: 'react', siteId: 'MLB', locale: undefined }), make(key)];
  }, seller().public_key);
  const refused = 'MercadoPago.js could not be loaded';
  assert.deepEqual(results, [refused, refused, refused, 'string', 'string']);
  await page.context().close();
});

test('the library works loaded async, deferred, injected and twice', async () => {
  const source = `${world.url}/js/v2`;
  const ways = {
    async: `<script async src="${source}"></script>`,
    defer: `<script defer src="${source}?v=1"></script>`,
    injected: `<script>document.head.append(Object.assign(document.createElement('script'), { src: '${source}/' }))</script>`,
    twice: `<script src="${source}"></script><script>first = MercadoPago</script><script src="${source}"></script><script>if (first !== MercadoPago) throw new Error('another')</script>`,
  };
  for (const [way, library] of Object.entries(ways)) {
    const page = await world.page('', { library });
    await page.waitForFunction(() => window.MercadoPago);
    const types = await page.evaluate((key) => new MercadoPago(key).getIdentificationTypes(), seller('MLA').public_key);
    assert.equal(types[0].id, 'DNI', way);
    assert.deepEqual(page.errors, [], way);
    await page.context().close();
  }
});
