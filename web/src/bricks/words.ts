// What bricks say, in three languages. One interface, three constants: a missing translation does not compile.

interface Labelled {
  label: string;
  placeholder: string;
}

export interface Words {
  formTitle: string;
  cardNumber: Labelled;
  expirationDate: Labelled;
  securityCode: Labelled;
  cardholderName: Labelled;
  cardholderIdentification: Labelled;
  identificationType: string;
  installmentsSectionTitle: string;
  selectInstallments: string;
  selectIssuerBank: string;
  issuer: string;
  emailSectionTitle: string;
  email: Labelled;
  formSubmit: string;
  paying: string;
  done: string;
  loading: string;
  // what is wrong
  required: string;
  incomplete: string;
  invalid: string;
  wrongEmail: string;
  wrongDocument: string;
  wrongName: string;
  expired: string;
  unknownCard: string;
  typeNotTaken: string;
  noInstallments: string;
  notReached: string;
  notPaid: string;
  notLoaded: string;
  retry: string;
  // what instalments cost
  cashPrice: string;
  totalPrice: string;
  perInstallment: (count: number, amount: string) => string;
  // the ways to pay
  paymentTitle: string;
  creditCard: string;
  debitCard: string;
  prepaidCard: string;
  savedCard: (name: string, lastFour: string) => string;
  upTo: (count: number) => string;
  interestFree: string;
  ticketHint: string;
  transferHint: string;
  pixHint: string;
  walletPurchase: string;
  walletHint: string;
  credits: string;
  creditsHint: string;
  goOn: string;
  makeTicket: string;
  makePix: string;
  goToBank: string;
  firstName: Labelled;
  lastName: Labelled;
  addressTitle: string;
  zipCode: Labelled;
  state: Labelled;
  city: Labelled;
  neighborhood: Labelled;
  street: Labelled;
  streetNumber: string;
  complement: string;
  entityType: string;
  individual: string;
  association: string;
  bank: string;
  chooseBank: string;
  // review
  reviewTitle: string;
  reviewSubmit: string;
  back: string;
  edit: string;
  shipping: string;
  billing: string;
  paymentMethod: string;
  discounts: string;
  total: string;
  // status
  approved: string;
  pending: string;
  inProcess: string;
  rejected: string;
  cancelled: string;
  refunded: string;
  disputed: string;
  waitingChallenge: string;
  challengeHint: string;
  amount: string;
  date: string;
  operation: string;
  reference: string;
  due: string;
  copy: string;
  copied: string;
  copyPix: string;
  scanPix: string;
  seeTicket: string;
  goToBankPage: string;
  payCode: string;
  verification: string;
  backToShop: string;
  otherMethod: string;
  fixCard: string;
  // wallet and brand
  payWith: (name: string) => string;
  buyWith: (name: string) => string;
  values: Record<string, string>;
}

