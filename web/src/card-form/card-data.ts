// Where a form's card data is: in frames, or in inputs of the page. Both say the same to the form.
import { check, codeOf, digitsOf, splitDate } from '../checks';
import type { Context } from '../context';
import type { CardToken, CardTokenParameters } from '../core';
import type { Field } from '../fields/field';
import { Fields } from '../fields/fields';
import type { FieldError, FieldOptions, Settings } from '../protocol';
import type { Elements } from './elements';
import { CARD_NAMES, type CardName, type Options } from './options';

export interface Listener {
  bin: (bin: string | null) => void;
  validity: (field: CardName, errors: FieldError[]) => void;
  /** Card data is not what a token was made of any more. */
  changed: () => void;
  enter: () => void;
  /** A field can't be used. */
  failed: (message: string) => void;
}

export interface CardData {
  /** Resolves when a card can be typed, with what `onReady` gets. */
  ready: Promise<unknown>;
  settings(number: Settings | undefined, securityCode: Settings | undefined, brand?: string): void;
  update(name: CardName, changes: Pick<FieldOptions, 'placeholder' | 'style' | 'settings'>): void;
  token(holder: CardTokenParameters): Promise<CardToken>;
  unmount(): void;
}

/** As many digits as say whose card it is. */
const BIN_LENGTH = 8;

export class FramedCardData implements CardData {
  readonly ready: Promise<unknown>;
  private readonly fields = new Map<CardName, Field>();
  private readonly module: Fields;

  constructor(context: Context, options: Options, listener: Listener) {
    this.module = new Fields(context);
    try {
      for (const name of CARD_NAMES) this.add(name, options, listener);
    } catch (error) {
      this.unmount();
      throw error;
    }
    const fields = [...this.fields.values()];
    this.ready = Promise.all(fields.map((field) => new Promise<void>((resolve) => field.on('ready', () => resolve())))).then(() =>
      Object.fromEntries(this.fields),
    );
  }

  settings(number: Settings | undefined, securityCode: Settings | undefined, brand?: string): void {
    if (number) this.fields.get('cardNumber')?.update({ settings: number, brand });
    if (securityCode) this.fields.get('securityCode')?.update({ settings: securityCode });
  }

  update(name: CardName, changes: Pick<FieldOptions, 'placeholder' | 'style' | 'settings'>): void {
    this.fields.get(name)?.update(changes);
  }

  token(holder: CardTokenParameters): Promise<CardToken> {
    return this.module.createCardToken(holder);
  }

  unmount(): void {
    for (const field of this.fields.values()) field.unmount();
    this.fields.clear();
  }

  private add(name: CardName, options: Options, listener: Listener): void {
    const given = options.fields[name];
    if (!given) return;
    const { id, ...fieldOptions } = given;
    const field = this.module.create(name, { enableLuhnValidation: true, ...fieldOptions, group: undefined });
    field.onEnter = listener.enter;
    field.on('validityChange', ({ errorMessages }) => listener.validity(name, errorMessages as FieldError[]));
    field.on('change', () => listener.changed());
    field.on('error', ({ error }) => listener.failed(String(error)));
    if (name === 'cardNumber') field.on('binChange', ({ bin }) => listener.bin(bin as string | null));
    field.mount(id);
    this.fields.set(name, field);
  }
}

export class PlainCardData implements CardData {
  readonly ready = Promise.resolve({});
  private readonly removals: (() => void)[] = [];
  private readonly limits: Partial<Record<CardName, Settings>> = {};
  private readonly said = new Map<CardName, string>();
  private bin: string | null = null;

  constructor(
    private readonly context: Context,
    private readonly options: Options,
    private readonly elements: Elements,
    private readonly listener: Listener,
  ) {
    for (const name of CARD_NAMES) {
      const control = elements.control(name);
      if (!control) continue;
      const heard = () => this.hear(name);
      control.addEventListener('input', heard);
      control.addEventListener('blur', heard);
      this.removals.push(() => {
        control.removeEventListener('input', heard);
        control.removeEventListener('blur', heard);
      });
    }
  }

  settings(number: Settings | undefined, securityCode: Settings | undefined): void {
    if (number) this.limits.cardNumber = number;
    if (securityCode) this.limits.securityCode = securityCode;
  }

  update(name: CardName, { placeholder, settings }: Pick<FieldOptions, 'placeholder' | 'settings'>): void {
    this.elements.placeholder(name, placeholder);
    if (settings) this.limits[name] = settings;
  }

  async token(holder: CardTokenParameters): Promise<CardToken> {
    const wrong: unknown[] = CARD_NAMES.filter((name) => this.options.fields[name]).flatMap((name) =>
      this.errors(name).map(({ cause, message }) => ({ code: codeOf(name, cause, message), message, cause, field: name })),
    );
    wrong.push(...this.context.core.holderFaults(holder));
    if (wrong.length > 0) throw wrong;
    const date = splitDate(this.elements.value('expirationDate'));
    return this.context.core.createCardToken({
      ...holder,
      cardNumber: digitsOf(this.elements.value('cardNumber')),
      securityCode: this.elements.value('securityCode'),
      cardExpirationMonth: this.elements.value('expirationMonth') || date.month,
      cardExpirationYear: this.elements.value('expirationYear') || date.year,
    });
  }

  unmount(): void {
    for (const remove of this.removals) remove();
  }

  private errors(name: CardName): FieldError[] {
    const year = this.elements.value('expirationYear');
    const { mode } = this.options.fields[name] ?? {};
    return check(name, this.elements.value(name), { settings: this.limits[name], luhn: true, mode, today: new Date(), year });
  }

  private hear(name: CardName): void {
    this.listener.changed();
    const errors = this.errors(name);
    const summary = JSON.stringify(errors);
    if (this.said.get(name) !== summary) {
      this.said.set(name, summary);
      this.listener.validity(name, errors);
    }
    if (name !== 'cardNumber') return;
    const digits = digitsOf(this.elements.value(name));
    const bin = digits.length >= BIN_LENGTH ? digits.slice(0, BIN_LENGTH) : null;
    if (bin !== this.bin) this.listener.bin((this.bin = bin));
  }
}
