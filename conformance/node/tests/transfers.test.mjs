// Pix and boleto.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BRAZILIAN_ADDRESS, buyer, payByPix, payments, sandbox } from '../world.mjs';

/** CRC-16/CCITT-FALSE, as field 63 of a BR Code wants it. */
function crc16(text) {
  let crc = 0xffff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc.toString(16).toUpperCase().padStart(4, '0');
}

test('a Pix payment answers with a BR Code and its picture', async () => {
  const payment = await payByPix();
  assert.equal(payment.status, 'pending');
  assert.equal(payment.status_detail, 'pending_waiting_transfer');
  assert.equal(payment.payment_type_id, 'bank_transfer');
  assert.equal(payment.transaction_amount, 105.1);
  const data = payment.point_of_interaction.transaction_data;
  assert.ok(data.qr_code.startsWith('000201'));
  assert.ok(data.qr_code.includes('br.gov.bcb.pix'));
  assert.equal(data.qr_code.slice(-4), crc16(data.qr_code.slice(0, -4)));
  const picture = Buffer.from(data.qr_code_base64, 'base64');
  assert.deepEqual([...picture.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  assert.match(data.ticket_url, /^https?:\/\//);
  assert.ok(Date.parse(payment.date_of_expiration) > Date.parse(payment.date_created));
});

test('the buyer pays the Pix', async () => {
  const { id } = await payByPix();
  await sandbox('pay', id);
  const payment = await payments().get({ id });
  assert.equal(payment.status, 'approved');
  assert.equal(payment.status_detail, 'accredited');
  assert.ok(payment.transaction_details.net_received_amount > 0);
});

test('a Pix that is not paid is cancelled by the seller', async () => {
  const { id } = await payByPix();
  const payment = await payments().cancel({ id });
  assert.equal(payment.status, 'cancelled');
  assert.equal(payment.status_detail, 'by_collector');
});

test('a Pix expires', async () => {
  const { id } = await payByPix();
  await sandbox('expire', id);
  const payment = await payments().get({ id });
  assert.equal(payment.status, 'cancelled');
  assert.equal(payment.status_detail, 'expired');
});

test('a boleto answers with its barcode and the page to print', async () => {
  const payment = await payments().create({
    body: {
      transaction_amount: 100.5,
      payment_method_id: 'bolbradesco',
      payer: { ...buyer(), address: BRAZILIAN_ADDRESS },
    },
  });
  assert.equal(payment.status, 'pending');
  assert.equal(payment.status_detail, 'pending_waiting_payment');
  assert.equal(payment.payment_type_id, 'ticket');
  assert.match(payment.barcode.content, /^\d{44}$/);
  assert.match(payment.transaction_details.external_resource_url, /^https?:\/\//);
  await sandbox('pay', payment.id);
  assert.equal((await payments().get({ id: payment.id })).status, 'approved');
});
