// Secure fields: frames of the platform on a shop's page of another origin.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { eavesdrop, everything, leaks } from './eavesdropper.mjs';
import { CARDS, eventually, frameOf, seller, type, World } from './world.mjs';

let world;
before(async () => {
  world = await World.open();
});
after(() => world.close());

const FIELDS = ['cardNumber', 'expirationDate', 'securityCode'];
const CONTAINERS = FIELDS.map((name) => `<div id="${name}" style="height:32px"></div>`).join('') + '<button id="next">Pay</button>';

/** A page with mounted fields, whose events are kept. */
async function open({ types = FIELDS, options = {}, locale = 'pt-BR', ...more } = {}) {
  const containers = types.map((name) => `<div id="${name}" style="height:32px"></div>`).join('');
  const page = await world.page(`${containers}<button id="next">Pay</button>`, more);
  await page.evaluate(([key, types, options, locale]) => {
    window.mp = new MercadoPago(key, { locale });
    window.events = [];
    window.fields = {};
    for (const type of types) {
      const field = mp.fields.create(type, options[type]).mount(type);
      for (const name of ['ready', 'focus', 'blur', 'change', 'paste', 'validityChange', 'error', ...(type === 'cardNumber' ? ['binChange'] : [])]) {
        field.on(name, (data) => events.push([name, data]));
      }
      fields[type] = field;
    }
  }, [seller().public_key, types, options, locale]);
  await page.waitForFunction((count) => events.filter(([name]) => name === 'ready').length === count, types.length);
  return page;
}

const eventsOf = (page, name) => page.evaluate((name) => events.filter(([known]) => known === name).map(([, data]) => data), name);

async function typeCard(page, { number, cvv }, date = '1130') {
  await type(page, 'cardNumber', number);
  await type(page, 'expirationDate', date);
  await type(page, 'securityCode', cvv);
}

const HOLDER = { cardholderName: 'APRO', identificationType: 'CPF', identificationNumber: '12345678909' };
const tokenOf = (page, parameters = HOLDER, options) =>
  page.evaluate(([parameters, options]) => mp.fields.createCardToken(parameters, options).then((value) => ({ value }), (error) => ({ error })), [parameters, options]);

test('a card that is typed in frames becomes a token that pays', async () => {
  const page = await open();
  await typeCard(page, CARDS.MLB);
  const { value, error } = await tokenOf(page);
  assert.equal(error, undefined, JSON.stringify(error));
  assert.deepEqual([value.first_six_digits, value.last_four_digits, value.expiration_month, value.expiration_year], ['503143', '6351', 11, 2030]);
  assert.equal(value.cardholder.name, 'APRO');
  const payment = await world.pay({ token: value.id });
  assert.equal(payment.status, 'approved', JSON.stringify(payment));
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('the page finds neither number nor CVV, whatever it listens to', async () => {
  const page = await open({ before: eavesdrop });
  await typeCard(page, CARDS.MLB);
  await page.click('#next');
  const { value } = await tokenOf(page);
  assert.ok(value.id);
  const heard = await everything(page);
  assert.ok(heard.some((text) => text.includes(value.id)), 'it hears the token');
  assert.ok(heard.some((text) => text.includes(CARDS.MLB.number.slice(0, 8))), 'and the BIN');
  assert.deepEqual(leaks(heard, CARDS.MLB), []);
  const reached = await page.evaluate(() => {
    try {
      return String(frames[0].pasarelaField ?? frames[0].document);
    } catch (error) {
      return error.name;
    }
  });
  assert.equal(reached, 'SecurityError');
  await page.context().close();
});

test('the same ear hears a card that is typed into the page itself', async () => {
  const page = await world.page('<input id="number"><input id="code">', { before: eavesdrop });
  await page.type('#number', CARDS.MLB.number);
  await page.type('#code', CARDS.MLB.cvv);
  assert.ok(leaks(await everything(page), CARDS.MLB).length >= 2);
  await page.context().close();
});

test('a frame listens to its own page and channel alone', async () => {
  const page = await open({ types: ['securityCode'] });
  await type(page, 'securityCode', '739');
  // A second port, and messages with a guessed channel: the frame has its port and takes no other.
  const answered = await page.evaluate(async () => {
    const frame = document.querySelector('iframe');
    const channel = new URLSearchParams(new URL(frame.src).hash.slice(1)).get('channel');
    const { port1, port2 } = new MessageChannel();
    let heard = 0;
    port1.onmessage = () => (heard += 1);
    frame.contentWindow.postMessage({ pasarela: channel, options: {} }, '*', [port2]);
    port1.postMessage({ kind: 'token', id: 1, request: { group: '' } });
    await fields.securityCode.update({ placeholder: 'CVC' });
    await new Promise((resolve) => {
      fields.securityCode.on('focus', resolve).focus();
    });
    return heard;
  });
  assert.equal(answered, 0);
  assert.equal(await (await frameOf(page, 'securityCode')).getAttribute('input', 'placeholder'), 'CVC');
  await page.context().close();
});

test('a frame sends nothing elsewhere, even if its script would', async () => {
  const page = await open({ types: ['cardNumber'] });
  const frame = await frameOf(page, 'cardNumber');
  const results = await frame.evaluate(async (shop) => {
    const violations = [];
    addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective));
    const failed = await fetch(shop, { mode: 'no-cors' }).then(() => false, () => true);
    await new Promise((resolve) => {
      const image = new Image();
      image.onerror = resolve;
      image.onload = resolve;
      image.src = shop;
    });
    document.body.append(Object.assign(document.createElement('style'), { textContent: 'input{color:red}' }));
    window.violations = violations;
    return { failed };
  }, `${world.shopUrl}/stolen`);
  assert.equal(results.failed, true);
  for (const kind of ['connect-src', 'img-src', 'style-src']) {
    await eventually(frame, (kind) => violations.some((directive) => directive.startsWith(kind)), kind, true);
  }
  await page.context().close();
});