const ES: Words = {
  formTitle: 'Tarjeta de crédito o débito',
  cardNumber: { label: 'Número de tarjeta', placeholder: '0000 0000 0000 0000' },
  expirationDate: { label: 'Vencimiento', placeholder: 'MM/AA' },
  securityCode: { label: 'Código de seguridad', placeholder: '123' },
  cardholderName: { label: 'Nombre del titular', placeholder: 'Como figura en la tarjeta' },
  cardholderIdentification: { label: 'Número de documento', placeholder: '' },
  identificationType: 'Documento',
  installmentsSectionTitle: 'Cuotas',
  selectInstallments: 'Elige las cuotas',
  selectIssuerBank: 'Elige el banco emisor',
  issuer: 'Banco emisor',
  emailSectionTitle: 'Tus datos',
  email: { label: 'E-mail', placeholder: 'nombre@ejemplo.com' },
  formSubmit: 'Pagar',
  paying: 'Procesando el pago…',
  done: 'Listo',
  loading: 'Cargando…',
  required: 'Completa este dato.',
  incomplete: 'El dato está incompleto.',
  invalid: 'Revisa este dato.',
  wrongEmail: 'Revisa el e-mail: debe ser como nombre@ejemplo.com.',
  wrongDocument: 'Revisa el número de documento.',
  wrongName: 'Escribe el nombre solo con letras.',
  expired: 'Revisa la fecha: la tarjeta está vencida o la fecha no existe.',
  unknownCard: 'No reconocemos esta tarjeta. Revisa el número o usa otra.',
  typeNotTaken: 'La tienda no acepta esta tarjeta aquí. Prueba con otra.',
  noInstallments: 'Esta tarjeta no permite las cuotas que ofrece la tienda.',
  notReached: 'No hay conexión. No se hizo ningún cobro: revisa tu conexión e intenta otra vez.',
  notPaid: 'No pudimos procesar el pago. Revisa los datos e intenta otra vez.',
  notLoaded: 'No pudimos mostrar el formulario de pago.',
  retry: 'Reintentar',
  cashPrice: 'Precio al contado',
  totalPrice: 'Total financiado',
  perInstallment: (count, amount) => `${count} ${count === 1 ? 'cuota' : 'cuotas'} de ${amount}`,
  paymentTitle: '¿Cómo quieres pagar?',
  creditCard: 'Tarjeta de crédito',
  debitCard: 'Tarjeta de débito',
  prepaidCard: 'Tarjeta prepaga',
  savedCard: (name, lastFour) => `${name} terminada en ${lastFour}`,
  upTo: (count) => `Hasta ${count} cuotas`,
  interestFree: ' sin interés',
  ticketHint: 'Pagas en efectivo con un código',
  transferHint: 'Pagas desde tu banco',
  pixHint: 'Se acredita al instante',
  walletPurchase: 'Cuenta digital',
  walletHint: 'Con tu saldo o tus tarjetas guardadas',
  credits: 'Cuotas sin tarjeta',
  creditsHint: 'Sigues en la página de pago',
  goOn: 'Continuar',
  makeTicket: 'Generar código de pago',
  makePix: 'Generar código Pix',
  goToBank: 'Ir al banco',
  firstName: { label: 'Nombre', placeholder: '' },
  lastName: { label: 'Apellido', placeholder: '' },
  addressTitle: 'Tu dirección',
  zipCode: { label: 'Código postal', placeholder: '' },
  state: { label: 'Estado o provincia', placeholder: '' },
  city: { label: 'Ciudad', placeholder: '' },
  neighborhood: { label: 'Barrio', placeholder: '' },
  street: { label: 'Calle', placeholder: '' },
  streetNumber: 'Número',
  complement: 'Complemento (opcional)',
  entityType: 'Tipo de persona',
  individual: 'Natural',
  association: 'Jurídica',
  bank: 'Banco',
  chooseBank: 'Elige tu banco',
  reviewTitle: 'Revisa tu compra',
  reviewSubmit: 'Confirmar y pagar',
  back: 'Volver',
  edit: 'Modificar',
  shipping: 'Envío',
  billing: 'Facturación',
  paymentMethod: 'Medio de pago',
  discounts: 'Descuentos',
  total: 'Total',
  approved: '¡Listo! Tu pago se acreditó',
  pending: 'Falta un paso: completa tu pago',
  inProcess: 'Estamos procesando tu pago',
  rejected: 'Tu pago fue rechazado',
  cancelled: 'El pago fue cancelado',
  refunded: 'Te devolvimos el dinero',
  disputed: 'Este pago está en disputa',
  waitingChallenge: 'Confirma tu identidad',
  challengeHint: 'Tu banco quiere saber que eres tú. Sigue sus pasos aquí abajo.',
  amount: 'Monto',
  date: 'Fecha',
  operation: 'Número de operación',
  reference: 'Referencia de la tienda',
  due: 'Vence',
  copy: 'Copiar',
  copied: 'Copiado',
  copyPix: 'Copiar código Pix',
  scanPix: 'Escanea el código o cópialo en la app de tu banco.',
  seeTicket: 'Ver comprobante para pagar',
  goToBankPage: 'Ir a pagar al banco',
  payCode: 'Código de pago',
  verification: 'Código de verificación',
  backToShop: 'Volver a la tienda',
  otherMethod: 'Elegir otro medio de pago',
  fixCard: 'Revisar los datos de la tarjeta',
  payWith: (name) => `Pagar con ${name}`,
  buyWith: (name) => `Comprar con ${name}`,
  values: {
    practicality: 'Usa tus tarjetas guardadas',
    convenience: 'Paga en menos pasos',
    convenience_all: 'Paga con tu saldo, tus tarjetas o en efectivo',
    convenience_credits: 'Hasta 12 cuotas sin tarjeta',
    security_details: 'Tus datos están protegidos',
    security_safety: 'Paga con seguridad',
    smart_option: 'Paga con seguridad',
    payment_methods_logos: 'Todos los medios de pago',
    free_shipping: 'Con envío gratis',
    ml_shipping: 'Con envío del vendedor',
    payment_methods: 'Paga con tarjeta de crédito, de débito o en efectivo',
    installments: 'Paga en cuotas con tu tarjeta',
    security: 'Paga con seguridad: tus datos están protegidos',
    credits: 'Paga en cuotas sin tarjeta',
  },
};

