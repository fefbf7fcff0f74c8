// The hosted checkout's card page: secure fields, plans with their whole cost, refusals and what is said about them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { browserOf, BUYERS, paymentsOf, preference, result, retype, startOf, typeCard } from './buyer.mjs';
import { becomes, eventually, frameOf, World } from './world.mjs';

let world;
before(async () => {
  world = await World.open();
});
after(() => world.close());

let count = 0;
/** The card's page of a new preference; `page.reference` finds its payments. */
async function cardPage({ site = 'MLB', members = {}, price, ...browser } = {}) {
  const reference = `card-${(count += 1)}`;
  const made = await preference(world, site, { external_reference: reference, ...members }, price);
  const context = await browserOf(world, browser);
  const page = await context.newPage();
  await page.goto(startOf(world, made, '&method=card'));
  return Object.assign(page, { made, reference, site });
}

async function close(page) {
  const context = page.context();
  await context.close();
  assert.deepEqual(context.errors, []);
  assert.deepEqual(context.elsewhere, [], 'another origin was asked');
}

/** Waits until this is said below a field. */
const says = (page, name, words) => becomes(() => page.locator(`#${name}-wrong`).innerText(), words);

test('a card is typed into frames, paid in instalments, and never stands in the page', async () => {
  const page = await cardPage({ language: 'pt-BR' });
  const sent = [];
  page.on('request', (request) => sent.push([new URL(request.url()).pathname, request.postData() ?? '', request.url()]));
  await typeCard(page, 'MLB');
  assert.equal(await page.locator('.brand').innerText(), 'Mastercard');
  await page.locator('.plan', { hasText: '3 ×' }).locator('input').check();
  const button = await page.locator('#pay').innerText();
  assert.match(button, /^Pagar R\$\s1\.6\d\d,\d\d$/, 'the whole price, with interest');
  assert.equal(await page.locator('#total').innerText(), button.replace('Pagar ', ''));
  assert.ok(!(await page.content()).includes('50314332'), 'the page has the number');
  await page.click('#pay');
  const { progress, text } = await result(page);
  assert.equal(progress, 'paid');
  assert.match(text, /aparecerá na fatura/);
  for (const [path, body, url] of sent) {
    const tells = /5031433215406351/.test(body + url);
    assert.equal(tells, path === '/v1/card_tokens', `${path} carries the number`);
  }
  const [payment] = await paymentsOf(world, 'MLB', page.reference);
  assert.equal(payment.installments, 3);
  assert.equal(payment.status, 'approved');
  await close(page);
});

test('Argentine plans show price, instalments, TEA, and a CFT of five times its size', async () => {
  const page = await cardPage({ site: 'MLA' });
  await typeCard(page, 'MLA');
  const row = page.locator('.plan', { hasText: '3 ×' });
  assert.match(await row.innerText(), /3 × \$\s\d+,\d\d[\s\S]*en total[\s\S]*CFT \d+,\d\d%[\s\S]*TEA \d+,\d\d%/);
  assert.match(await page.locator('.cash-price').innerText(), /Precio de contado\s+\$\s1\.500,00/);
  const font = (name) => row.locator(name).evaluate((element) => {
    const { fontSize, fontWeight, fontFamily } = getComputedStyle(element);
    return { size: parseFloat(fontSize), weight: Number(fontWeight), fontFamily };
  });
  const [cft, tea] = [await font('.cft'), await font('.tea')];
  assert.ok(cft.size / tea.size >= 2.25, `${cft.size} / ${tea.size}`);
  assert.ok(cft.weight >= 700);
  assert.equal(cft.fontFamily, tea.fontFamily);
  assert.ok(!(await page.locator('#plans').innerText()).includes('sin interés'));
  await close(page);
});

