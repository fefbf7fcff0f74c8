// `cardForm` on a shop's page, with the card in the page and with the card in frames.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eavesdrop, everything, leaks } from './eavesdropper.mjs';
import { CARDS, eventually, frameOf, logs, seller, type, World } from './world.mjs';

let world;
before(async () => {
  world = await World.open();
});
after(() => world.close());

const NAMES = ['cardNumber', 'expirationDate', 'securityCode', 'cardholderName', 'cardholderEmail', 'identificationType', 'identificationNumber', 'issuer', 'installments'];
const SELECTS = ['identificationType', 'issuer', 'installments'];
const CARD = ['cardNumber', 'expirationDate', 'securityCode'];

/** The documented form; `attributes` go on the card's inputs. */
function form({ iframe, names = NAMES, attributes = '' }) {
  const elements = names.map((name) => {
    if (CARD.includes(name)) return iframe ? `<div id="f_${name}" style="height:30px"></div>` : `<input id="f_${name}" ${attributes.replaceAll('?', name)}>`;
    return SELECTS.includes(name) ? `<select id="f_${name}" name="${name}"></select>` : `<input id="f_${name}" name="${name}">`;
  });
  return `<form id="form" method="post" action="/paid">${elements.join('')}<button id="pay">Pay</button></form>`;
}

async function open({ site = 'MLB', mode = 'test', iframe = true, amount = '100.5', names = NAMES, attributes, language, wait = true, ...more } = {}) {
  const page = await world.page(form({ iframe, names, attributes }), more);
  await page.evaluate(([key, iframe, amount, names]) => {
    window.calls = [];
    const keep = (name) => (...given) => {
      calls.push([name, ...given.map((value) => (value instanceof Event ? 'event' : value instanceof Error ? `Error: ${value.message}` : name === 'onReady' ? Object.keys(value) : value))]);
    };
    window.mp = new MercadoPago(key, { locale: 'pt-BR' });
    window.cardForm = mp.cardForm({
      amount,
      iframe,
      form: { id: 'form', ...Object.fromEntries(names.map((name) => [name, { id: `f_${name}`, placeholder: `${name}?` }])) },
      callbacks: {
        ...Object.fromEntries(['onFormMounted', 'onFormUnmounted', 'onIdentificationTypesReceived', 'onPaymentMethodsReceived', 'onIssuersReceived', 'onInstallmentsReceived', 'onCardTokenReceived', 'onValidityChange', 'onBinChange', 'onReady', 'onError'].map((name) => [name, keep(name)])),
        onFetching: (resource) => {
          calls.push(['onFetching', resource]);
          return () => calls.push(['fetched', resource]);
        },
        onSubmit: (event) => {
          calls.push(['onSubmit', cardForm.getCardFormData()]);
          if (window.hold) event.preventDefault();
        },
      },
    });
  }, [seller(site, mode).public_key, iframe, amount, names]);
  if (wait) await called(page, 'onReady');
  return page;
}

const callsOf = (page, name) => page.evaluate((name) => calls.filter(([known]) => known === name).map(([, ...given]) => given), name);
async function called(page, name, times = 1) {
  await page.waitForFunction(([name, times]) => calls.filter(([known]) => known === name).length >= times, [name, times]);
  return (await callsOf(page, name)).at(-1);
}

async function typeInto(page, iframe, name, text) {
  if (iframe) return type(page, name, text);
  await page.click(`#f_${name}`);
  await page.keyboard.type(text);
}

async function fill(page, iframe, card = CARDS.MLB) {
  // A form that is sent before has no document's type.
  await called(page, 'onIdentificationTypesReceived');
  await typeInto(page, iframe, 'cardNumber', card.number);
  await called(page, 'onInstallmentsReceived');
  await typeInto(page, iframe, 'expirationDate', iframe ? '1130' : '11/30');
  await typeInto(page, iframe, 'securityCode', card.cvv);
  await page.fill('#f_cardholderName', 'APRO');
  await page.fill('#f_identificationNumber', '12345678909');
}