test('what is typed before the page listens is told once it does', async () => {
  const page = await world.page('<div id="cardNumber" style="height:32px"></div>', {
    before: () => {
      if (window !== top) return;
      const { addEventListener } = window;
      const busy = new Promise((resolve) => (window.listen = resolve));
      window.addEventListener = (name, listener, ...more) =>
        addEventListener.call(window, name, name === 'message' ? (event) => void busy.then(() => listener(event)) : listener, ...more);
    },
  });
  await page.evaluate((key) => {
    window.events = [];
    const field = new MercadoPago(key, { locale: 'pt-BR' }).fields.create('cardNumber').mount('cardNumber');
    for (const name of ['ready', 'focus', 'validityChange', 'binChange']) field.on(name, (data) => events.push([name, data.bin ?? data.errorMessages?.length ?? null]));
  }, seller().public_key);
  const input = (await frameOf(page, 'cardNumber')).locator('input');
  await input.focus();
  await input.pressSequentially(CARDS.MLB.number);
  assert.deepEqual(await page.evaluate(() => events), []);
  await page.evaluate(() => listen());
  await eventually(page, () => events, [], [['ready', null], ['focus', null], ['validityChange', 0], ['binChange', '50314332']]);
  await page.context().close();
});

test('events tell the BIN, what is wrong in the listed words, and when it is not any more', async () => {
  const page = await open({ types: FIELDS, options: { cardNumber: { enableLuhnValidation: true } } });
  await page.evaluate(() => fields.cardNumber.update({ settings: { length: 16, validation: 'standard' } }));
  await page.evaluate(() => fields.securityCode.update({ settings: { mode: 'mandatory', length: 3 } }));
  await type(page, 'cardNumber', '5031433215406352');
  await type(page, 'expirationDate', '1320');
  await type(page, 'securityCode', '12');
  await page.click('#next');
  const says = (field, ...wanted) => eventually(page, ([field]) => events.filter(([name, data]) => name === 'validityChange' && data.field === field).at(-1)?.[1].errorMessages, [field], wanted);
  await says('cardNumber', { message: 'card number rejected on Luhn Validation.', cause: 'invalid_value' });
  const year = new Date().getFullYear();
  await says(
    'expirationDate',
    { message: 'expirationMonth should be a value from 1 to 12.', cause: 'invalid_value' },
    { message: `expirationYear should be greater or equal than ${year}.`, cause: 'invalid_value' },
  );
  await says('securityCode', { message: "securityCode should be of length '3'.", cause: 'invalid_length' });
  const frame = await frameOf(page, 'cardNumber');
  await frame.locator('input').press('End');
  await page.keyboard.press('Backspace');
  await says('cardNumber', { message: "cardNumber should be of length '16'.", cause: 'invalid_length' });
  await page.keyboard.type('1');
  await says('cardNumber');
  assert.deepEqual(await eventsOf(page, 'binChange'), [{ field: 'cardNumber', bin: '50314332' }]);
  for (let press = 0; press < 10; press += 1) await page.keyboard.press('Backspace');
  await eventually(page, () => events.filter(([name]) => name === 'binChange').at(-1)[1], [], { field: 'cardNumber', bin: null });
  for (let press = 0; press < 6; press += 1) await page.keyboard.press('Backspace');
  await says('cardNumber', { message: 'cardNumber should be a number.', cause: 'invalid_type' });
  await frame.locator('input').dispatchEvent('paste');
  await page.click('#next');
  for (const name of ['focus', 'blur', 'change', 'paste']) await eventually(page, ([name]) => events.some(([known]) => known === name), [name], true);
  await page.context().close();
});

