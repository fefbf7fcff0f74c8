// The card form, as on any page that was written for MercadoPago.js. `form`, `say`, `show` and `pay` are in paying.js.
const { publicKey, locale, amount } = form.dataset;

const mp = new MercadoPago(publicKey, { locale });
const cardForm = mp.cardForm({
  amount,
  iframe: true,
  form: {
    id: 'form',
    cardNumber: { id: 'number', placeholder: '0000 0000 0000 0000' },
    expirationDate: { id: 'expiry', placeholder: 'MM/YY' },
    securityCode: { id: 'code', placeholder: '123' },
    cardholderName: { id: 'holder' },
    cardholderEmail: { id: 'email' },
    identificationType: { id: 'document-type' },
    identificationNumber: { id: 'document' },
    issuer: { id: 'issuer', placeholder: say.issuer },
    installments: { id: 'installments', placeholder: say.installments },
  },
  callbacks: {
    onFormMounted: (error) => error && show(say.unanswered),
    // What is wrong, before anything was sent.
    onError: (errors) => show(say.check, errors.map(({ message }) => message)),
    onValidityChange: (error, field) => {
      document.querySelector(`[data-field="${field}"]`)?.classList.toggle('wrong', Boolean(error));
    },
    onSubmit: async (event) => {
      event.preventDefault();
      await pay(cardForm.getCardFormData());
    },
  },
});
