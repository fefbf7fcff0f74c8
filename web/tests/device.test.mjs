// The device session: by the library, and by `/v2/security.js` alone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CARDS, logs, seller, World } from './world.mjs';

let world;
before(async () => {
  world = await World.open();
});
after(() => world.close());

const security = (attributes = '') => `<script src="${world.url}/v2/security.js" ${attributes}></script>`;

test('the script sets the session, which stays over pages of the tab', async () => {
  const page = await world.page('<input id="deviceId" type="hidden">', { library: security('view="checkout"') });
  const first = await page.evaluate(() => MP_DEVICE_SESSION_ID);
  assert.match(first, /^armor\.[0-9a-f]{64}$/);
  assert.equal(await page.inputValue('#deviceId'), first);
  await page.reload();
  assert.equal(await page.evaluate(() => MP_DEVICE_SESSION_ID), first);
  await page.context().close();
});

test('`output` names globals, dotted ones too, and nothing that is no name', async () => {
  for (const [output, read] of [['deviceId', 'window.deviceId'], ['vtex.deviceFingerprint', 'window.vtex.deviceFingerprint']]) {
    const page = await world.page('', { library: security(`output="${output}"`) });
    assert.equal(await page.evaluate(`${read} === MP_DEVICE_SESSION_ID`), true, output);
    await page.context().close();
  }
  const page = await world.page('', { library: security('output="__proto__.polluted"') });
  assert.equal(await page.evaluate(() => ({}).polluted), undefined);
  await logs(page, /is no name of a global/);
  await page.context().close();
});

test('injected on load, as plugins do', async () => {
  const page = await world.page('', {
    library: `<script>addEventListener('load', () => document.head.append(Object.assign(document.createElement('script'), { src: '${world.url}/v2/security.js', async: true })))</script>`,
  });
  await page.waitForFunction(() => window.MP_DEVICE_SESSION_ID);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('the library sets it and sends it with the token, unless the page says no', async () => {
  for (const advancedFraudPrevention of [true, false]) {
    const page = await world.page('');
    const sent = page.waitForRequest((request) => request.url().includes('/v1/card_tokens') && request.method() === 'POST');
    const session = await page.evaluate(async ([key, card, advancedFraudPrevention]) => {
      const mp = new MercadoPago(key, { locale: 'pt-BR', advancedFraudPrevention });
      await mp.createCardToken({ cardNumber: card.number, cardholderName: 'APRO', cardExpirationMonth: '11', cardExpirationYear: '30', securityCode: card.cvv });
      return window.MP_DEVICE_SESSION_ID;
    }, [seller().public_key, CARDS.MLB, advancedFraudPrevention]);
    const { device } = (await sent).postDataJSON();
    assert.deepEqual(device, advancedFraudPrevention ? { meli: { session_id: session } } : undefined);
    assert.equal(session === undefined, !advancedFraudPrevention);
    await page.context().close();
  }
});

test('a session that the server made for a page is kept, and nothing else that is called one', async () => {
  const given = `armor.${'0f'.repeat(32)}`;
  for (const [query, isKept] of [[`session_id=${given}`, true], ['session_id=<img>', false]]) {
    const page = await world.page('', { library: `<script src="${world.url}/v2/security.js?${query}" async></script>` });
    await page.waitForFunction(() => window.MP_DEVICE_SESSION_ID);
    assert.equal((await page.evaluate(() => MP_DEVICE_SESSION_ID)) === given, isKept);
    await page.context().close();
  }
});
