// Secure fields: three frames, and the rest of the form is this script's business. `form`, `say`, `show` and `pay` are in
// paying.js.
const { publicKey, locale, amount } = form.dataset;

const mp = new MercadoPago(publicKey, { locale });
const style = { fontSize: '16px', height: '44px' };
const number = mp.fields.create('cardNumber', { placeholder: '0000 0000 0000 0000', style }).mount('number');
const expiry = mp.fields.create('expirationDate', { placeholder: 'MM/YY', style }).mount('expiry');
const code = mp.fields.create('securityCode', { placeholder: '123', style }).mount('code');

for (const [name, field] of Object.entries({ number, expiry, code })) {
  field.on('validityChange', ({ errorMessages }) => {
    document.getElementById(name).classList.toggle('wrong', errorMessages.length > 0);
  });
}

// With the first digits the page learns which card it is, and what it costs in instalments.
let method;
number.on('binChange', async ({ bin }) => {
  const installments = form.elements.installments;
  method = undefined;
  installments.replaceChildren();
  if (!bin) return;
  const found = await mp.getPaymentMethods({ bin });
  method = found.results[0];
  if (!method) return show(say.check, [say.number]);
  number.update({ settings: method.settings[0].card_number });
  code.update({ settings: method.settings[0].security_code });
  document.getElementById('brand').src = method.secure_thumbnail;
  const [prices] = await mp.getInstallments({ amount, bin, locale });
  installments.append(...prices.payer_costs.map((cost) => new Option(cost.recommended_message, cost.installments)));
});

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { holder, cpf, email, installments } = form.elements;
  let token;
  try {
    token = await mp.fields.createCardToken({
      cardholderName: holder.value,
      identificationType: 'CPF',
      identificationNumber: cpf.value,
    });
  } catch (error) {
    // A list of what is wrong, or the API's answer.
    const faults = Array.isArray(error) ? error : error?.cause;
    return show(say.check, (faults ?? []).map(({ message, description }) => message ?? description));
  }
  await pay({ token: token.id, method: method?.id, installments: Number(installments.value), email: email.value, cpf: cpf.value });
});
