// The issuer's challenge in the hosted checkout: every way in which it can end.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { browserOf, paymentsOf, preference, result, startOf, typeCard } from './buyer.mjs';
import { World } from './world.mjs';

let world;
before(async () => {
  world = await World.open();
});
after(() => world.close());

/** The published cards: one whose holder can confirm, and one whom the issuer refuses all the same. */
const CARDS = { passes: '5483928164574623', fails: '5361956806117557' };

async function asked(number, reference, browser = {}) {
  const made = await preference(world, 'MLB', { external_reference: reference });
  const context = await browserOf(world, { language: 'en', ...browser });
  const page = await context.newPage();
  await page.goto(startOf(world, made, '&method=card'));
  if (browser.scripts === false) {
    for (const [name, text] of [['card_number', number], ['card_expiry', '11/30'], ['card_code', '123'], ['card_holder', 'APRO'], ['document_number', '12345678909']]) await page.fill(`#${name}`, text);
    await page.locator('form.form button').click();
    await page.getByRole('heading', { name: 'Check and pay' }).waitFor();
    await page.locator('form.form button').click();
    await page.waitForURL(/\/checkout\/v1\/result/);
  } else {
    await typeCard(page, 'MLB', { number });
    await page.click('#pay');
    assert.equal((await result(page)).progress, 'waiting');
  }
  return page;
}

const issuer = (page) => page.frameLocator('iframe[name="challenge"]');

async function ends(page, reference, [status, detail], step) {
  await page.waitForSelector(`main[data-progress="${status === 'approved' ? 'paid' : status === 'rejected' ? 'rejected' : 'expired'}"]`);
  const [payment] = await paymentsOf(world, 'MLB', reference);
  assert.deepEqual([payment.status, payment.status_detail], [status, detail]);
  if (step) assert.equal(await page.locator('.onward a').first().innerText(), step);
  const context = page.context();
  await context.close();
  assert.deepEqual([context.errors, context.elsewhere], [[], []]);
}

for (const [name, card, button, end, step] of [
  ['confirmed', 'passes', 'Confirm', ['approved', 'accredited']],
  ['confirmed, and refused by the issuer', 'fails', 'Confirm', ['rejected', 'cc_rejected_3ds_challenge'], 'Pay with another card'],
  ['cancelled', 'passes', 'Cancel', ['rejected', 'cc_rejected_3ds_challenge'], 'Pay with another card'],
  ['never answered', 'passes', 'Don\'t answer: the time runs out', ['cancelled', 'expired'], 'Pay with another card'],
]) {
  test(`a challenge that is ${name}`, async () => {
    const reference = name.replace(/\W+/g, '-');
    const page = await asked(CARDS[card], reference);
    await issuer(page).getByRole('button', { name: button, exact: true }).click();
    await ends(page, reference, end, step);
  });
}

test('a page that is loaded again asks again, and one answer counts', async () => {
  const page = await asked(CARDS.passes, 'again');
  await issuer(page).getByRole('button', { name: 'Confirm' }).waitFor();
  await page.reload();
  await issuer(page).getByRole('button', { name: 'Confirm' }).dblclick();
  await ends(page, 'again', ['approved', 'accredited']);
});

test('without scripts the buyer opens the issuer\'s page and comes back by a link', async () => {
  const page = await asked(CARDS.passes, 'plain', { scripts: false });
  await page.getByRole('button', { name: 'Open my bank\'s page' }).click();
  await issuer(page).getByRole('button', { name: 'Confirm' }).click();
  await issuer(page).locator('main.middle').waitFor();
  await page.getByRole('link', { name: 'I have answered: see the result' }).click();
  await page.waitForSelector('main[data-progress="paid"]');
  await page.context().close();
});