const PT: Words = {
  formTitle: 'Cartão de crédito ou débito',
  cardNumber: { label: 'Número do cartão', placeholder: '0000 0000 0000 0000' },
  expirationDate: { label: 'Vencimento', placeholder: 'MM/AA' },
  securityCode: { label: 'Código de segurança', placeholder: '123' },
  cardholderName: { label: 'Nome do titular', placeholder: 'Como está no cartão' },
  cardholderIdentification: { label: 'Número do documento', placeholder: '' },
  identificationType: 'Documento',
  installmentsSectionTitle: 'Parcelas',
  selectInstallments: 'Escolha o número de parcelas',
  selectIssuerBank: 'Escolha o banco emissor',
  issuer: 'Banco emissor',
  emailSectionTitle: 'Seus dados',
  email: { label: 'E-mail', placeholder: 'nome@exemplo.com' },
  formSubmit: 'Pagar',
  paying: 'Processando o pagamento…',
  done: 'Pronto',
  loading: 'Carregando…',
  required: 'Preencha este dado.',
  incomplete: 'O dado está incompleto.',
  invalid: 'Revise este dado.',
  wrongEmail: 'Revise o e-mail: deve ser como nome@exemplo.com.',
  wrongDocument: 'Revise o número do documento.',
  wrongName: 'Escreva o nome só com letras.',
  expired: 'Revise a data: o cartão venceu ou a data não existe.',
  unknownCard: 'Não reconhecemos este cartão. Revise o número ou use outro.',
  typeNotTaken: 'A loja não aceita este cartão aqui. Tente com outro.',
  noInstallments: 'Este cartão não permite as parcelas que a loja oferece.',
  notReached: 'Sem conexão. Nada foi cobrado: verifique sua conexão e tente de novo.',
  notPaid: 'Não foi possível processar o pagamento. Revise os dados e tente de novo.',
  notLoaded: 'Não foi possível mostrar o formulário de pagamento.',
  retry: 'Tentar de novo',
  cashPrice: 'Preço à vista',
  totalPrice: 'Total parcelado',
  perInstallment: (count, amount) => `${count} ${count === 1 ? 'parcela' : 'parcelas'} de ${amount}`,
  paymentTitle: 'Como você quer pagar?',
  creditCard: 'Cartão de crédito',
  debitCard: 'Cartão de débito',
  prepaidCard: 'Cartão pré-pago',
  savedCard: (name, lastFour) => `${name} com final ${lastFour}`,
  upTo: (count) => `Em até ${count} parcelas`,
  interestFree: ' sem juros',
  ticketHint: 'Você paga com um código',
  transferHint: 'Você paga pelo seu banco',
  pixHint: 'Aprovação imediata',
  walletPurchase: 'Conta digital',
  walletHint: 'Com seu saldo ou seus cartões salvos',
  credits: 'Parcelas sem cartão',
  creditsHint: 'Você continua na página de pagamento',
  goOn: 'Continuar',
  makeTicket: 'Gerar código de pagamento',
  makePix: 'Gerar código Pix',
  goToBank: 'Ir ao banco',
  firstName: { label: 'Nome', placeholder: '' },
  lastName: { label: 'Sobrenome', placeholder: '' },
  addressTitle: 'Seu endereço',
  zipCode: { label: 'CEP', placeholder: '00000-000' },
  state: { label: 'Estado', placeholder: 'SP' },
  city: { label: 'Cidade', placeholder: '' },
  neighborhood: { label: 'Bairro', placeholder: '' },
  street: { label: 'Rua', placeholder: '' },
  streetNumber: 'Número',
  complement: 'Complemento (opcional)',
  entityType: 'Tipo de pessoa',
  individual: 'Física',
  association: 'Jurídica',
  bank: 'Banco',
  chooseBank: 'Escolha seu banco',
  reviewTitle: 'Revise sua compra',
  reviewSubmit: 'Confirmar e pagar',
  back: 'Voltar',
  edit: 'Alterar',
  shipping: 'Envio',
  billing: 'Faturamento',
  paymentMethod: 'Meio de pagamento',
  discounts: 'Descontos',
  total: 'Total',
  approved: 'Pronto! Seu pagamento foi aprovado',
  pending: 'Falta um passo: conclua seu pagamento',
  inProcess: 'Estamos processando seu pagamento',
  rejected: 'Seu pagamento foi recusado',
  cancelled: 'O pagamento foi cancelado',
  refunded: 'Devolvemos o dinheiro',
  disputed: 'Este pagamento está em disputa',
  waitingChallenge: 'Confirme sua identidade',
  challengeHint: 'Seu banco quer saber se é você. Siga os passos aqui embaixo.',
  amount: 'Valor',
  date: 'Data',
  operation: 'Número da operação',
  reference: 'Referência da loja',
  due: 'Vencimento',
  copy: 'Copiar',
  copied: 'Copiado',
  copyPix: 'Copiar código Pix',
  scanPix: 'Escaneie o código ou copie no app do seu banco.',
  seeTicket: 'Ver boleto para pagar',
  goToBankPage: 'Ir ao banco para pagar',
  payCode: 'Código de pagamento',
  verification: 'Código de verificação',
  backToShop: 'Voltar para a loja',
  otherMethod: 'Escolher outro meio de pagamento',
  fixCard: 'Revisar os dados do cartão',
  payWith: (name) => `Pagar com ${name}`,
  buyWith: (name) => `Comprar com ${name}`,
  values: {
    practicality: 'Use seus cartões salvos',
    convenience: 'Pague em menos passos',
    convenience_all: 'Pague com saldo, cartão, Pix ou boleto',
    convenience_credits: 'Até 12 parcelas sem cartão',
    security_details: 'Seus dados estão protegidos',
    security_safety: 'Pague com segurança',
    smart_option: 'Pague com segurança',
    payment_methods_logos: 'Todos os meios de pagamento',
    free_shipping: 'Com frete grátis',
    ml_shipping: 'Com envio do vendedor',
    payment_methods: 'Pague com cartão, Pix ou boleto',
    installments: 'Parcele com seu cartão',
    security: 'Pague com segurança: seus dados estão protegidos',
    credits: 'Parcele sem cartão',
  },
};

