// How a value looks while it is typed.
import { digitsOf } from '../checks';
import type { FieldType } from '../protocol';

/** The longest number that ISO/IEC 7812 allows. */
const MOST_DIGITS = 19;
const AMEX_GROUPS = [4, 6, 5];

/** `value` as it is shown. `mode` is that of the year. */
export function format(type: FieldType, value: string, length: number | undefined, mode: 'short' | 'full' | undefined): string {
  const digits = digitsOf(value);
  switch (type) {
    case 'cardNumber':
      return grouped(digits.slice(0, length ?? MOST_DIGITS));
    case 'securityCode':
      return digits.slice(0, length ?? 4);
    case 'expirationMonth':
      return digits.slice(0, 2);
    case 'expirationYear':
      return mode === 'short' ? shortYear(digits) : digits.slice(0, 4);
    case 'expirationDate':
      return date(value, digits, mode);
  }
}

function grouped(digits: string): string {
  const groups = /^3[47]/.test(digits) ? AMEX_GROUPS : [];
  const parts: string[] = [];
  for (let start = 0; start < digits.length; ) {
    const size = groups[parts.length] ?? 4;
    parts.push(digits.slice(start, start + size));
    start += size;
  }
  return parts.join(' ');
}

/** Browsers fill in `1/30`, `01/2030` or `2030-01`; people type `130` or `0130`. */
function date(value: string, digits: string, mode: 'short' | 'full' | undefined): string {
  const iso = /^(\d{4})-(\d{1,2})$/.exec(value.trim());
  let month = iso ? iso[2]! : digits.slice(0, 2);
  let year = iso ? iso[1]! : digits.slice(2, 6);
  const single = /^\s*(\d)\s*\/\s*(\d*)$/.exec(value);
  if (single) [month, year] = [`0${single[1]}`, single[2]!.slice(0, 4)];
  else if (/^[2-9]/.test(digits) && !iso) [month, year] = [`0${digits[0]}`, digits.slice(1, 5)];
  if (iso) month = month.padStart(2, '0');
  if (mode === 'short') year = shortYear(year);
  return year !== '' || /\/\s*$/.test(value) && month.length === 2 ? `${month}/${year}` : month;
}

/** Who types `2030` where two digits are wanted means `30`: nothing else begins with the year 2020, which is over. */
function shortYear(year: string): string {
  if (!year.startsWith('20')) return year.slice(0, 2);
  return year.length >= 4 ? year.slice(2, 4) : year;
}

/** Where the caret goes: behind as many digits as were before it. */
export function caretAfter(text: string, digitsBefore: number): number {
  let position = 0;
  for (let seen = 0; position < text.length && seen < digitsBefore; position += 1) {
    if (/\d/.test(text[position]!)) seen += 1;
  }
  return position;
}