test('without what is needed there is no token, but a list of what is wrong', async () => {
  const page = await open();
  const calls = [];
  page.on('request', (request) => calls.push(request.url()));
  const { error } = await tokenOf(page, { cardholderName: 'N4me' });
  assert.deepEqual(error.map(({ code }) => code), ['205', '208', '209', '224', '316']);
  assert.equal(error[0].message, 'cardNumber should be a number.');
  assert.deepEqual(calls, []);
  await page.context().close();
});

test('what is typed is shown in groups, pasted text too, and the caret stays', async () => {
  const page = await open({ types: ['cardNumber', 'expirationDate'] });
  const frame = await frameOf(page, 'cardNumber');
  const input = frame.locator('input');
  await type(page, 'cardNumber', '5031x4332');
  assert.equal(await input.inputValue(), '5031 4332');
  await input.evaluate((element) => element.setSelectionRange(2, 2));
  await page.keyboard.type('9');
  assert.equal(await input.inputValue(), '5093 1433 2');
  assert.equal(await input.evaluate((element) => element.selectionStart), 3);
  await input.fill('3753-6515-3556-885');
  assert.equal(await input.inputValue(), '3753 651535 56885');
  const date = (await frameOf(page, 'expirationDate')).locator('input');
  for (const [typed, shown] of [['1130', '11/30'], ['11/2030', '11/2030'], ['2030-01', '01/2030'], ['1/30', '01/30'], ['130', '13/0'], ['530', '05/30']]) {
    await date.fill(typed);
    assert.equal(await date.inputValue(), shown, typed);
  }
  await page.context().close();
});

test('a form without a mouse: tab order, autofill, numeric keyboards, names for who hears them', async () => {
  const page = await open({ options: { cardNumber: { placeholder: '0000', ariaRequired: true }, securityCode: { srLabel: 'CVV' } } });
  const wanted = { cardNumber: ['cc-number', 'Número do cartão'], expirationDate: ['cc-exp', 'Data de vencimento'], securityCode: ['cc-csc', 'CVV'] };
  for (const [name, [autocomplete, label]] of Object.entries(wanted)) {
    const input = (await frameOf(page, name)).locator('input');
    assert.equal(await input.getAttribute('autocomplete'), autocomplete);
    assert.equal(await input.getAttribute('inputmode'), 'numeric');
    assert.equal(await input.getAttribute('aria-label'), label);
    assert.equal(await page.getAttribute(`iframe[name="${name}"]`, 'title'), label);
  }
  assert.equal(await (await frameOf(page, 'cardNumber')).getAttribute('input', 'aria-required'), 'true');
  await (await frameOf(page, 'cardNumber')).locator('input').focus();
  await page.keyboard.type(CARDS.MLB.number);
  await page.keyboard.press('Tab');
  await page.keyboard.type('1130');
  await page.keyboard.press('Tab');
  await page.keyboard.type('739');
  assert.equal((await tokenOf(page)).value.last_four_digits, '6351');
  await page.context().close();
});

