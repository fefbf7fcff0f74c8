// What is refused before a card is sent: the API's own codes.
import { fullYear, hasLuhnDigit } from '../checks';
import type { Fields } from './form';

export interface Settings {
  bin?: { pattern?: string | null; exclusion_pattern?: string | null };
  card_number?: { length: number; validation: string };
  security_code?: { length: number; mode: string };
}

export interface Method {
  id: string;
  payment_type_id: string;
  settings: Settings[];
  additional_info_needed: string[];
  [more: string]: unknown;
}

export interface IdentificationType {
  id: string;
  name: string;
  type: string;
  min_length: number;
  max_length: number;
}

export interface Cause {
  code: string;
  description: string;
}

const NAME = /^[\p{L}\p{M}\s.'\u2019]+$/u;
/** How much of a number says whose it is. */
const BIN_LENGTH = 6;

export const digitsOf = (number: unknown): string => String(number ?? '').replace(/[\s.-]/g, '');

/** The settings of a method that are for this card. */
export function settingsFor(method: Method, number: string): Settings | undefined {
  const bin = digitsOf(number).slice(0, BIN_LENGTH);
  const matches = (pattern: string | null | undefined) => !!pattern && new RegExp(pattern).test(bin);
  const fitting = method.settings.filter(({ bin: patterns }) => matches(patterns?.pattern) && !matches(patterns?.exclusion_pattern));
  return fitting.find(({ card_number }) => card_number?.length === digitsOf(number).length) ?? fitting[0];
}

export function isCardNumber(number: string, settings: Settings | undefined): boolean {
  const digits = digitsOf(number);
  if (!/^\d{8,19}$/.test(digits)) return false;
  if (!settings?.card_number) return true;
  return digits.length === settings.card_number.length && (settings.card_number.validation === 'none' || hasLuhnDigit(digits));
}

export function isSecurityCode(code: string, settings: Settings | undefined): boolean {
  if (code === '') return settings?.security_code?.mode !== 'mandatory';
  const length = settings?.security_code?.length;
  return /^\d+$/.test(code) && (length ? code.length === length : code.length === 3 || code.length === 4);
}

export const isCardholderName = (name: unknown): boolean => typeof name === 'string' && NAME.test(name.trim());

/** Also `MM/YYYY` in one text. A month is good until its end. */
export function isExpiryDate(month: unknown, year?: unknown): boolean {
  const [first = '', second = ''] = year === undefined ? String(month ?? '').split('/') : [String(month ?? ''), String(year ?? '')];
  if (!isMonth(first.trim()) || !isYear(second.trim())) return false;
  const today = new Date();
  return fullYear(second.trim()) * 12 + Number(first) >= today.getFullYear() * 12 + today.getMonth() + 1;
}

/** Without the country's list, whatever is there is good. */
export function isIdentification(types: IdentificationType[], type: unknown, number: unknown): boolean {
  const text = String(number ?? '').trim();
  if (!type || text === '') return false;
  if (types.length === 0) return true;
  const known = types.find(({ id }) => id === type);
  // A Chilean number ends in a letter, whatever its type says; dots and dashes are how people write it.
  const plain = text.replace(/[.\-/]/g, '');
  return !!known && /^[\p{L}\d]+$/u.test(plain) && plain.length >= known.min_length && plain.length <= known.max_length;
}

/** All that is wrong with a new card. */
export function causesIn(fields: Fields, method: Method | undefined, types: IdentificationType[]): Cause[] {
  const causes: Cause[] = [];
  const value = (name: string) => fields[name] ?? '';
  const missing = (code: string, name: string) => causes.push({ code, description: `parameter ${name} can not be null/empty` });
  const invalid = (code: string, name: string) => causes.push({ code, description: `invalid parameter ${name}` });
  const needs = (what: string) => !method || method.additional_info_needed.includes(what);

  const settings = method && settingsFor(method, value('cardNumber'));
  if (value('cardNumber') === '') missing('205', 'cardNumber');
  else if (!isCardNumber(value('cardNumber'), settings)) invalid('E301', 'cardNumber');
  if (value('securityCode') !== '' && !isSecurityCode(value('securityCode'), settings)) invalid('E302', 'securityCode');

  const month = value('cardExpirationMonth');
  const year = value('cardExpirationYear');
  const isPast = isMonth(month) && isYear(year) && !isExpiryDate(month, year);
  if (month === '') missing('208', 'cardExpirationMonth');
  else if (isPast || !isMonth(month)) invalid('325', 'cardExpirationMonth');
  if (year === '') missing('209', 'cardExpirationYear');
  else if (isPast || !isYear(year)) invalid('326', 'cardExpirationYear');

  if (value('cardholderName') !== '') {
    if (!isCardholderName(value('cardholderName'))) invalid('316', 'cardholderName');
  } else if (needs('cardholder_name')) missing('221', 'cardholderName');

  causes.push(...documentCauses(value('docType'), value('docNumber'), method, types));
  return causes;
}

function documentCauses(type: string, number: string, method: Method | undefined, types: IdentificationType[]): Cause[] {
  const isNeeded = (what: string) => !!method?.additional_info_needed.includes(what);
  if (type === '' && number === '' && !isNeeded('cardholder_identification_number')) return [];
  const causes: Cause[] = [];
  if (type === '') causes.push({ code: '212', description: 'parameter docType can not be null/empty' });
  else if (types.length > 0 && !types.some(({ id }) => id === type)) causes.push({ code: '322', description: 'invalid parameter docType' });
  if (number === '') causes.push({ code: '214', description: 'parameter docNumber can not be null/empty' });
  else if (causes.length === 0 && !isIdentification(types, type, number)) causes.push({ code: '324', description: 'invalid parameter docNumber' });
  return causes;
}

const isMonth = (text: string): boolean => /^(0?[1-9]|1[0-2])$/.test(text);
const isYear = (text: string): boolean => /^(\d{2}|\d{4})$/.test(text);
