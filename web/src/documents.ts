// Documents as people type them, and their check digits. The API holds Brazil's to theirs; whoever mistypes another country's
// is told by the form.

/** As documents are written with dots and dashes, and sent without. */
export const plainDocument = (text: string): string => text.replace(/[\s.\-/]/g, '').toUpperCase();

/** Since July 2026 a CNPJ may have letters, whatever its type says. */
export const hasLetters = (type: string, kind: string): boolean => kind !== 'number' || type === 'CNPJ';

/** Whether the check digits of a plain number are right; those of documents that have none are. Uruguay's CI is not looked
 * at: its published test buyer has a wrong one. */
export function hasRightDigits(type: string, number: string): boolean {
  return CHECKS[type]?.(number) ?? true;
}

const CHECKS: Record<string, (number: string) => boolean> = {
  CPF: (number) => /^\d{11}$/.test(number) && !isOneDigit(number) && ends(number, [brazilian(number, 9, 10), brazilian(number, 10, 11)]),
  CNPJ: (number) => /^[\dA-Z]{12}\d{2}$/.test(number) && !isOneDigit(number) && ends(number, [brazilian(number, 12), brazilian(number, 13)]),
  CUIT: isCuit,
  CUIL: isCuit,
  RUT: (number) => /^\d+[\dK]$/.test(number) && ends(number, ['0123456789K'[11 - (sum(body(number).reverse(), cycle(2, 7)) % 11)] ?? '0']),
  RUC: (number) => /^\d{11}$/.test(number) && ends(number, [String((11 - (sum(body(number), TEN) % 11)) % 10)]),
  // Nine digits are one without its check digit.
  NIT: (number) => number.length < 10 || ends(number, [colombian(sum(body(number).reverse(), PRIMES) % 11)]),
};

const TEN = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
const PRIMES = [3, 7, 13, 17, 19, 23, 29, 37, 41];

function isCuit(number: string): boolean {
  const digit = 11 - (sum(body(number), TEN) % 11);
  return /^\d{11}$/.test(number) && ends(number, [digit === 11 ? '0' : digit === 10 ? '9' : String(digit)]);
}

/** The check digit of the first `length` places; weights fall from `highest`, or from the right rise from 2 to 9 again and again. */
function brazilian(number: string, length: number, highest = 9): string {
  const rest = sum(values(number.slice(0, length)).reverse(), cycle(2, highest)) % 11;
  return rest < 2 ? '0' : String(11 - rest);
}

const colombian = (rest: number): string => String(rest < 2 ? rest : 11 - rest);
/** A letter is worth its ASCII code less 48, as a digit is. */
const values = (text: string): number[] => Array.from(text, (place) => place.charCodeAt(0) - 48);
const body = (number: string): number[] => values(number.slice(0, -1));
const ends = (number: string, digits: string[]): boolean => number.endsWith(digits.join(''));
const isOneDigit = (number: string): boolean => new Set(number).size === 1;
const cycle = (from: number, to: number) => (place: number): number => from + (place % (to - from + 1));

function sum(digits: number[], weights: number[] | ((place: number) => number)): number {
  return digits.reduce((total, digit, place) => total + digit * (typeof weights === 'function' ? weights(place) : weights[place]!), 0);
}
