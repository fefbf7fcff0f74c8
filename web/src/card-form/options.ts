// What a page gives to `cardForm`, under every name that pages use.
import type { FieldOptions } from '../protocol';
import { fault, mistake, type Fault } from '../validation';

export const NAMES = [
  'cardNumber', 'securityCode', 'expirationDate', 'expirationMonth', 'expirationYear', 'cardholderName', 'cardholderEmail',
  'identificationType', 'identificationNumber', 'issuer', 'installments',
] as const;
export type Name = (typeof NAMES)[number];

/** Older names that pages still use. */
export const ALIASES: Record<string, Name> = {
  CVV: 'securityCode',
  cardExpirationDate: 'expirationDate',
  cardExpirationMonth: 'expirationMonth',
  cardExpirationYear: 'expirationYear',
  docType: 'identificationType',
  docValue: 'identificationNumber',
};

/** What holds card data: in frames with `iframe: true`, and without a `name` on every page. */
export const CARD_NAMES = ['cardNumber', 'securityCode', 'expirationDate', 'expirationMonth', 'expirationYear'] as const;
export type CardName = (typeof CARD_NAMES)[number];

export const isCardName = (name: Name): name is CardName => (CARD_NAMES as readonly Name[]).includes(name);

export interface FormField extends FieldOptions {
  id: string;
}

export type ErrorList = { message: string; code?: string; [more: string]: unknown }[];

export interface Callbacks {
  onFormMounted: (error?: unknown) => void;
  onFormUnmounted?: (error?: unknown) => void;
  onIdentificationTypesReceived?: (error?: unknown, types?: { id: string; name: string }[]) => void;
  onPaymentMethodsReceived?: (error?: unknown, methods?: unknown[]) => void;
  onIssuersReceived?: (error?: unknown, issuers?: unknown[]) => void;
  onInstallmentsReceived?: (error?: unknown, installments?: unknown) => void;
  onCardTokenReceived?: (error?: unknown, token?: { token: string }) => void;
  onFetching?: (resource: string) => unknown;
  onSubmit?: (event: Event) => void;
  onReady?: (fields?: unknown) => void;
  onValidityChange?: (errors: ErrorList | undefined, field: string) => void;
  onBinChange?: (bin: string | null) => void;
  onError?: (errors: ErrorList, event?: Event) => void;
}

export interface Options {
  amount: string;
  iframe: boolean;
  autoMount: boolean;
  processingMode: string;
  formId: string;
  fields: Partial<Record<Name, FormField>>;
  callbacks: Callbacks;
}

/** Throws the list of what is missing or wrong. */
export function readOptions(given: unknown): Options {
  const { amount, iframe, autoMount, processingMode, form, callbacks } = object(given);
  const { id, ...described } = object(form);
  const wrong: Fault[] = [];
  const amountFault = fault('amount', amount);
  if (amountFault) wrong.push(mistake(amountFault.message));
  if (processingMode !== undefined && fault('processingMode', processingMode)) wrong.push(mistake('invalid parameter processingMode'));
  if (typeof id !== 'string' || id === '') wrong.push(mistake('form.id should be the id of the form'));
  if (typeof object(callbacks).onFormMounted !== 'function') wrong.push(mistake('callbacks.onFormMounted should be a function'));
  const fields: Options['fields'] = {};
  for (const [key, value] of Object.entries(described)) {
    const name = ALIASES[key] ?? (NAMES as readonly string[]).find((known) => known === key);
    if (!name) continue;
    if (typeof object(value).id !== 'string') wrong.push(mistake(`form.${key}.id should be the id of an element`));
    else fields[name as Name] = value as FormField;
  }
  for (const name of ['cardNumber', 'securityCode', 'cardholderName', 'issuer', 'installments'] as const) {
    if (!fields[name]) wrong.push(mistake(`form.${name} is required`));
  }
  if (!fields.expirationDate && !(fields.expirationMonth && fields.expirationYear)) {
    wrong.push(mistake('form.expirationDate, or form.expirationMonth and form.expirationYear, is required'));
  }
  if (wrong.length > 0) throw wrong;
  return {
    amount: String(amount),
    iframe: iframe === true,
    autoMount: autoMount !== false,
    processingMode: String(processingMode ?? 'aggregator'),
    formId: String(id),
    fields,
    callbacks: callbacks as Callbacks,
  };
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
