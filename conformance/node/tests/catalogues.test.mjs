// What a client may ask about its account and its country, on each of the seven sites.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { IdentificationType, PaymentMethod, User } from 'mercadopago';
import { AMOUNTS, configuration, CURRENCIES, payByCard, refunds, seller, SITES } from '../world.mjs';

const data = (name) => JSON.parse(readFileSync(`${process.env.PASARELA_DOMAIN_DATA}/${name}`, 'utf8'));

for (const site of SITES) {
  test(`${site}: the account is known`, async () => {
    const user = await new User(configuration(site)).get();
    assert.equal(user.id, seller(site).user_id);
    assert.equal(user.site_id, site);
  });

  test(`${site}: a card payment is approved and refunded in ${CURRENCIES[site]}`, async () => {
    const payment = await payByCard({ site });
    assert.equal(payment.status, 'approved', payment.status_detail);
    assert.equal(payment.currency_id, CURRENCIES[site]);
    assert.equal(payment.transaction_amount, AMOUNTS[site]);
    assert.equal((await refunds(site).total({ payment_id: payment.id })).amount, AMOUNTS[site]);
  });

  test(`${site}: the payment methods are those of the country`, async () => {
    const methods = await new PaymentMethod(configuration(site)).get();
    assert.ok(Array.isArray(methods) && methods.length > 0);
    for (const method of methods) {
      assert.equal(typeof method.id, 'string');
      assert.equal(typeof method.payment_type_id, 'string');
    }
    const ids = methods.map((method) => method.id);
    const card = site === 'MLA' ? 'visa' : 'master';
    assert.ok(ids.includes(card), ids.join());
    assert.equal(ids.includes('pix'), site === 'MLB');
  });

  // Mexico lists no document types: the request itself is answered with an error there.
  test(`${site}: the document types are those of the country`, async () => {
    const expected = (data('identification_types.json')[site] ?? []).map((type) => type.id);
    const list = () => new IdentificationType(configuration(site)).list();
    if (expected.length === 0) {
      await list().then(
        (types) => assert.deepEqual([...types], []),
        (error) => assert.ok(error.status >= 400 && error.status < 500),
      );
    } else {
      assert.deepEqual((await list()).map((type) => type.id), expected);
    }
  });
}
