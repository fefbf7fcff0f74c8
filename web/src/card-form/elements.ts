// The elements of a card form on the page: found, checked, filled and emptied.
import { isCardName, type Name, type Options } from './options';

type Control = HTMLInputElement | HTMLSelectElement;

const SELECTS: readonly Name[] = ['identificationType', 'issuer', 'installments'];
const EITHER: readonly Name[] = ['expirationMonth', 'expirationYear'];
const HIDDEN = ['MPHiddenInputToken', 'MPHiddenInputPaymentMethod', 'MPHiddenInputProcessingMode'] as const;
const AMOUNT = 'MPHiddenInputAmount';
const MERCHANT_ACCOUNT = 'MPHiddenInputMerchantAccountId';
export type Hidden = (typeof HIDDEN)[number] | typeof MERCHANT_ACCOUNT;

export class Elements {
  private readonly hidden = new Map<string, HTMLInputElement>();

  private constructor(
    readonly form: HTMLElement,
    private readonly all: Map<Name, HTMLElement>,
  ) {}

  /** Throws an `Error` that says which element is missing or of the wrong kind. */
  static find(options: Options): Elements {
    const form = byId(options.formId);
    expect(form, ['FORM', 'DIV'], options.formId);
    const all = new Map<Name, HTMLElement>();
    for (const [name, { id }] of Object.entries(options.fields) as [Name, { id: string }][]) {
      const element = byId(id);
      const inFrame = options.iframe && isCardName(name);
      expect(element, inFrame ? ['DIV'] : SELECTS.includes(name) ? ['SELECT'] : EITHER.includes(name) ? ['INPUT', 'SELECT'] : ['INPUT'], id);
      all.set(name, element);
    }
    return new Elements(form, all);
  }

  /** Takes the names off what holds card data, so that the page's own post can't carry it. Says whose they were. */
  takeNames(): Name[] {
    const named: Name[] = [];
    for (const [name, element] of this.all) {
      if (!(isCardName(name) || name === 'issuer') || element.tagName === 'DIV') continue;
      element.setAttribute('autocomplete', 'off');
      const given = element.getAttribute('name');
      if (given === null) continue;
      element.setAttribute('data-name', given);
      element.removeAttribute('name');
      if (isCardName(name)) named.push(name);
    }
    return named;
  }

  control(name: Name): Control | undefined {
    const element = this.all.get(name);
    return element instanceof HTMLInputElement || element instanceof HTMLSelectElement ? element : undefined;
  }

  value(name: Name): string {
    return this.control(name)?.value ?? '';
  }

  placeholder(name: Name, text: string | undefined): void {
    const control = this.control(name);
    if (control instanceof HTMLInputElement && text !== undefined) control.placeholder = text;
    if (control instanceof HTMLSelectElement && control.options.length === 0) this.fill(name, [], text);
  }

  /** Options of a select; without any, its placeholder. */
  fill(name: Name, rows: { value: string; text: string }[], placeholder?: string): void {
    const select = this.control(name);
    if (!(select instanceof HTMLSelectElement)) return;
    const options = rows.map(({ value, text }) => new Option(text, value));
    if (options.length === 0 && placeholder !== undefined) {
      const option = new Option(placeholder, '', true, true);
      option.disabled = true;
      options.push(option);
    }
    select.replaceChildren(...options);
  }

  addHidden(): void {
    for (const name of HIDDEN) this.set(name, '');
  }

  set(name: Hidden, value: string): void {
    const input = this.hidden.get(name) ?? this.append(name, name);
    this.hidden.set(name, input);
    input.value = value;
  }

  get(name: Hidden): string {
    return this.hidden.get(name)?.value ?? '';
  }

  drop(name: Hidden): void {
    this.hidden.get(name)?.remove();
    this.hidden.delete(name);
  }

  /** The amount stands in the form while `during` runs. */
  withAmount(amount: string, during: () => void): void {
    const input = this.append(AMOUNT);
    input.value = amount;
    try {
      during();
    } finally {
      // Not at once: the browser reads the form after the last listener.
      setTimeout(() => input.remove());
    }
  }

  removeHidden(): void {
    for (const input of this.hidden.values()) input.remove();
    this.hidden.clear();
  }

  private append(name: string, id?: string): HTMLInputElement {
    const input = document.createElement('input');
    input.type = 'hidden';
    input.name = name;
    if (id) input.id = id;
    return this.form.appendChild(input);
  }
}

function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`Could not find HTML element for provided id: ${id}`);
  return element;
}

function expect(element: HTMLElement, tags: string[], id: string): void {
  if (!tags.includes(element.tagName)) {
    throw new Error(`${id}: wrong HTML Element type: expected ${tags.join(' or ')}, got ${element.tagName}`);
  }
}
