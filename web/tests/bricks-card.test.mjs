// The card payment brick, on a shop's page of another origin.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AMOUNTS, call, calls, card, cardSettings, causes, complaints, fillCard, frameOf, happened, openBrick, pay, type } from './brick.mjs';
import { eavesdrop, everything, leaks } from './eavesdropper.mjs';
import { becomes, eventually, seller, World } from './world.mjs';

let world;
before(async () => {
  world = await World.open();
});
after(() => world.close());

const open = (options) => openBrick(world, 'cardPayment', { settings: cardSettings(), ...options });
const textOf = (page, selector) => page.locator(selector).innerText();
const problems = (page) => page.locator('.problem').evaluateAll((all) => all.map(({ textContent }) => textContent).filter(Boolean));
/** Waits until these are told beside the fields. */
const areTold = (page, ...wanted) => becomes(() => problems(page), wanted);

test('a card that is typed into the brick pays what the shop posts unchanged', async () => {
  const page = await open();
  await fillCard(page, 'MLB', card('MLB'), { installments: 3 });
  await pay(page);
  const [[data, additional]] = await happened(page, 'onSubmit');
  const { token, payment_method_option_id: option, ...rest } = data;
  assert.match(token, /^[0-9a-f]{32}$/);
  assert.equal(typeof option, 'string');
  assert.deepEqual(rest, {
    issuer_id: '24',
    payment_method_id: 'master',
    transaction_amount: 100,
    installments: 3,
    processing_mode: 'aggregator',
    payer: { email: 'test_user_5551234@testuser.com', identification: { type: 'CPF', number: '12345678909' } },
  });
  assert.deepEqual(additional, { bin: '50314332', lastFourDigits: '6351', cardholderName: 'APRO', paymentTypeId: 'credit_card' });
  const payment = await call(world, 'MLB', 'POST', '/v1/payments', data);
  assert.equal(payment.status, 'approved', JSON.stringify(payment));
  assert.deepEqual(await calls(page, 'onBinChange'), [['50314332']]);
  assert.deepEqual(await calls(page, 'onError'), []);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

for (const [site, locale] of [['MLA', 'es-AR'], ['MLC', 'es-CL'], ['MCO', 'es-CO'], ['MLM', 'es-MX'], ['MPE', 'es-PE'], ['MLU', 'es-UY']]) {
  test(`a card of ${site} pays`, async () => {
    const page = await open({ site, locale, settings: cardSettings(AMOUNTS[site]) });
    await fillCard(page, site, card(site, 'visa'), { installments: 1 });
    const issuer = page.locator('select[id$="issuer"]');
    if (await issuer.isVisible()) await issuer.selectOption({ index: 1 });
    await pay(page);
    const [[data]] = await happened(page, 'onSubmit');
    const payment = await call(world, site, 'POST', '/v1/payments', data);
    assert.equal(payment.status, 'approved', JSON.stringify(payment));
    await page.context().close();
  });
}

test('the page finds neither number nor CVV of a brick, whatever it listens to', async () => {
  const page = await open({ before: eavesdrop });
  const { number } = card('MLB');
  const typed = { number, cvv: '739' };
  await fillCard(page, 'MLB', typed, { installments: 1 });
  await pay(page);
  const [[{ token }]] = await happened(page, 'onSubmit');
  const heard = await everything(page);
  const shadow = await page.evaluate(() => [...document.querySelectorAll('*')].filter(({ shadowRoot }) => shadowRoot).map(({ shadowRoot }) => shadowRoot.innerHTML + [...shadowRoot.querySelectorAll('input')].map(({ value }) => value)));
  assert.ok([...heard, ...shadow].some((text) => text.includes('test_user_5551234')), 'it sees the rest');
  assert.ok(heard.some((text) => text.includes(token)), 'it hears the token');
  assert.deepEqual(leaks([...heard, ...shadow], typed), []);
  await page.context().close();
});

test('pressed twice it pays once, and is busy until the shop has answered', async () => {
  const page = await open({ waits: true });
  await fillCard(page, 'MLB', card('MLB'), { installments: 1 });
  // A key in a frame arrives after the press has returned.
  await page.evaluate(() => {
    const { requestSubmit } = HTMLFormElement.prototype;
    HTMLFormElement.prototype.requestSubmit = function () {
      window.entered = true;
      requestSubmit.call(this);
    };
  });
  await page.dblclick('button.pay');
  await (await frameOf(page, 'securityCode')).locator('input').press('Enter');
  await page.waitForFunction(() => window.entered);
  const [[first]] = await happened(page, 'onSubmit');
  assert.equal(await page.getAttribute('button.pay', 'aria-busy'), 'true');
  assert.ok(await page.locator('button.pay').isDisabled());
  // The shop could not do it: it can be tried again, with a token of its own.
  await page.evaluate(() => finish('the shop is down'));
  await page.waitForSelector('button.pay:not([disabled])');
  assert.match(await textOf(page, '.notice'), /Não foi possível processar/);
  await pay(page);
  const [, [second]] = await happened(page, 'onSubmit', 2);
  assert.notEqual(first.token, second.token);
  await page.evaluate(() => finish());
  await eventually(page, () => document.querySelector('#brick > div').shadowRoot.querySelector('button.pay').textContent, [], 'Pronto');
  assert.ok(await page.locator('button.pay').isDisabled());
  assert.equal((await calls(page, 'onSubmit')).length, 2);
  // Something else is typed: that was not paid.
  await page.fill('input[autocomplete="cc-name"]', 'OTHE');
  await page.waitForSelector('button.pay:not([disabled])');
  await page.context().close();
});

test('an Enter from before the buyer was told of a refusal pays no second time', async () => {
  // The page is busy: it hears of the key after the shop has answered.
  const late = () => {
    const { set } = Object.getOwnPropertyDescriptor(MessagePort.prototype, 'onmessage');
    window.kept = [];
    Object.defineProperty(MessagePort.prototype, 'onmessage', {
      set(listener) {
        set.call(this, (event) => (event.data.kind === 'enter' ? kept.push(() => listener(event)) : listener(event)));
      },
    });
  };
  const page = await open({ waits: true, before: late });
  await fillCard(page, 'MLB', card('MLB'), { installments: 1 });
  const enter = async () => {
    await (await frameOf(page, 'securityCode')).locator('input').press('Enter');
    await page.waitForFunction(() => kept.length === 1);
  };
  const hear = () => page.evaluate(() => kept.pop()());
  await pay(page);
  await happened(page, 'onSubmit');
  await enter();
  await page.evaluate(() => finish('refused'));
  await page.waitForSelector('button.pay:not([disabled])');
  await hear();
  assert.equal(await page.getAttribute('button.pay', 'aria-busy'), 'false');
  // One from after it does.
  await enter();
  await hear();
  await happened(page, 'onSubmit', 2);
  await page.context().close();
});

test('what is missing or wrong is said at its field, in the buyer’s language, and to the page', async () => {
  const said = {
    'es-MX': ['Completa este dato.', 'Revisa el e-mail: debe ser como nombre@ejemplo.com.'],
    'pt-BR': ['Preencha este dado.', 'Revise o e-mail: deve ser como nome@exemplo.com.'],
    'en-US': ['Fill in this field.', 'Check the e-mail: it should look like name@example.com.'],
  };
  for (const [locale, [missing, email]] of Object.entries(said)) {
    const page = await open({ locale });
    await page.fill('input[type="email"]', 'nobody');
    await pay(page);
    const [[error]] = await happened(page, 'onError');
    assert.deepEqual(error, { type: 'non_critical', cause: 'incomplete_fields', message: 'The form is not complete' });
    await areTold(page, missing, missing, missing, missing, missing, email);
    assert.equal(await page.evaluate(() => document.activeElement.name), 'cardNumber', 'the first one has the focus');
    assert.deepEqual(await calls(page, 'onSubmit'), []);
    await page.context().close();
  }
});

test('a company’s document may have letters, and a mistyped one is told before anything is sent', async () => {
  const page = await open({ locale: 'pt-BR' });
  await fillCard(page, 'MLB', card('MLB'), { installments: 1 });
  const typed = async (kind, number) => {
    await page.selectOption('select[id$="document-type"]', kind);
    await page.fill('input[id$="document-number"]', number);
  };
  for (const [kind, number] of [['CPF', '123.456.789-00'], ['CNPJ', '12.ABC.345/01DE-36']]) {
    await typed(kind, number);
    const before = (await calls(page, 'onError')).length;
    await pay(page);
    await happened(page, 'onError', before + 1);
    await areTold(page, 'Revise o número do documento.');
  }
  await typed('CNPJ', '12.abc.345/01DE-35');
  await pay(page);
  const [[data]] = await happened(page, 'onSubmit');
  assert.deepEqual(data.payer.identification, { type: 'CNPJ', number: '12ABC34501DE35' });
  const payment = await call(world, 'MLB', 'POST', '/v1/payments', data);
  assert.equal(payment.status, 'approved', JSON.stringify(payment));
  await page.context().close();
});

test('a card that the shop or nobody takes says so while it is typed', async () => {
  const cases = [
    [{ types: { excluded: ['credit_card'] } }, card('MLB').number, 'payment_method_not_in_allowed_types', /não aceita este cartão/],
    [{ types: { included: ['debit-card'] } }, card('MLB').number, 'payment_method_not_in_allowed_types', /não aceita este cartão/],
    [{}, '9999999999999999', 'no_payment_method_for_provided_bin', /Não reconhecemos/],
    [{ minInstallments: 50 }, card('MLB').number, 'no_installments_in_selected_range', /não permite as parcelas/],
  ];
  for (const [paymentMethods, number, cause, text] of cases) {
    const page = await open({ settings: { ...cardSettings(), customization: { paymentMethods } } });
    await type(page, 'cardNumber', number);
    await happened(page, 'onError');
    assert.deepEqual(await causes(page), [cause]);
    assert.match((await problems(page)).join(), text);
    await page.context().close();
  }
});

test('instalments are those between the shop’s bounds, and follow the amount', async () => {
  const page = await open({ settings: { ...cardSettings(), customization: { paymentMethods: { minInstallments: 2, maxInstallments: 4 } } } });
  await type(page, 'cardNumber', card('MLB').number);
  const rows = page.locator('select[id$="installments"] option:not([disabled])');
  await page.waitForSelector('select[id$="installments"]');
  assert.deepEqual(await rows.evaluateAll((all) => all.map(({ value }) => value)), ['2', '3', '4']);
  const price = () => rows.first().textContent();
  const before = await price();
  assert.equal(await page.evaluate(() => controller.update({ amount: 200 })), true);
  await page.waitForFunction((before) => document.querySelector('#brick > div').shadowRoot.querySelector('option[value="2"]').textContent !== before, before);
  assert.match(await price(), /R\$ \d{3},/);
  assert.equal(await page.evaluate(() => controller.update({ amount: 0.01 })), false, 'below the method’s least amount');
  assert.equal(await page.evaluate(() => controller.update({ amount: '7' })), false);
  assert.deepEqual(await causes(page), ['amount_is_not_number_in_update']);
  await page.context().close();
});

test('in Argentina a plan shows its full cost, as large as the law wants it', async () => {
  const page = await open({ site: 'MLA', locale: 'es-AR', settings: cardSettings(1000) });
  await type(page, 'cardNumber', card('MLA').number);
  await page.selectOption('select[id$="installments"]', '3');
  const text = (await textOf(page, '.costs')).replace(/ /g, ' ');
  for (const part of ['Precio al contado: $ 1.000,00', '3 cuotas de $ 369,90', 'Total financiado: $ 1.109,70', 'TEA: 69,00%', 'CFT: 87,82%']) {
    assert.ok(text.replace(/\s+/g, ' ').includes(part), `${part} in ${text}`);
  }
  const look = (selector) => page.locator(selector).evaluate((element) => {
    const { fontSize, fontWeight, fontFamily } = getComputedStyle(element);
    return { size: parseFloat(fontSize), weight: Number(fontWeight), family: fontFamily };
  });
  const [cft, tea] = [await look('.cft'), await look('.tea')];
  assert.ok(cft.size / tea.size >= 2.25 && cft.weight >= 700 && cft.family === tea.family, JSON.stringify([cft, tea]));
  await page.context().close();
});

test('offline in the middle: nothing is charged, what was typed stays, and it pays when the network is back', async () => {
  const page = await open();
  await fillCard(page, 'MLB', card('MLB'), { installments: 1 });
  await page.context().setOffline(true);
  await pay(page);
  await page.waitForFunction(() => /Sem conexão/.test(document.querySelector('#brick > div').shadowRoot.querySelector('.notice').textContent));
  assert.deepEqual(await causes(page), ['secure_fields_card_token_creation_failed']);
  assert.deepEqual(await calls(page, 'onSubmit'), []);
  await page.context().setOffline(false);
  await pay(page);
  const [[data]] = await happened(page, 'onSubmit');
  assert.equal((await call(world, 'MLB', 'POST', '/v1/payments', data)).status, 'approved');
  await page.context().close();
});

test('a look-up that nobody answered is made again when the buyer pays', async () => {
  const page = await open();
  await page.route('**/v1/payment_methods/search*', (route) => route.abort());
  await type(page, 'cardNumber', card('MLB').number);
  await happened(page, 'onError');
  assert.deepEqual(await causes(page), ['get_card_bin_payment_methods_failed']);
  await page.unroute('**/v1/payment_methods/search*');
  await fillCard(page, 'MLB', { number: '', cvv: '123' });
  await pay(page);
  await page.waitForSelector('select[id$="installments"]');
  await page.selectOption('select[id$="installments"]', '1');
  await pay(page);
  await happened(page, 'onSubmit');
  await page.context().close();
});

test('without its button the brick hands its data out', async () => {
  const settings = { ...cardSettings(100, { payer: { email: 'known@testuser.com' } }), customization: { visual: { hidePaymentButton: true, hideFormTitle: true } } };
  const page = await open({ settings, callbacks: ['onReady', 'onError'] });
  assert.equal(await page.locator('button.pay').isVisible(), false);
  assert.equal(await page.locator('h2').count(), 0);
  assert.equal(await page.locator('input[type="email"]').count(), 0, 'the shop knows it');
  const refused = await page.evaluate(() => controller.getFormData().then(() => 'data', (error) => error.cause));
  assert.equal(refused, 'incomplete_fields');
  await fillCard(page, 'MLB', card('MLB'), { installments: 2 });
  const [data, additional] = await page.evaluate(async () => [await controller.getFormData(), await controller.getAdditionalData()]);
  assert.equal(data.payer.email, 'known@testuser.com');
  assert.equal(additional.lastFourDigits, '6351');
  assert.equal((await call(world, 'MLB', 'POST', '/v1/payments', { ...data, payer: { email: 'test_user_5551234@testuser.com' } })).status, 'approved');
  await page.context().close();
});

test('what a brick was not given is told under the name that pages know', async () => {
  const page = await world.page('<div id="brick"></div>');
  const said = await page.evaluate(async (key) => {
    const bricks = new MercadoPago(key).bricks();
    const onReady = () => {};
    const told = async (name, container, settings) => {
      let heard;
      if (settings?.callbacks) settings.callbacks.onError = ({ type, cause }) => (heard = `${type} ${cause}`);
      const result = await bricks.create(name, container, settings).catch(({ cause }) => `rejected ${cause}`);
      return heard ?? result;
    };
    const callbacks = () => ({ onReady });
    return [
      bricks.isInitialized(),
      await told('cardPayment', 'brick', undefined),
      await told('cardPayment', '', { initialization: { amount: 1 }, callbacks: callbacks() }),
      await told('cardPayment', 'nowhere', { initialization: { amount: 1 }, callbacks: callbacks() }),
      await told('cardPayment', 'brick', { callbacks: callbacks() }),
      await told('cardPayment', 'brick', { initialization: {}, callbacks: callbacks() }),
      await told('cardPayment', 'brick', { initialization: { amount: '12' }, callbacks: callbacks() }),
      await told('cardPayment', 'brick', { initialization: { amount: 1 } }),
      await told('cardPayment', 'brick', { initialization: { amount: 1 }, callbacks: {} }),
      await told('payment', 'brick', { initialization: { amount: 1, fastPaymentToken: 'x' }, callbacks: callbacks() }),
      await told('payment', 'brick', { initialization: { amount: 1 }, customization: { enableReviewStep: true }, callbacks: callbacks() }),
      await told('statusScreen', 'brick', { initialization: {}, callbacks: callbacks() }),
      await told('wallet', 'brick', { initialization: {}, callbacks: callbacks() }),
      await told('toaster', 'brick', { initialization: {}, callbacks: callbacks() }),
    ];
  }, seller().public_key);
  assert.deepEqual(said, [
    true,
    'rejected settings_empty',
    'critical missing_container_id',
    'critical container_not_found',
    'critical incorrect_initialization',
    'critical missing_amount_property',
    'critical amount_is_not_number',
    'rejected missing_required_callbacks',
    'critical missing_required_callbacks',
    'critical invalid_fast_payment_token',
    'critical missing_required_review_props',
    'critical incorrect_initialization',
    'critical no_preference_provided',
    'critical incorrect_initialization',
  ]);
  assert.equal(await page.locator('#brick > *').count(), 0);
  await page.context().close();
});

test('a second brick in a container is refused, after unmount it is made, and two stand side by side', async () => {
  const page = await open({ body: '<div id="other"></div>' });
  assert.equal(await page.evaluate(async () => (await make()) === controller), true);
  assert.deepEqual(await causes(page), ['already_initialized']);
  await page.evaluate(async () => make('other'));
  await happened(page, 'onReady', 2);
  assert.equal(await page.locator('iframe[name="cardNumber"]').count(), 2);
  await page.evaluate(async () => {
    controller.unmount();
    controller.unmount();
    window.controller = await make();
  });
  await happened(page, 'onReady', 3);
  assert.equal(await page.locator('#brick > *').count(), 1);
  // A framework takes the container away with the brick in it.
  await page.evaluate(() => {
    document.getElementById('brick').remove();
    controller.unmount();
  });
  assert.equal(await page.locator('iframe').count(), 3);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('two tabs pay apart', async () => {
  const pages = [await open(), await open()];
  const data = [];
  for (const page of pages) {
    await fillCard(page, 'MLB', card('MLB'), { installments: 1 });
    await pay(page);
    data.push((await happened(page, 'onSubmit'))[0][0]);
  }
  assert.notEqual(data[0].token, data[1].token);
  for (const body of data) assert.equal((await call(world, 'MLB', 'POST', '/v1/payments', body)).status, 'approved');
  for (const page of pages) await page.context().close();
});

test('axe has nothing to complain about, in each theme and language, empty and filled in wrongly', async () => {
  for (const [theme, locale, background] of [['default', 'es-AR', '#fff'], ['dark', 'pt-BR', '#101614'], ['bootstrap', 'en-US', '#fff'], ['flat', 'es-MX', '#fff']]) {
    const page = await open({ style: { theme }, locale, body: `<style>body{background:${background};color:${theme === 'dark' ? '#fff' : '#111'}}</style>` });
    assert.deepEqual(await complaints(page), [], theme);
    await pay(page);
    await happened(page, 'onError');
    assert.deepEqual(await complaints(page), [], `${theme}, wrong`);
    await page.context().close();
  }
});

test('a card is paid by keyboard alone', async () => {
  const page = await open();
  await page.locator('h1').evaluate((heading) => {
    heading.tabIndex = -1;
    heading.focus();
  });
  const { number, cvv } = card('MLB');
  const press = async (...keys) => {
    for (const key of keys) await (['Tab', 'ArrowDown', 'Enter'].includes(key) ? page.keyboard.press(key) : page.keyboard.type(key));
  };
  await press('Tab', number, 'Tab', '1130', 'Tab', cvv, 'Tab', 'APRO', 'Tab', 'Tab', '12345678909');
  await page.waitForSelector('select[id$="installments"]');
  await press('Tab', 'ArrowDown', 'Tab', 'test_user_5551234@testuser.com', 'Enter');
  const [[{ installments }]] = await happened(page, 'onSubmit');
  assert.equal(installments, 1);
  await page.context().close();
});

test('texts, variables and fonts are the shop’s own where it says so, and its stylesheet stays outside', async () => {
  const customization = {
    visual: {
      texts: { formTitle: 'Como pagar', formSubmit: 'Comprar já', cardNumber: { label: 'Nº', placeholder: 'xxxx' }, email: { label: 'Correio' } },
      style: { theme: 'dark', customVariables: { baseColor: 'rgb(1, 2, 3)', borderRadiusMedium: '0px', textPrimaryColor: 'rgb(250, 250, 250)' } },
    },
  };
  const body = '<style>button { background: red !important; } input { border: 9px solid red } h2 { display: none }</style>';
  const page = await open({ settings: { ...cardSettings(), customization }, body });
  assert.equal(await textOf(page, 'h2'), 'Como pagar');
  assert.equal(await textOf(page, 'button.pay'), 'Comprar já');
  const button = await page.locator('button.pay').evaluate((element) => {
    const { backgroundColor, borderRadius } = getComputedStyle(element);
    return { backgroundColor, borderRadius };
  });
  assert.deepEqual(button, { backgroundColor: 'rgb(1, 2, 3)', borderRadius: '0px' });
  const input = (await frameOf(page, 'cardNumber')).locator('input');
  assert.deepEqual([await input.getAttribute('placeholder'), await input.getAttribute('aria-label')], ['xxxx', 'Nº']);
  assert.equal(await input.evaluate((element) => getComputedStyle(element).color), 'rgb(250, 250, 250)');
  await page.context().close();
});

test('a page with a strict policy and a pinned library shows a brick whole', async () => {
  const { 'v2.js': integrity } = await (await fetch(`${world.url}/js/v2/integrity.json`)).json();
  const policy = `default-src 'none'; script-src 'nonce-x' ${world.url}; connect-src ${world.url}; frame-src ${world.url}`;
  const library = `<meta http-equiv="Content-Security-Policy" content="${policy}"><script nonce="x" crossorigin integrity="${process.env.PASARELA_WEB_BUILD ? '' : integrity}" src="${world.url}/js/v2"></script>`;
  const page = await open({ library, before: () => (window.violations = []) && addEventListener('securitypolicyviolation', ({ blockedURI, violatedDirective }) => violations.push(`${violatedDirective} ${blockedURI}`)) });
  assert.deepEqual(await page.evaluate(() => violations), []);
  assert.notEqual(await page.locator('button.pay').evaluate((element) => getComputedStyle(element).backgroundColor), 'rgba(0, 0, 0, 0)');
  await page.context().close();
});

test('a script that cannot be loaded is told, and asked for again the next time', async () => {
  const page = await world.page('<div id="brick"></div>');
  let tries = 0;
  await page.route('**/js/v2/bricks-*.js', (route) => (tries += 1) && route.abort());
  const create = () =>
    page.evaluate(async (key) => {
      const heard = [];
      const controller = await new MercadoPago(key).bricks().create('cardPayment', 'brick', { initialization: { amount: 1 }, callbacks: { onReady: () => heard.push('ready'), onError: ({ type, cause }) => heard.push(type, cause) } });
      return [controller === undefined, ...heard];
    }, seller().public_key);
  assert.deepEqual(await create(), [true, 'critical', 'get_chunk_failed']);
  assert.equal(tries, 3);
  await page.unroute('**/js/v2/bricks-*.js');
  assert.deepEqual(await create(), [false]);
  await page.waitForSelector('iframe[name="cardNumber"]');
  await page.context().close();
});

test('the number’s brand stands beside it while it is typed, as the catalogue knows it', async () => {
  const page = await open();
  const frame = await frameOf(page, 'cardNumber');
  const shows = (brand) => eventually(frame, () => document.querySelector('svg.mark text')?.textContent, undefined, brand);
  await type(page, 'cardNumber', '4');
  await shows('Visa');
  await page.keyboard.press('Backspace');
  await shows(undefined);
  await page.keyboard.type(card('MLB').number);
  await shows('Mastercard');
  await eventually(frame, () => document.getElementById('description').textContent, undefined, 'Mastercard');
  await page.context().close();
});
