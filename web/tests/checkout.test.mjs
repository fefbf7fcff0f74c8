// `mp.checkout`, `mp.yape`, and what is not supported.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, card, complaints, fillCard } from './brick.mjs';
import { eventually, logs, seller, World } from './world.mjs';

let world;
let preference;
before(async () => {
  world = await World.open();
  preference = await call(world, 'MLB', 'POST', '/checkout/preferences', { items: [{ title: 'Mate', quantity: 1, unit_price: 100 }] });
});
after(() => world.close());

async function shop(options, body = '<main><h1>Shop</h1><div class="cho-container"></div></main>') {
  const page = await world.page(body);
  await page.evaluate(([key, options]) => {
    window.mp = new MercadoPago(key, { locale: 'pt-BR' });
    if (options) window.checkout = mp.checkout(options);
  }, [seller().public_key, options]);
  return page;
}

test('the button is drawn where the selector says, and opens the checkout over the page', async () => {
  const page = await shop({ preference: { id: preference.id }, render: { container: '.cho-container', label: 'Comprar', type: 'wallet' }, theme: { elementsColor: '#ff0000', headerColor: 'red' } });
  const button = page.locator('.cho-container button.mercadopago-button');
  assert.equal(await button.textContent(), 'Comprar');
  assert.equal(await button.getAttribute('formmethod'), 'post');
  assert.equal(await button.locator('svg').count(), 1);
  assert.deepEqual(await complaints(page), []);
  assert.match(await page.evaluate(() => { try { checkout.render({ container: '.cho-container' }); } catch (error) { return error.message; } }), /rendered already/);
  await button.click();
  const frame = page.locator('iframe#mercadopago-checkout');
  const address = new URL(await frame.getAttribute('src'));
  assert.equal(address.origin + address.pathname, `${world.url}/checkout/v1/modal`);
  assert.deepEqual(Object.fromEntries(address.searchParams), { 'preference-id': preference.id, locale: 'pt-BR', 'elements-color': '#ff0000', 'from-widget': 'true' });
  await page.frameLocator('iframe#mercadopago-checkout').locator('text=Mate').first().waitFor();
  await page.evaluate(() => checkout.open());
  assert.equal(await frame.count(), 1, 'a second time only warns');
  await logs(page, /open already/);
  await page.keyboard.press('Escape');
  await frame.waitFor({ state: 'detached' });
  await eventually(page, () => document.activeElement.className, [], 'mercadopago-button'); // The focus is where it was.
  await page.context().close();
});

test('a purchase is paid over the page, and the buyer is taken to the shop’s own address', async () => {
  const back = `${world.shopUrl}/thanks`;
  const { id } = await call(world, 'MLB', 'POST', '/checkout/preferences', { items: [{ title: 'Mate', quantity: 1, unit_price: 100 }], back_urls: { success: back, pending: back, failure: back } });
  world.pages.set('/thanks', '<h1>Thanks</h1>');
  const page = await shop({ preference: { id }, autoOpen: true });
  const frame = page.frameLocator('iframe#mercadopago-checkout');
  await frame.locator('a[href*="method=pix"]').click();
  await frame.locator('input[name="email"]').fill('test_user_5551234@testuser.com');
  await frame.locator('form button').last().click();
  const leave = frame.locator(`a[href^="${back}"]`);
  await leave.waitFor();
  await leave.click();
  await page.waitForURL((url) => url.pathname === '/thanks');
  const query = new URL(page.url()).searchParams;
  assert.deepEqual([query.get('status'), query.get('preference_id')], ['pending', id]);
  await page.context().close();
});

