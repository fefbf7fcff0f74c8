// A card that is typed: number, date and code in frames of the platform, the rest here. What it gives is what a shop's server
// posts to /v1/payments.
import type { CardToken, IdentificationType, PaymentMethod } from '../../core';
import type { Fields } from '../../fields/fields';
import { fault } from '../../validation';
import type { Brick } from '../brick';
import { string, object } from '../brick';
import { h } from '../dom';
import { SelectEntry, TextEntry, type Entry } from '../entries';
import { Identification } from '../identification';
import { CardLookup, LookupError, type Allowed } from './card-lookup';
import { FramedEntry } from './framed-entry';
import { InstallmentsEntry } from './installments';
import { entryOfRefusal, isUnreached } from './refusals';

export interface CardData {
  token: string;
  issuer_id: string | null;
  payment_method_id: string;
  transaction_amount: number;
  installments: number;
  payment_method_option_id: string | null;
  processing_mode: string | null;
  payer: { email: string; identification?: { type: string; number: string } };
}

export interface AdditionalData {
  bin: string;
  lastFourDigits: string;
  cardholderName?: string;
  paymentTypeId?: string;
}

export interface Collected {
  formData: CardData;
  additionalData: AdditionalData;
}

export interface CardOptions {
  allowed: Allowed;
  amount: number;
  site: string;
  types: IdentificationType[];
  payer: unknown;
  /** The e-mail, from wherever the brick has it. */
  email: () => string;
  /** Enter was pressed in a frame, at this time. */
  onEnter: (at: number) => void;
  onChange: () => void;
  /** A field could not be loaded. */
  onBroken: (reason: string) => void;
}

let sections = 0;

export class CardSection {
  readonly element: HTMLElement;
  readonly ready: Promise<unknown>;
  private readonly group: string;
  private readonly fields: Fields;
  private readonly framed: Record<'cardNumber' | 'expirationDate' | 'securityCode', FramedEntry>;
  private readonly holder: TextEntry;
  private readonly identification: Identification | undefined;
  private readonly issuer: SelectEntry;
  private readonly installments: InstallmentsEntry;
  private readonly lookup: CardLookup;
  private amount: number;
  private bin: string | null = null;
  private method: PaymentMethod | undefined;
  private lookedUp: Promise<void> = Promise.resolve();
  /** Grows with each look-up: an older answer is not shown. */
  private look = 0;
  /** Why this card can't pay here. */
  private obstacle: LookupError | undefined;

  constructor(
    private readonly brick: Brick,
    private readonly options: CardOptions,
  ) {
    const { words } = brick;
    this.group = `${brick.name}-card-${(sections += 1)}`;
    this.fields = brick.kit.fields();
    this.amount = options.amount;
    this.lookup = new CardLookup(brick, options.allowed);
    const framed = (type: 'cardNumber' | 'expirationDate' | 'securityCode') => {
      const text = brick.labelled(type, words[type]);
      return new FramedEntry(brick, this.fields, type, {
        ...text,
        group: this.group,
        onBinChange: (bin) => this.binChanged(bin),
        onChange: options.onChange,
        onEnter: options.onEnter,
        onFailed: options.onBroken,
      });
    };
    this.framed = { cardNumber: framed('cardNumber'), expirationDate: framed('expirationDate'), securityCode: framed('securityCode') };
    this.holder = new TextEntry(words, {
      id: `${this.group}-holder`, ...brick.labelled('cardholderName', words.cardholderName), autocomplete: 'cc-name', maxLength: 64,
      judge: (text) => (fault('cardholderName', text) ? words.wrongName : undefined), onInput: options.onChange,
    });
    this.identification = options.types.length > 0 ? new Identification(brick, options.types, `${this.group}-document`, object(options.payer).identification, options.onChange) : undefined;
    this.issuer = new SelectEntry(words, { id: `${this.group}-issuer`, label: words.issuer, onChange: () => void this.loadInstallments() });
    this.issuer.element.hidden = true;
    this.installments = new InstallmentsEntry(brick, options.site, this.group);
    this.element = h('div', { class: 'stack' },
      this.framed.cardNumber.element,
      h('div', { class: 'row dated' }, this.framed.expirationDate.element, this.framed.securityCode.element),
      this.holder.element,
      this.identification?.element,
      this.issuer.element,
      this.installments.element,
    );
    this.ready = Promise.all(Object.values(this.framed).map(({ ready }) => ready));
  }

  /** Once the element is in the page. */
  mount(): void {
    for (const framed of Object.values(this.framed)) framed.mount();
  }

  end(): void {
    this.look += 1;
    for (const framed of Object.values(this.framed)) framed.unmount();
  }

  get entries(): Entry[] {
    return [
      this.framed.cardNumber, this.framed.expirationDate, this.framed.securityCode, this.holder,
      ...(this.identification?.entries ?? []), this.issuer, this.installments.mustChoose ? this.installments.entry : undefined,
    ].filter((entry): entry is Entry => entry !== undefined && !entry.element.hidden);
  }

  focus(): void {
    this.framed.cardNumber.focus();
  }

