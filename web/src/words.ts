// What is said to who hears the page: names of fields, and what is wrong with one.
import type { Cause, FieldType } from './protocol';

interface Words {
  labels: Record<FieldType, string>;
  causes: Record<Cause, string>;
}

const WORDS: Record<'es' | 'pt' | 'en', Words> = {
  es: {
    labels: {
      cardNumber: 'Número de tarjeta',
      securityCode: 'Código de seguridad',
      expirationMonth: 'Mes de vencimiento',
      expirationYear: 'Año de vencimiento',
      expirationDate: 'Fecha de vencimiento',
    },
    causes: {
      invalid_type: 'Completa este dato.',
      invalid_length: 'El dato está incompleto.',
      invalid_value: 'Revisa este dato.',
    },
  },
  pt: {
    labels: {
      cardNumber: 'Número do cartão',
      securityCode: 'Código de segurança',
      expirationMonth: 'Mês de vencimento',
      expirationYear: 'Ano de vencimento',
      expirationDate: 'Data de vencimento',
    },
    causes: {
      invalid_type: 'Preencha este dado.',
      invalid_length: 'O dado está incompleto.',
      invalid_value: 'Revise este dado.',
    },
  },
  en: {
    labels: {
      cardNumber: 'Card number',
      securityCode: 'Security code',
      expirationMonth: 'Expiration month',
      expirationYear: 'Expiration year',
      expirationDate: 'Expiration date',
    },
    causes: {
      invalid_type: 'Fill in this field.',
      invalid_length: 'This is not complete.',
      invalid_value: 'Check this field.',
    },
  },
};

export function words(locale: string): Words {
  const language = locale.slice(0, 2).toLowerCase();
  return WORDS[language === 'pt' || language === 'en' ? language : 'es'];
}