test('a card is paid in the frame, and the shop is where it says soon after', async () => {
  const shop = 'https://shop.example/';
  const success = `${shop}thanks`;
  const { id } = await call(world, 'MLB', 'POST', '/checkout/preferences', { items: [{ title: 'Mate', quantity: 1, unit_price: 100 }], back_urls: { success }, auto_return: 'approved' });
  const page = await world.page('<h1>Shop</h1>', { url: shop });
  await page.route(`${success}*`, (route) => route.fulfill({ body: '<h1>Thanks</h1>', contentType: 'text/html' }));
  await page.evaluate(([key, id]) => void new MercadoPago(key, { locale: 'pt-BR' }).checkout({ preference: { id }, autoOpen: true }), [seller().public_key, id]);
  const frame = page.frameLocator('iframe#mercadopago-checkout');
  await frame.locator('a[href*="method=card"]').click();
  const { number, cvv } = card('MLB');
  for (const [name, text] of [['cardNumber', number], ['expirationDate', '1130'], ['securityCode', cvv]]) {
    const input = frame.frameLocator(`iframe[name="${name}"]`).locator('input');
    await input.click();
    await input.pressSequentially(text);
  }
  await frame.locator('input[name="card_holder"]').fill('APRO');
  await frame.locator('input[name="document_number"]').fill('12345678909');
  await frame.locator('input[name="email"]').fill('test_user_5551234@testuser.com');
  const plan = frame.locator('input[type="radio"]').first();
  await plan.waitFor();
  await plan.check();
  await frame.locator('form#card button').last().click();
  await page.waitForURL((url) => url.href.startsWith(success));
  assert.equal(new URL(page.url()).searchParams.get('status'), 'approved');
  await page.context().close();
});

test('only the checkout’s own frame closes it, and only an address of the web is followed', async () => {
  const page = await shop({ preference: { id: preference.id }, autoOpen: true });
  const frame = await (await page.waitForSelector('iframe#mercadopago-checkout')).contentFrame();
  await frame.waitForURL((url) => url.pathname === '/checkout/v1/modal');
  await page.evaluate(() => postMessage({ type: 'close' }, '*'));
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)));
  assert.equal(await page.locator('iframe').count(), 1);
  await frame.evaluate(() => parent.postMessage({ type: 'close', value: [{ id: 'back_url', value: 'javascript:alert(1)' }] }, '*'));
  await page.waitForFunction(() => !document.querySelector('iframe'));
  assert.equal(page.url(), `${world.shopUrl}/`);
  await page.context().close();
});

test('on a phone it opens in the page’s place', async () => {
  const context = await world.context({ userAgent: 'Mozilla/5.0 (Linux; Android 14; Pixel) Mobile', isMobile: true, hasTouch: true, viewport: { width: 390, height: 800 } });
  const page = await context.newPage();
  world.pages.set('/', `<!doctype html><html lang="pt"><head><title>Shop</title><script src="${world.url}/js/v2"></script></head><body><div class="cho"></div></body></html>`);
  await page.goto(`${world.shopUrl}/`);
  await page.evaluate(([key, id]) => void new MercadoPago(key).checkout({ preference: { id }, render: { container: '.cho' } }), [seller().public_key, preference.id]);
  await page.click('button.mercadopago-button');
  await page.waitForURL((url) => url.pathname === '/checkout/v1/redirect');
  await context.close();
});

test('what it was not given is thrown', async () => {
  const page = await shop();
  const said = await page.evaluate(() =>
    [{}, { preference: {} }, { preference: { id: 'x' }, render: { container: '.nowhere' } }, { tokenizer: { totalAmount: 1 }, autoOpen: true }].map((options) => {
      try {
        mp.checkout(options);
        return 'nothing';
      } catch (error) {
        return error.message;
      }
    }));
  assert.match(said[0], /preference.id/);
  assert.match(said[1], /preference.id/);
  assert.match(said[2], /no element `.nowhere`/);
  assert.match(said[3], /backUrl/);
  await page.context().close();
});

