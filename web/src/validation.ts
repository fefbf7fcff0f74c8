// What is refused before any request: lists of `{code, message}` with the codes that the API uses too.

export interface Fault {
  code: string;
  message: string;
  description?: string;
}

interface Rule {
  empty: string;
  invalid: string;
  holds: (text: string) => boolean;
}

const ACCENTED_NAME = /^[\p{L}\p{M}\s.'’]+$/u;

const RULES = {
  amount: { empty: '000', invalid: '000', holds: (text) => /^\d+(\.\d+)?$/.test(text) },
  bin: { empty: '000', invalid: '000', holds: (text) => /^\d{6,16}$/.test(text) },
  paymentMethodId: { empty: '000', invalid: '000', holds: (text) => /^[\w-]+$/.test(text) },
  processingMode: { empty: '000', invalid: '000', holds: (text) => text === 'aggregator' || text === 'gateway' },
  cardNumber: { empty: '205', invalid: 'E301', holds: (text) => /^\d{8,19}$/.test(text.replace(/[\s-]/g, '')) },
  cardExpirationMonth: { empty: '208', invalid: '325', holds: (text) => /^(0?[1-9]|1[0-2])$/.test(text) },
  cardExpirationYear: { empty: '209', invalid: '326', holds: (text) => /^(\d{2}|\d{4})$/.test(text) },
  identificationType: { empty: '212', invalid: '322', holds: (text) => text.trim() !== '' },
  identificationNumber: { empty: '214', invalid: '324', holds: (text) => /^[\p{L}\d.-]+$/u.test(text) },
  cardIssuerId: { empty: '220', invalid: '220', holds: () => true },
  cardholderName: { empty: '221', invalid: '316', holds: (text) => ACCENTED_NAME.test(text) },
  cardholderEmail: { empty: 'default', invalid: 'default', holds: (text) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text) },
  securityCode: { empty: '224', invalid: 'E302', holds: (text) => /^\d{3,4}$/.test(text) },
} satisfies Record<string, Rule>;

export type Parameter = keyof typeof RULES;

export function fault(name: Parameter, value: unknown): Fault | undefined {
  const rule: Rule = RULES[name];
  const text = value === undefined || value === null ? '' : String(value).trim();
  if (text === '') return { code: rule.empty, message: `parameter ${name} can not be null/empty` };
  const isScalar = typeof value === 'string' || typeof value === 'number';
  return isScalar && rule.holds(text) ? undefined : { code: rule.invalid, message: `invalid parameter ${name}` };
}

/** The faults of the named values; an optional one may be left out. */
export function faults(values: Partial<Record<Parameter, unknown>>, optional: readonly Parameter[] = []): Fault[] {
  const found: Fault[] = [];
  for (const [name, value] of Object.entries(values) as [Parameter, unknown][]) {
    const isLeftOut = value === undefined || value === null || value === '';
    if (isLeftOut && optional.includes(name)) continue;
    const wrong = fault(name, value);
    if (wrong) found.push(wrong);
  }
  return found;
}

/** A mistake of the page's author. */
export function mistake(description: string): Fault {
  return { code: 'default', message: 'Another error', description };
}