test('axe finds nothing to complain about in the frames, filled in wrongly, in each language', async () => {
  // A frame is a part of a page: the page has the heading.
  const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
  for (const [locale, words] of [['es-MX', 'El dato está incompleto.'], ['pt-BR', 'O dado está incompleto.'], ['en-US', 'This is not complete.']]) {
    const page = await open({ locale });
    await type(page, 'cardNumber', '50');
    await page.click('#next');
    await eventually(await frameOf(page, 'cardNumber'), () => document.getElementById('description').textContent, [], words);
    for (const name of FIELDS) {
      const frame = await frameOf(page, name);
      await frame.evaluate(axe);
      const violations = await frame.evaluate(async () => (await window.axe.run(document, { rules: { 'page-has-heading-one': { enabled: false } } })).violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`));
      assert.deepEqual(violations, [], `${name} in ${locale}`);
    }
    await page.context().close();
  }
});

test('a style is the listed properties, and nothing that loads', async () => {
  const style = { color: 'rgb(1, 2, 3)', 'font-size': '20px', textAlign: 'center', placeholderColor: 'rgb(9, 8, 7)', background: 'url(https://evil.test/x)', height: 30 };
  const page = await open({ types: ['cardNumber'], options: { cardNumber: { style, placeholder: 'x' } } });
  const seen = await (await frameOf(page, 'cardNumber')).locator('input').evaluate((input) => {
    const { color, fontSize, textAlign, height, backgroundImage } = getComputedStyle(input);
    return { color, fontSize, textAlign, height, backgroundImage, placeholder: getComputedStyle(input, '::placeholder').color };
  });
  assert.deepEqual(seen, { color: 'rgb(1, 2, 3)', fontSize: '20px', textAlign: 'center', height: '30px', backgroundImage: 'none', placeholder: 'rgb(9, 8, 7)' });
  await page.context().close();
});

test('fields are unmounted, mounted again, moved, and kept apart by group', async () => {
  const page = await open({ types: ['cardNumber'] });
  const refused = await page.evaluate(() => {
    const error = (work) => {
      try {
        work();
        return 'nothing';
      } catch (error) {
        return error.message;
      }
    };
    return [
      error(() => fields.cardNumber.mount('cardNumber')),
      error(() => mp.fields.create('pin')),
      error(() => mp.fields.create('securityCode').mount('nowhere')),
      error(() => mp.fields.create('securityCode').mount('next')),
      error(() => fields.cardNumber.on('nothing', () => {})),
    ];
  });
  assert.match(refused[0], /already mounted/);
  assert.match(refused[1], /there is no field `pin`/);
  assert.equal(refused[2], 'Could not find HTML element for provided id: nowhere');
  assert.match(refused[3], /expected DIV/);
  assert.match(refused[4], /there is no event/);
  await page.evaluate(() => fields.cardNumber.unmount());
  assert.equal(await page.locator('iframe').count(), 0);
  await page.evaluate(() => fields.cardNumber.mount('cardNumber'));
  await page.waitForFunction(() => events.filter(([name]) => name === 'ready').length === 2);
  await type(page, 'cardNumber', '5');
  // A framework moves the container: the frame loads anew and still works.
  await page.evaluate(() => document.body.prepend(document.getElementById('cardNumber')));
  await page.waitForFunction(() => events.filter(([name]) => name === 'ready').length === 3);
  await type(page, 'cardNumber', CARDS.MLB.number);
  await eventually(page, () => events.filter(([name]) => name === 'binChange').at(-1)?.[1].bin, [], '50314332');
  const { error } = await tokenOf(page, HOLDER, 'other');
  assert.match(error[0].description, /cardNumber is not mounted/);
  await page.context().close();
});

test('a saved card needs its CVV alone, and a token is given a new CVV', async () => {
  const authorized = (path, body) =>
    fetch(world.url + path, { method: 'POST', headers: { Authorization: `Bearer ${seller().access_token}`, 'Content-Type': 'application/json' }, body: JSON.stringify(body) }).then((response) => response.json());
  const card = await authorized('/v1/card_tokens', { card_number: CARDS.MLB.number, security_code: '123', expiration_month: 11, expiration_year: 2030, cardholder: { name: 'APRO', identification: { type: 'CPF', number: '12345678909' } } });
  const customer = await authorized('/v1/customers', { email: 'browser@testuser.com' });
  const saved = await authorized(`/v1/customers/${customer.id}/cards`, { token: card.id });
  const page = await open({ types: ['securityCode'] });
  await type(page, 'securityCode', '739');
  const { value, error } = await tokenOf(page, { cardId: saved.id });
  assert.equal(error, undefined, JSON.stringify(error));
  assert.equal(value.card_id, saved.id);
  await page.keyboard.press('Backspace');
  const refused = await page.evaluate((id) => mp.fields.updateCardToken(id).catch((error) => error), value.id);
  assert.deepEqual(refused.map(({ code, field }) => [code, field]), [['E302', 'securityCode']]);
  await page.keyboard.type('8');
  const updated = await page.evaluate((id) => mp.fields.updateCardToken(id), value.id);
  assert.deepEqual([updated.id, updated.security_code_length], [value.id, 3]);
  const payment = await world.pay({ token: value.id, payer: { type: 'customer', id: customer.id } });
  assert.equal(payment.status, 'approved', JSON.stringify(payment));
  await page.context().close();
});

test('two cards on a page are two groups', async () => {
  const page = await world.page(['a', 'b'].flatMap((group) => FIELDS.map((name) => `<div id="${group}${name}" style="height:32px"></div>`)).join(''));
  await page.evaluate(([key, names]) => {
    window.mp = new MercadoPago(key, { locale: 'pt-BR' });
    return Promise.all(['a', 'b'].flatMap((group) => names.map((name) => new Promise((resolve) => mp.fields.create(name, { group }).mount(group + name).on('ready', resolve)))));
  }, [seller().public_key, FIELDS]);
  for (const [group, { number, cvv }] of [['a', CARDS.MLB], ['b', CARDS.amex]]) {
    for (const [name, text] of [['cardNumber', number], ['expirationDate', '1130'], ['securityCode', cvv]]) {
      await (await (await page.$(`#${group}${name} iframe`)).contentFrame()).locator('input').fill(text);
    }
  }
  const tokens = [await tokenOf(page, HOLDER, 'b'), await tokenOf(page, HOLDER, { group: 'a' })];
  assert.deepEqual(tokens.map(({ value }) => value.last_four_digits), [CARDS.amex.number.slice(-4), CARDS.MLB.number.slice(-4)]);
  await page.context().close();
});

test('fields in a shadow tree find each other, and a token is made of them', async () => {
  const page = await world.page('<x-shop></x-shop>', { before: eavesdrop });
  await page.evaluate(([key, names]) => {
    const root = document.querySelector('x-shop').attachShadow({ mode: 'closed' });
    window.mp = new MercadoPago(key, { locale: 'pt-BR' });
    window.fields = {};
    return Promise.all(names.map((name) => {
      const container = root.appendChild(document.createElement('div'));
      container.style.height = '32px';
      fields[name] = mp.fields.create(name).mount(container);
      return new Promise((resolve) => fields[name].on('ready', resolve));
    }));
  }, [seller().public_key, FIELDS]);
  assert.equal(await page.locator('iframe').count(), 1, 'the hub alone is in the page’s tree');
  const frames = Object.fromEntries(await Promise.all(page.frames().slice(1).map(async (frame) => [await frame.evaluate(() => document.querySelector('input')?.name ?? 'hub'), frame])));
  for (const [name, text] of [['cardNumber', CARDS.MLB.number], ['expirationDate', '1130'], ['securityCode', CARDS.MLB.cvv]]) await frames[name].locator('input').fill(text);
  const { value, error } = await tokenOf(page);
  assert.equal(error, undefined, JSON.stringify(error));
  assert.equal((await world.pay({ token: value.id })).status, 'approved');
  assert.deepEqual(leaks(await everything(page), CARDS.MLB), []);
  // What is gone is not read any more.
  await page.evaluate(() => fields.securityCode.unmount());
  const without = await tokenOf(page);
  assert.equal(without.value?.security_code_length ?? 0, 0, JSON.stringify(without));
  await page.context().close();
});

test('a field that cannot be loaded says so', async () => {
  const page = await world.page('<div id="cardNumber"></div>');
  // Its time stands still until it is told to go on.
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1_000);
  await page.route('**/secure-fields/v2', (route) => route.abort());
  await page.evaluate((key) => {
    window.events = [];
    new MercadoPago(key).fields.create('cardNumber').mount('cardNumber').on('error', (data) => events.push(data));
  }, seller().public_key);
  await page.clock.runFor(9_000);
  assert.deepEqual(await page.evaluate(() => events), []);
  await page.clock.runFor(2_000);
  assert.deepEqual(await page.evaluate(() => events), [{ field: 'cardNumber', error: 'cardNumber could not be loaded: it timed out' }]);
  await page.context().close();
});

test('live card data does not leave a page without TLS', async () => {
  const page = await world.page(CONTAINERS);
  const error = await page.evaluate((key) => new MercadoPago(key).fields.createCardToken({}).catch((error) => error), seller('MLB', 'live').public_key);
  assert.match(error, /SSL/);
  await page.context().close();
});
