// A form whose inputs say by `data-checkout` what is typed into them.

/** What a form holds, by the names of `data-checkout`. */
export type Fields = Partial<Record<string, string>>;

/** With a `name`, the browser would post these to the shop. */
const SEALED = ['cardNumber', 'securityCode', 'cardExpiration', 'cardExpirationMonth', 'cardExpirationYear'];

/** What is in a form, a jQuery object of one, or a plain object with the same names. */
export function read(source: unknown): Fields {
  const form = elementOf(source);
  const fields: Fields = form ? ofForm(form) : ofObject(source);
  if (fields.cardExpiration !== undefined && !fields.cardExpirationMonth && !fields.cardExpirationYear) {
    const [month = '', year = ''] = fields.cardExpiration.split('/');
    fields.cardExpirationMonth = month.trim();
    fields.cardExpirationYear = year.trim();
  }
  return fields;
}

export function elementOf(source: unknown): HTMLElement | undefined {
  if (source instanceof HTMLElement) return source;
  const first = (source as { jquery?: unknown; 0?: unknown } | null)?.jquery ? (source as { 0?: unknown })[0] : undefined;
  return first instanceof HTMLElement ? first : undefined;
}

/** Takes the names off what holds card data, below `root`. Says whose they were. */
export function takeNames(root: ParentNode): string[] {
  const named: string[] = [];
  for (const element of root.querySelectorAll('[data-checkout][name]')) {
    const field = element.getAttribute('data-checkout')!;
    if (!SEALED.includes(field)) continue;
    element.setAttribute('data-name', element.getAttribute('name')!);
    element.removeAttribute('name');
    named.push(field);
  }
  return named;
}

function ofForm(form: HTMLElement): Fields {
  const fields: Fields = {};
  for (const element of form.querySelectorAll<HTMLElement>('[data-checkout]')) {
    const name = element.getAttribute('data-checkout')!;
    const isLeftOut = element instanceof HTMLInputElement && (element.type === 'radio' || element.type === 'checkbox') && !element.checked;
    // Of two inputs for one value, such as one for phones, the one that was filled in counts.
    if (!isLeftOut) fields[name] = valueOf(element) || fields[name] || '';
  }
  return fields;
}

function valueOf(element: HTMLElement): string {
  if (element instanceof HTMLSelectElement) return element.options[element.selectedIndex]?.value ?? '';
  return ((element as HTMLInputElement).value ?? '').trim();
}

function ofObject(source: unknown): Fields {
  const entries = Object.entries((source ?? {}) as Record<string, unknown>);
  return Object.fromEntries(entries.map(([name, value]) => [name, value === undefined || value === null ? '' : String(value).trim()]));
}