test('what is wrong is said beside its field, in words that help', async () => {
  const page = await cardPage({ language: 'en' });
  await frameOf(page, 'securityCode');
  await page.locator('#document_number').fill('12345678909');
  await page.locator('#card_holder').fill('APRO');
  await page.click('#pay');
  for (const [name, words] of [['card_number', 'Check the card number.'], ['card_expiry', 'Check the expiry date.'], ['card_code', 'Check the security code.']]) {
    await says(page, name, words);
  }
  const number = await frameOf(page, 'cardNumber');
  await eventually(number, () => document.activeElement?.id, [], 'field'); // The first wrong field has the focus.
  // A number whose last digit is wrong; then one that is right.
  await typeCard(page, 'MLB', { number: '5031433215406352' });
  await page.locator('#email').click();
  await says(page, 'card_number', 'Check the card number.');
  await retype(page, 'cardNumber', BUYERS.MLB.number);
  await page.locator('#document_number').fill('11111111111');
  await page.waitForSelector('#plan-rows .plan');
  await says(page, 'card_number', '');
  await page.click('#pay');
  // The document and the e-mail are judged where the payment is made.
  await page.waitForSelector('[role=alert]:not([hidden]):not(:empty), .progress-rejected');
  assert.equal((await paymentsOf(world, 'MLB', page.reference)).length, 0);
  await close(page);
});

test('a card that the shop does not take is refused before anything is sent', async () => {
  const page = await cardPage({ members: { payment_methods: { excluded_payment_methods: [{ id: 'master' }], installments: 2 } } });
  await retype(page, 'cardNumber', BUYERS.MLB.number);
  await page.waitForFunction(() => /no acepta esta tarjeta/.test(document.getElementById('card_number-wrong').textContent));
  await retype(page, 'cardNumber', '4235647728025682');
  await page.waitForSelector('#plan-rows .plan');
  assert.equal(await page.locator('.plan').count(), 2, 'not more instalments than the shop allows');
  await close(page);
});

test('everything can be done with the keyboard', async () => {
  const page = await cardPage();
  await frameOf(page, 'securityCode');
  await page.locator('.skip').focus();
  const press = async (text) => {
    await page.keyboard.press('Tab');
    if (text) await page.keyboard.type(text);
  };
  await press(BUYERS.MLB.number);
  await press('1130');
  await press('123');
  await press('APRO');
  await press();
  await press('12345678909');
  await press();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('test_user_5551234@testuser.com');
  await page.waitForSelector('#plan-rows .plan');
  await press();
  await page.keyboard.press('ArrowDown');
  await press();
  await page.keyboard.press('Enter');
  assert.equal((await result(page)).progress, 'paid');
  assert.equal((await paymentsOf(world, 'MLB', page.reference))[0].installments, 2);
  await close(page);
});

const REFUSALS = [
  ['OTHE', /Mastercard/, 'Pagar con otra tarjeta'],
  ['CALL', /Avisa a Mastercard que/, 'Ya lo autoricé: intentar de nuevo'],
  ['FUND', /fondos/i, 'Pagar con otra tarjeta'],
  ['SECU', /seguridad/i, 'Corregir los datos de la tarjeta'],
  ['EXPI', /vencimiento/i, 'Corregir los datos de la tarjeta'],
  ['FORM', /dato/i, 'Corregir los datos de la tarjeta'],
  ['CARD', /número/i, 'Corregir los datos de la tarjeta'],
  ['INST', /cuotas/i, 'Pagar con otra tarjeta'],
  ['DUPL', /ya hiciste|otra tarjeta|mismo/i, 'Pagar con otra tarjeta'],
  ['LOCK', /activ|Llama/i, 'Ya lo autoricé: intentar de nuevo'],
  ['CTNA', /tarjeta/i, 'Pagar con otra tarjeta'],
  ['ATTE', /intentos/i, 'Pagar con otra tarjeta'],
  ['BLAC', /./, 'Pagar con otro medio'],
  ['UNSU', /./, 'Pagar con otra tarjeta'],
];

for (const [holder, words, step] of REFUSALS) {
  test(`${holder}: the refusal says why and what to do`, async () => {
    const page = await cardPage();
    await typeCard(page, 'MLB', { holder });
    await page.click('#pay');
    const { progress, text, steps } = await result(page);
    assert.equal(progress, 'rejected');
    assert.match(text, words);
    assert.equal(steps[0], step);
    await close(page);
  });
}

test('a payment in review tells when the buyer will hear', async () => {
  const page = await cardPage({ language: 'en' });
  await typeCard(page, 'MLB', { holder: 'CONT' });
  await page.click('#pay');
  const { progress, text } = await result(page);
  assert.equal(progress, 'review');
  assert.match(text, /2 business days/);
  await close(page);
});
