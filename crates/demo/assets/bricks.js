// The payment brick: one call, and the methods, fields, prices and texts are there. `form`, `show` and `pay` are in paying.js.
const { publicKey, locale, amount } = form.dataset;
const theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'default';
const colours = {
  default: { baseColor: '#a2431b', baseColorFirstVariant: '#7f3110' },
  dark: {
    baseColor: '#f0a077', baseColorFirstVariant: '#f7bb9b', baseColorSecondVariant: '#2d221c', buttonTextColor: '#2b1207',
    formBackgroundColor: '#211915', inputBackgroundColor: '#17110e', outlineSecondaryColor: '#3a2d26', outlinePrimaryColor: '#8a7566',
    textPrimaryColor: '#f4e9dd', textSecondaryColor: '#bfa997',
  },
};

const mp = new MercadoPago(publicKey, { locale });
mp.bricks().create('payment', 'brick', {
  initialization: { amount: Number(amount), payer: { email: 'buyer@testuser.com' } },
  customization: {
    paymentMethods: { creditCard: 'all', debitCard: 'all', bankTransfer: 'all' },
    visual: { style: { theme, customVariables: colours[theme] } },
  },
  callbacks: {
    onReady: () => {},
    onError: ({ message }) => console.warn(message),
    // `formData` is what the server pays with. A promise that fails gives the button back.
    onSubmit: async ({ formData }) => {
      if (!(await pay(formData))) throw new Error('not paid');
    },
  },
});