  /** `false` when the card's method does not take so little. */
  setAmount(amount: number): boolean {
    const least = (this.method as { min_allowed_amount?: number } | undefined)?.min_allowed_amount;
    if (least !== undefined && amount < least) return false;
    this.amount = amount;
    void this.loadInstallments();
    return true;
  }

  /** Waits for what is being looked up: a quick buyer is not told that something is missing. */
  async settled(): Promise<void> {
    await this.lookedUp;
    if (this.obstacle?.at !== 'network' || this.bin === null) return;
    // Nobody answered then; perhaps somebody does now.
    this.lookedUp = this.loadCard(this.bin, this.look);
    await this.lookedUp;
  }

  /** Makes a token of what is typed. Rejects with what it was refused with; what is wrong with a field is shown there. */
  async collect(): Promise<Collected> {
    const { method, bin } = this;
    if (!method || bin === null) throw this.obstacle ?? new LookupError('no_payment_method_for_provided_bin', this.brick.words.unknownCard, 'card');
    const plan = this.installments.chosen;
    if (!plan) throw this.obstacle ?? new LookupError('no_installments_in_selected_range', this.brick.words.noInstallments, 'installments');
    const identification = this.identification?.value;
    // As it stands now: what is changed while the token is made is not what the buyer pressed the button for.
    const rest = {
      issuer_id: this.issuer.element.hidden ? string(method.issuer?.id) || null : this.issuer.value,
      payment_method_id: method.id,
      transaction_amount: this.amount,
      installments: plan.installments,
      payment_method_option_id: plan.payment_method_option_id ?? null,
      processing_mode: method.processing_mode ?? null,
      payer: { email: this.options.email(), ...(identification && { identification }) },
    };
    const cardholderName = this.holder.value;
    const token = await this.token(identification);
    const lastFourDigits = string(token.last_four_digits);
    return {
      formData: { token: token.id, ...rest },
      additionalData: { bin, lastFourDigits, cardholderName, paymentTypeId: method.payment_type_id },
    };
  }

  private async token(identification: { type: string; number: string } | undefined): Promise<CardToken> {
    try {
      return await this.fields.createCardToken(
        { cardholderName: this.holder.value, ...(identification && { identificationType: identification.type, identificationNumber: identification.number }) },
        { group: this.group },
      );
    } catch (error) {
      if (!isUnreached(error)) this.showRefusal(error);
      throw error;
    }
  }

  private showRefusal(error: unknown): void {
    const { words } = this.brick;
    switch (entryOfRefusal(error)) {
      case 'cardNumber':
        return this.framed.cardNumber.show(words.invalid);
      case 'expirationDate':
        return this.framed.expirationDate.show(words.expired);
      case 'securityCode':
        return this.framed.securityCode.show(words.invalid);
      case 'cardholderName':
        return void this.holder.show(words.wrongName);
      case 'identification':
        return this.identification?.showWrong();
      default:
    }
  }

  private binChanged(bin: string | null): void {
    this.bin = bin;
    this.look += 1;
    this.method = undefined;
    if (this.obstacle) this.framed.cardNumber.forgive();
    this.obstacle = undefined;
    this.issuer.element.hidden = true;
    this.installments.clear();
    this.lookedUp = bin === null ? Promise.resolve() : this.loadCard(bin, this.look);
    this.brick.call('onBinChange', bin ?? '');
  }

  private async loadCard(bin: string, look: number): Promise<void> {
    try {
      const method = await this.lookup.method(bin);
      if (this.look !== look) return;
      this.method = method;
      const { card_number: number, security_code: code } = method.settings[0] ?? {};
      this.framed.cardNumber.settings(number, string(method.name));
      this.framed.securityCode.settings(code);
      this.holder.optional = !method.additional_info_needed.includes('cardholder_name');
      if (this.identification) this.identification.optional = !method.additional_info_needed.includes('cardholder_identification_number');
      const issuers = await this.lookup.issuers(method, bin);
      if (this.look !== look) return;
      this.issuer.fill(issuers.map(({ id, name }) => ({ value: id, text: name })), issuers.length > 1 ? this.brick.text('selectIssuerBank', this.brick.words.selectIssuerBank) : undefined);
      this.issuer.element.hidden = issuers.length < 2;
      await this.loadInstallments();
    } catch (error) {
      if (this.look === look) this.block(error);
    }
  }

  private async loadInstallments(): Promise<void> {
    const { method, bin, look, amount } = this;
    if (!method || bin === null) return;
    // Prices depend on the issuer: before one is chosen there are the card's own.
    const issuerId = this.issuer.element.hidden ? undefined : this.issuer.value || undefined;
    try {
      const rows = await this.lookup.installments({ methodId: method.id, typeId: method.payment_type_id, issuerId }, bin, amount);
      if (this.look !== look || this.amount !== amount) return;
      if (this.obstacle) this.framed.cardNumber.forgive();
      this.obstacle = undefined;
      this.installments.fill(rows, amount);
    } catch (error) {
      if (this.look === look) this.block(error);
    }
  }

  private block(error: unknown): void {
    if (!(error instanceof LookupError)) throw error;
    this.obstacle = error;
    this.installments.clear();
    this.brick.tell('non_critical', error.errorCause);
    this.framed.cardNumber.hold(error.text);
  }
}
