// What a typed value must be. The texts are the ones that shops search in, so they are never translated.
import type { Cause, FieldError, FieldType, Settings } from './protocol';

export const LEAST_NUMBER_LENGTH = 9;
export const MOST_NUMBER_LENGTH = 18;

export interface Surroundings {
  settings?: Settings | undefined;
  luhn?: boolean | undefined;
  mode?: 'short' | 'full' | undefined;
  today: Date;
  /** What the month's field is compared with, when the year is a field of its own. */
  year?: string | undefined;
}

export const digitsOf = (text: string): string => text.replace(/\D/g, '');

export function check(type: FieldType, value: string, around: Surroundings): FieldError[] {
  switch (type) {
    case 'cardNumber':
      return checkNumber(value, around);
    case 'securityCode':
      return checkSecurityCode(value, around.settings);
    case 'expirationMonth':
      return checkMonth(value, around.year, around.today);
    case 'expirationYear':
      return checkYear(value, around);
    case 'expirationDate': {
      const { month, year } = splitDate(value);
      return [...checkMonth(month, year, around.today), ...checkYear(year, around)];
    }
  }
}

function checkNumber(value: string, { settings, luhn }: Surroundings): FieldError[] {
  const digits = value.replace(/[\s-]/g, '');
  if (!/^\d+$/.test(digits)) return [error('invalid_type', 'cardNumber should be a number.')];
  const length = settings?.length;
  if (length !== undefined ? digits.length !== length : digits.length < LEAST_NUMBER_LENGTH || digits.length > MOST_NUMBER_LENGTH) {
    const wanted = length !== undefined ? `'${length}'` : `between '${LEAST_NUMBER_LENGTH}' and '${MOST_NUMBER_LENGTH}'`;
    return [error('invalid_length', `cardNumber should be of length ${wanted}.`)];
  }
  // Not every brand has a Luhn digit: without the method's settings nobody can say that it is wrong.
  if (luhn && settings && settings.validation !== 'none' && !hasLuhnDigit(digits)) {
    return [error('invalid_value', 'card number rejected on Luhn Validation.')];
  }
  return [];
}

function checkSecurityCode(value: string, settings?: Settings): FieldError[] {
  if (value === '' && settings?.mode === 'optional') return [];
  if (!/^\d+$/.test(value)) return [error('invalid_type', 'securityCode should be a number.')];
  const length = settings?.length;
  if (length ? value.length !== length : value.length < 3 || value.length > 4) {
    return [error('invalid_length', `securityCode should be of length ${length ? `'${length}'` : "'3' or '4'"}.`)];
  }
  return [];
}

function checkMonth(value: string, year: string | undefined, today: Date): FieldError[] {
  if (!/^\d+$/.test(value)) return [error('invalid_type', 'expirationMonth should be a number.')];
  const month = Number(value);
  if (month < 1 || month > 12) return [error('invalid_value', 'expirationMonth should be a value from 1 to 12.')];
  const thisYear = today.getFullYear();
  const thisMonth = today.getMonth() + 1;
  if (year && fullYear(year) === thisYear && month < thisMonth) {
    return [
      error(
        'invalid_value',
        `expirationMonth value should be greater than '${thisMonth - 1}' or expirationYear value should be greater than '${thisYear}'.`,
      ),
    ];
  }
  return [];
}

function checkYear(value: string, { mode, today }: Surroundings): FieldError[] {
  if (!/^\d+$/.test(value)) return [error('invalid_type', 'expirationYear should be a number.')];
  const lengths = mode === 'short' ? [2] : mode === 'full' ? [4] : [2, 4];
  if (!lengths.includes(value.length)) {
    return [error('invalid_length', `expirationYear should be of length ${lengths.map((n) => `'${n}'`).join(' or ')}.`)];
  }
  const thisYear = today.getFullYear();
  if (fullYear(value) < thisYear) {
    return [error('invalid_value', `expirationYear should be greater or equal than ${thisYear}.`)];
  }
  return [];
}

/** `30` and `2030` are the same year. */
export const fullYear = (year: string): number => Number(year.length === 2 ? `20${year}` : year);

export function splitDate(value: string): { month: string; year: string } {
  const [month = '', year = ''] = value.includes('/') ? value.split('/') : [value.slice(0, 2), value.slice(2)];
  return { month: month.trim(), year: year.trim() };
}

export function hasLuhnDigit(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    let digit = Number(digits[digits.length - 1 - index]);
    if (index % 2 === 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 === 0;
}

/** The API's code for what is wrong with a field. */
export function codeOf(type: FieldType, cause: Cause, message: string): string {
  const isEmpty = cause === 'invalid_type';
  if (type === 'cardNumber') return isEmpty ? '205' : 'E301';
  if (type === 'securityCode') return isEmpty ? '224' : 'E302';
  if (message.startsWith('expirationYear')) return isEmpty ? '209' : '326';
  return isEmpty ? '208' : '325';
}

function error(cause: Cause, message: string): FieldError {
  return { message, cause };
}