test('the tokenizer posts a token to the shop, and no card', async () => {
  const page = await shop({ tokenizer: { totalAmount: 100, backUrl: `${world.shopUrl}/tokens`, installments: { maxInstallments: 3 } }, render: { container: '.cho-container' } });
  await page.click('button.mercadopago-button');
  await page.waitForSelector('iframe[name="cardNumber"]');
  await fillCard(page, 'MLB', card('MLB'), { installments: 2 });
  await page.click('button.pay');
  await page.waitForURL((url) => url.pathname === '/tokens');
  const posted = new URLSearchParams(world.posted.at(-1));
  assert.deepEqual([posted.get('payment_method_id'), posted.get('installments'), posted.get('issuer_id')], ['master', '2', '24']);
  assert.match(posted.get('token'), /^[0-9a-f]{32}$/);
  assert.ok(!world.posted.at(-1).includes(card('MLB').number));
  const payment = await world.pay({ token: posted.get('token'), installments: 2, payment_method_id: 'master' });
  assert.equal(payment.status, 'approved', JSON.stringify(payment));
  await page.context().close();
});

test('a Yape phone and code become a token that pays', async () => {
  const page = await world.page('');
  const { value, error } = await page.evaluate(
    (key) => new MercadoPago(key).yape({ otp: '123456', phoneNumber: '111111111' }).create().then((value) => ({ value }), (error) => ({ error })),
    seller('MPE').public_key,
  );
  assert.equal(error, undefined, JSON.stringify(error));
  const payment = await world.pay({ site: 'MPE', token: value.id, payment_method_id: 'yape', transaction_amount: 50 });
  assert.equal(payment.status, 'approved', JSON.stringify(payment));
  const refused = await page.evaluate((key) => {
    const mp = new MercadoPago(key);
    const tell = (options) => mp.yape(options).create().catch((error) => error.map(({ description }) => description));
    return Promise.all([tell({ otp: '12', phoneNumber: 111111111 }), tell({}), tell()]);
  }, seller('MPE').public_key);
  assert.deepEqual(refused, [['otp should have 6 digits'], ['phoneNumber should have 9 digits', 'otp should have 6 digits'], ['phoneNumber should have 9 digits', 'otp should have 6 digits']]);
  const foreign = await page.evaluate((key) => new MercadoPago(key).yape({ otp: '123456', phoneNumber: '111111111' }).create().catch(({ status }) => status), seller('MLB').public_key);
  assert.equal(foreign, 400);
  await page.context().close();
});

test('fast payments are refused by the codes that shops fall back on', async () => {
  const page = await world.page('');
  const codes = await page.evaluate((key) => {
    const mp = new MercadoPago(key);
    const code = (promise) => promise.then(() => 'none', (error) => [error.code, error.errorCode]);
    return Promise.all([code(mp.authenticator('x', 'a@b.co')), code(mp.authenticator('10', 'nobody')), code(mp.authenticator('10', 'a@b.co', { platformId: 'p' })), code(mp.getAccountPaymentMethods('t')), code(mp.getCardId('t', 'p'))]);
  }, seller().public_key);
  const unsupported = 'AUTHENTICATION_FLOW_NOT_SUPPORTED';
  assert.deepEqual(codes, [['INVALID_AMOUNT_VALUE', 'INVALID_AMOUNT_VALUE'], ['INVALID_EMAIL_ADDRESS', 'INVALID_EMAIL_ADDRESS'], [unsupported, unsupported], [unsupported, unsupported], [unsupported, unsupported]]);
  await page.context().close();
});

test('a card input with a name is reported once the form is mounted', async () => {
  const page = await world.page('<form id="form"><input id="number" name="card"><input id="code"><input id="date" name="date"><input id="holder"><select id="issuer"></select><select id="parts"></select></form>');
  const reported = page.waitForRequest((request) => request.url().includes('/v1/payment_methods/track_error'));
  await page.evaluate((key) => {
    const form = { id: 'form', cardNumber: { id: 'number' }, securityCode: { id: 'code' }, expirationDate: { id: 'date' }, cardholderName: { id: 'holder' }, issuer: { id: 'issuer' }, installments: { id: 'parts' } };
    new MercadoPago(key).cardForm({ amount: '100', form, callbacks: { onFormMounted: () => {} } });
  }, seller().public_key);
  const body = JSON.parse((await reported).postData());
  assert.deepEqual([body.type, body.data], [`DSS-${new URL(world.shopUrl).host}`, { fields: ['cardNumber', 'expirationDate'] }]);
  await page.context().close();
});