for (const iframe of [true, false]) {
  const where = iframe ? 'in frames' : 'in the page';

  test(`a card ${where}: looked up, made a token of, and posted to the shop without it`, async () => {
    world.posted.length = 0;
    const page = await open({ iframe });
    const [, types] = await called(page, 'onIdentificationTypesReceived');
    assert.deepEqual(types, [{ id: 'CPF', name: 'CPF' }, { id: 'CNPJ', name: 'CNPJ' }]);
    await fill(page, iframe);
    assert.equal((await called(page, 'onBinChange'))[0], '50314332');
    const [error, methods] = await called(page, 'onPaymentMethodsReceived');
    assert.equal(error ?? undefined, undefined);
    assert.equal(methods[0].id, 'master');
    const [, installments] = await called(page, 'onInstallmentsReceived');
    assert.equal(installments.payer_costs[0].installments, '1');
    assert.ok(Array.isArray(installments.payer_costs[0].installment_rate_collector));
    assert.ok((await page.locator('#f_installments option').count()) > 1);
    assert.ok(await page.inputValue('#f_issuer'));
    await page.click('#pay');
    await page.waitForURL('**/paid');
    const posted = new URLSearchParams(world.posted[0]);
    assert.match(posted.get('MPHiddenInputToken'), /^[0-9a-f]{32}$/);
    assert.deepEqual(
      [posted.get('MPHiddenInputPaymentMethod'), posted.get('MPHiddenInputProcessingMode'), posted.get('MPHiddenInputAmount'), posted.get('installments')],
      ['master', 'aggregator', '100.5', '1'],
    );
    assert.deepEqual(leaks(world.posted, CARDS.MLB), []);
    const payment = await world.pay({ token: posted.get('MPHiddenInputToken') });
    assert.equal(payment.status, 'approved', JSON.stringify(payment));
    assert.deepEqual(page.errors, []);
    await page.context().close();
  });

  test(`what is wrong with a card ${where} is told by name, and nothing is submitted`, async () => {
    const page = await open({ iframe });
    await page.evaluate(() => (hold = true));
    await page.click('#pay');
    const [errors, event] = await called(page, 'onError');
    assert.equal(event, 'event');
    const texts = errors.map(({ message }) => message).join('\n');
    for (const name of ['cardNumber', 'expirationMonth', 'expirationYear', 'securityCode']) assert.match(texts, new RegExp(`${name} should be a number`));
    assert.deepEqual(await callsOf(page, 'onSubmit'), []);
    await page.fill('#f_cardholderName', 'N4me');
    await eventually(page, () => {
      const [, wrong, field] = calls.filter(([name]) => name === 'onValidityChange').at(-1) ?? [];
      return [wrong?.[0].code, field];
    }, [], ['316', 'cardholderName']);
    await page.fill('#f_cardholderName', 'Joana');
    await eventually(page, () => calls.filter(([name]) => name === 'onValidityChange').at(-1)[1] === undefined, [], true);
    await page.context().close();
  });

  test(`a second submission ${where} gets a second token; a double click one`, async () => {
    const page = await open({ iframe });
    await page.evaluate(() => (hold = true));
    await fill(page, iframe);
    await page.evaluate(() => {
      cardForm.submit();
      cardForm.submit();
    });
    await called(page, 'onSubmit');
    assert.equal((await callsOf(page, 'onCardTokenReceived')).length, 1);
    await page.click('#pay');
    const [second] = await called(page, 'onSubmit', 2);
    const [first] = (await callsOf(page, 'onSubmit'))[0];
    assert.match(first.token, /^[0-9a-f]{32}$/);
    assert.notEqual(second.token, first.token);
    assert.deepEqual({ ...first, token: '', issuerId: '' }, { amount: '100.5', token: '', installments: '1', paymentMethodId: 'master', issuerId: '', identificationType: 'CPF', identificationNumber: '12345678909', processingMode: 'aggregator', cardholderEmail: '' });
    const made = await page.evaluate(() => cardForm.createCardToken());
    assert.deepEqual(Object.keys(made), ['token']);
    await page.context().close();
  });
}

test('with frames the page finds neither number nor CVV; without, it does', async () => {
  for (const iframe of [true, false]) {
    const page = await open({ iframe, before: eavesdrop });
    await page.evaluate(() => (hold = true));
    await fill(page, iframe);
    await page.click('#pay');
    await called(page, 'onSubmit');
    const found = leaks(await everything(page), CARDS.MLB);
    assert.equal(found.length > 0, !iframe, found.join('\n'));
    await page.context().close();
  }
});