const EN: Words = {
  formTitle: 'Credit or debit card',
  cardNumber: { label: 'Card number', placeholder: '0000 0000 0000 0000' },
  expirationDate: { label: 'Expiration date', placeholder: 'MM/YY' },
  securityCode: { label: 'Security code', placeholder: '123' },
  cardholderName: { label: 'Name on the card', placeholder: 'As it stands on the card' },
  cardholderIdentification: { label: 'Document number', placeholder: '' },
  identificationType: 'Document',
  installmentsSectionTitle: 'Installments',
  selectInstallments: 'Choose the installments',
  selectIssuerBank: 'Choose the issuing bank',
  issuer: 'Issuing bank',
  emailSectionTitle: 'Your details',
  email: { label: 'E-mail', placeholder: 'name@example.com' },
  formSubmit: 'Pay',
  paying: 'Processing the payment…',
  done: 'Done',
  loading: 'Loading…',
  required: 'Fill in this field.',
  incomplete: 'This is not complete.',
  invalid: 'Check this field.',
  wrongEmail: 'Check the e-mail: it should look like name@example.com.',
  wrongDocument: 'Check the document number.',
  wrongName: 'Write the name with letters only.',
  expired: 'Check the date: the card has expired or there is no such date.',
  unknownCard: 'We do not know this card. Check the number or use another one.',
  typeNotTaken: 'The shop does not take this card here. Try another one.',
  noInstallments: 'This card does not allow the installments that the shop offers.',
  notReached: 'There is no connection. Nothing was charged: check your connection and try again.',
  notPaid: 'We could not process the payment. Check what you typed and try again.',
  notLoaded: 'We could not show the payment form.',
  retry: 'Try again',
  cashPrice: 'Cash price',
  totalPrice: 'Total in installments',
  perInstallment: (count, amount) => `${count} ${count === 1 ? 'installment' : 'installments'} of ${amount}`,
  paymentTitle: 'How do you want to pay?',
  creditCard: 'Credit card',
  debitCard: 'Debit card',
  prepaidCard: 'Prepaid card',
  savedCard: (name, lastFour) => `${name} ending in ${lastFour}`,
  upTo: (count) => `Up to ${count} installments`,
  interestFree: ' without interest',
  ticketHint: 'You pay in cash with a code',
  transferHint: 'You pay from your bank',
  pixHint: 'Approved at once',
  walletPurchase: 'Digital account',
  walletHint: 'With your balance or your saved cards',
  credits: 'Installments without a card',
  creditsHint: 'You go on on the payment page',
  goOn: 'Continue',
  makeTicket: 'Get the payment code',
  makePix: 'Get the Pix code',
  goToBank: 'Go to the bank',
  firstName: { label: 'First name', placeholder: '' },
  lastName: { label: 'Last name', placeholder: '' },
  addressTitle: 'Your address',
  zipCode: { label: 'Zip code', placeholder: '' },
  state: { label: 'State', placeholder: '' },
  city: { label: 'City', placeholder: '' },
  neighborhood: { label: 'Neighborhood', placeholder: '' },
  street: { label: 'Street', placeholder: '' },
  streetNumber: 'Number',
  complement: 'Additional (optional)',
  entityType: 'Kind of person',
  individual: 'Individual',
  association: 'Company',
  bank: 'Bank',
  chooseBank: 'Choose your bank',
  reviewTitle: 'Check your purchase',
  reviewSubmit: 'Confirm and pay',
  back: 'Back',
  edit: 'Change',
  shipping: 'Shipping',
  billing: 'Billing',
  paymentMethod: 'Way to pay',
  discounts: 'Discounts',
  total: 'Total',
  approved: 'Done! Your payment was approved',
  pending: 'One more step: complete your payment',
  inProcess: 'We are processing your payment',
  rejected: 'Your payment was declined',
  cancelled: 'The payment was cancelled',
  refunded: 'The money was given back',
  disputed: 'This payment is disputed',
  waitingChallenge: 'Confirm that it is you',
  challengeHint: 'Your bank wants to know that it is you. Follow its steps below.',
  amount: 'Amount',
  date: 'Date',
  operation: 'Operation number',
  reference: 'The shop’s reference',
  due: 'Due',
  copy: 'Copy',
  copied: 'Copied',
  copyPix: 'Copy the Pix code',
  scanPix: 'Scan the code, or copy it into your bank’s app.',
  seeTicket: 'See the ticket to pay',
  goToBankPage: 'Go to the bank to pay',
  payCode: 'Payment code',
  verification: 'Verification code',
  backToShop: 'Back to the shop',
  otherMethod: 'Choose another way to pay',
  fixCard: 'Check the card’s details',
  payWith: (name) => `Pay with ${name}`,
  buyWith: (name) => `Buy with ${name}`,
  values: {
    practicality: 'Use your saved cards',
    convenience: 'Pay in fewer steps',
    convenience_all: 'Pay with your balance, cards or cash',
    convenience_credits: 'Up to 12 installments without a card',
    security_details: 'Your data is protected',
    security_safety: 'Pay safely',
    smart_option: 'Pay safely',
    payment_methods_logos: 'All ways to pay',
    free_shipping: 'With free shipping',
    ml_shipping: 'With the seller’s shipping',
    payment_methods: 'Pay with a credit or debit card, or in cash',
    installments: 'Pay in installments with your card',
    security: 'Pay safely: your data is protected',
    credits: 'Pay in installments without a card',
  },
};

export function wordsOf(locale: string): Words {
  const language = locale.slice(0, 2).toLowerCase();
  return language === 'pt' ? PT : language === 'en' ? EN : ES;
}
