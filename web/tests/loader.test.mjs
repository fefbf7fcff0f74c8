// `@mercadopago/sdk-js` from npm, unmodified: it loads https://sdk.mercadopago.com/js/v2, which is this server here.
import assert from 'node:assert/strict';
import { build } from 'esbuild';
import { after, before, test } from 'node:test';
import { CARDS, frameOf, seller, type, World } from './world.mjs';

const SHOP = 'https://shop.example/';

let world;
let loader;
before(async () => {
  world = await World.open({ hosts: true });
  const source = "import { loadMercadoPago } from '@mercadopago/sdk-js'; window.loadMercadoPago = loadMercadoPago;";
  const bundle = await build({ stdin: { contents: source, resolveDir: new URL('..', import.meta.url).pathname }, bundle: true, write: false, format: 'iife' });
  loader = `<script>${bundle.outputFiles[0].text.replaceAll('</script', '<\\/script')}</script>`;
});
after(() => world.close());

test('the package from npm loads it, and a live card is paid from frames at the host that pages have built in', async () => {
  const page = await world.page('<div id="n"></div><div id="d"></div><div id="c"></div>', { library: loader, url: SHOP });
  const calls = new Set();
  page.on('request', (request) => calls.add(new URL(request.url()).origin));
  await page.evaluate(async (key) => {
    await loadMercadoPago();
    window.mp = new MercadoPago(key, { locale: 'pt-BR' });
    mp.fields.create('cardNumber').mount('n');
    mp.fields.create('expirationDate').mount('d');
    mp.fields.create('securityCode').mount('c');
  }, seller('MLB', 'live').public_key);
  await type(page, 'cardNumber', CARDS.MLB.number);
  await type(page, 'expirationDate', '1130');
  await type(page, 'securityCode', '739');
  assert.equal(new URL((await frameOf(page, 'cardNumber')).url()).origin, 'https://secure-fields.mercadopago.com');
  const token = await page.evaluate(() => mp.fields.createCardToken({ cardholderName: 'APRO', identificationType: 'CPF', identificationNumber: '12345678909' }));
  assert.equal(token.live_mode, true);
  assert.deepEqual(await page.evaluate(() => mp.getIdentificationTypes().then((types) => types.map(({ id }) => id))), ['CPF', 'CNPJ']);
  assert.deepEqual([...calls].sort(), ['https://api.mercadopago.com', 'https://sdk.mercadopago.com', 'https://secure-fields.mercadopago.com']);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('a page whose policy allows the original hosts allows these', async () => {
  const policy = "default-src 'none'; script-src 'unsafe-inline' https://sdk.mercadopago.com; connect-src https://api.mercadopago.com; frame-src https://secure-fields.mercadopago.com; style-src 'unsafe-inline'";
  const page = await world.page('<div id="n"></div>', { library: `<meta http-equiv="Content-Security-Policy" content="${policy}">${loader}`, url: SHOP });
  await page.evaluate(async (key) => {
    window.violations = [];
    addEventListener('securitypolicyviolation', (event) => violations.push(event.blockedURI));
    await loadMercadoPago();
    window.mp = new MercadoPago(key);
    await new Promise((resolve) => mp.fields.create('cardNumber').mount('n').on('ready', resolve));
    await mp.getIdentificationTypes();
  }, seller().public_key);
  assert.deepEqual(await page.evaluate(() => violations), []);
  await page.context().close();
});