test('a line that is cut at the submission is told, and the next one pays', async () => {
  const page = await open();
  await page.evaluate(() => (hold = true));
  await fill(page, true);
  await page.context().setOffline(true);
  await page.click('#pay');
  const [errors] = await called(page, 'onError');
  assert.deepEqual(errors, [{ message: 'request failed: the network cannot be reached' }]);
  assert.deepEqual(await callsOf(page, 'onSubmit'), []);
  await page.context().setOffline(false);
  await page.click('#pay');
  const [{ token }] = await called(page, 'onSubmit');
  assert.equal((await world.pay({ token })).status, 'approved');
  await page.context().close();
});

test('Enter in a frame submits the form', async () => {
  const page = await open();
  await page.evaluate(() => (hold = true));
  await fill(page, true);
  await type(page, 'securityCode', '');
  await page.keyboard.press('Enter');
  await called(page, 'onSubmit');
  await page.context().close();
});

test('card inputs with a name: a warning with test credentials, refused with live ones, and no name in either', async () => {
  const attributes = 'name="?"';
  const tested = await open({ iframe: false, attributes });
  assert.deepEqual(await callsOf(tested, 'onFormMounted'), [[]]);
  await logs(tested, /cardNumber, expirationDate, securityCode should have no `name` attribute/);
  assert.deepEqual([await tested.getAttribute('#f_cardNumber', 'name'), await tested.getAttribute('#f_cardNumber', 'data-name'), await tested.getAttribute('#f_cardNumber', 'autocomplete')], [null, 'cardNumber', 'off']);
  await tested.context().close();
  const live = await open({ iframe: false, attributes, mode: 'live', wait: false });
  const [error] = await called(live, 'onFormMounted');
  assert.match(error[0].description, /should have no `name` attribute: the form would post card data/);
  assert.equal(await live.getAttribute('#f_cardNumber', 'name'), null);
  assert.equal(await live.locator('#MPHiddenInputToken').count(), 0);
  assert.deepEqual(await callsOf(live, 'onReady'), []);
  await live.context().close();
  const unnamed = await open({ iframe: false, mode: 'live', wait: false });
  assert.deepEqual(await called(unnamed, 'onFormMounted'), []);
  await unnamed.context().close();
});

test('the form of the WooCommerce plugin: older names, a short year, what it reads and changes', async () => {
  const page = await world.page(form({ iframe: true }));
  const ready = await page.evaluate((key) => {
    const field = (name, more) => ({ id: `f_${name}`, ...more });
    return new Promise((resolve, reject) => {
      window.validity = [];
      window.cardForm = new MercadoPago(key, { locale: 'pt-BR' }).cardForm({
        amount: '100.5',
        iframe: true,
        form: {
          id: 'form',
          cardNumber: field('cardNumber', { placeholder: '0000', style: { 'font-size': '16px', height: '40px', padding: '14px' } }),
          cardholderName: field('cardholderName'),
          cardExpirationDate: field('expirationDate', { placeholder: '11/25', mode: 'short' }),
          securityCode: field('securityCode', { placeholder: '123' }),
          identificationType: field('identificationType'),
          identificationNumber: field('identificationNumber'),
          issuer: field('issuer'),
          installments: field('installments'),
        },
        callbacks: {
          onFormMounted: (error) => error && reject(error),
          onReady: (fields) => {
            for (const name of ['cardNumber', 'expirationDate', 'securityCode']) fields[name].on('validityChange', ({ field, errorMessages }) => validity.push([field, errorMessages[0]?.cause]));
            resolve(Object.keys(fields));
          },
          onInstallmentsReceived: (error, data) => (window.costs = data.payer_costs),
        },
      });
    });
  }, seller().public_key);
  assert.deepEqual(ready.sort(), ['cardNumber', 'expirationDate', 'securityCode']);
  await page.evaluate(() => {
    cardForm.update('securityCode', { placeholder: '1234' });
    cardForm.update('cardExpirationDate', { placeholder: 'MM/AA' });
  });
  await type(page, 'expirationDate', '112030');
  const date = await frameOf(page, 'expirationDate');
  await eventually(date, () => {
    const { value, placeholder } = document.getElementById('field');
    return [value, placeholder];
  }, [], ['11/30', 'MM/AA']);
  await type(page, 'cardNumber', CARDS.MLB.number);
  await type(page, 'securityCode', '739');
  await page.waitForFunction(() => window.costs && document.getElementById('f_identificationType').value);
  await page.fill('#f_cardholderName', 'APRO');
  await page.fill('#f_identificationNumber', '12345678909');
  const { token } = await page.evaluate(() => cardForm.createCardToken());
  assert.equal((await world.pay({ token })).status, 'approved');
  await eventually(page, () => validity.some(([field, cause]) => field === 'cardNumber' && cause === undefined), [], true);
  await page.context().close();
});

test('there is one card form on a page, until it is unmounted', async () => {
  const page = await open();
  const seen = await page.evaluate(() => {
    const again = mp.cardForm({});
    const same = again === cardForm;
    cardForm.unmount();
    let refused = '';
    try {
      cardForm.unmount();
    } catch (error) {
      refused = error.message;
    }
    return { same, refused, frames: document.querySelectorAll('iframe').length, hidden: document.querySelectorAll('[name^=MPHidden]').length };
  });
  assert.deepEqual(seen, { same: true, refused: 'CardForm is not mounted', frames: 0, hidden: 0 });
  assert.equal((await callsOf(page, 'onFormUnmounted')).length, 1);
  await page.evaluate(() => {
    const fields = Object.fromEntries(['cardNumber', 'expirationDate', 'securityCode', 'cardholderName', 'issuer', 'installments'].map((name) => [name, { id: `f_${name}` }]));
    window.cardForm = mp.cardForm({ amount: '200', iframe: true, form: { id: 'form', ...fields }, callbacks: { onFormMounted: (error) => calls.push(['again', error]), onReady: (fields) => calls.push(['ready again', Object.keys(fields)]) } });
  });
  assert.deepEqual(await called(page, 'ready again'), [['cardNumber', 'securityCode', 'expirationDate']]);
  await page.context().close();
});

test('bad options are thrown as a list, bad elements go to onFormMounted', async () => {
  const page = await open({ iframe: true, names: NAMES });
  const seen = await page.evaluate(async () => {
    cardForm.unmount();
    let thrown;
    try {
      mp.cardForm({ amount: '', form: { id: 'form' } });
    } catch (error) {
      thrown = error;
    }
    const field = (id) => ({ id });
    const mounted = (changes) =>
      new Promise((resolve) =>
        mp.cardForm({ amount: 10, form: { id: 'form', cardNumber: field('f_cardholderName'), securityCode: field('f_cardholderName'), expirationDate: field('f_cardholderName'), cardholderName: field('f_cardholderName'), issuer: field('f_issuer'), installments: field('f_installments'), ...changes }, callbacks: { onFormMounted: (error) => resolve(error?.message) } }),
      );
    return [thrown, await mounted({ cardNumber: field('nowhere') }), await mounted({ issuer: field('f_cardholderName') }), await mounted({})];
  });
  assert.ok(seen[0].every(({ code, description }) => code === 'default' && typeof description === 'string'));
  assert.equal(seen[1], 'Could not find HTML element for provided id: nowhere');
  assert.match(seen[2], /wrong HTML Element type: expected SELECT/);
  assert.equal(seen[3], undefined);
  await page.context().close();
});

test('an unknown card is an empty list, and its selects are empty again', async () => {
  const page = await open();
  await fill(page, true);
  await type(page, 'cardNumber', '');
  for (let press = 0; press < 16; press += 1) await page.keyboard.press('Backspace');
  assert.equal((await called(page, 'onBinChange', 2))[0], null);
  await eventually(page, () => document.getElementById('f_installments').textContent, [], 'installments?');
  await page.keyboard.type('99999999');
  await page.waitForFunction(() => calls.some(([name, , methods]) => name === 'onPaymentMethodsReceived' && methods?.length === 0));
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('Argentina asks whose card it is; Mexico has no document types', async () => {
  const argentina = await open({ site: 'MLA', amount: '1500.5' });
  await type(argentina, 'cardNumber', CARDS.MLA.number);
  const [, issuers] = await called(argentina, 'onIssuersReceived');
  assert.equal(typeof issuers[0].id, 'string');
  await called(argentina, 'onInstallmentsReceived');
  await argentina.context().close();
  const mexico = await open({ site: 'MLM' });
  assert.deepEqual(await called(mexico, 'onIdentificationTypesReceived'), [undefined, []]);
  await mexico.context().close();
});

test('an amount that no instalments are for is told as the API says it', async () => {
  const page = await open({ amount: '0' });
  await type(page, 'cardNumber', CARDS.MLB.number);
  const [error] = await called(page, 'onInstallmentsReceived');
  assert.equal(error.message, 'invalid amount');
  await page.context().close();
});
