// A card that the buyer saved: its code is asked for, in a frame, and in how many instalments.
import type { Brick } from '../brick';
import { object, string } from '../brick';
import { CardLookup, LookupError, type Allowed } from '../card/card-lookup';
import { FramedEntry } from '../card/framed-entry';
import { InstallmentsEntry } from '../card/installments';
import { isUnreached } from '../card/refusals';
import { h } from '../dom';
import type { Entry } from '../entries';
import type { SavedCard } from './options';
import type { Filled, Panel, Surroundings } from './panels';

export class SavedCardPanel implements Panel {
  readonly element: HTMLElement;
  readonly buttonText: string;
  readonly ready: Promise<unknown>;
  private readonly brick: Brick;
  private readonly code: FramedEntry | undefined;
  private readonly installments: InstallmentsEntry;
  private readonly lookup: CardLookup;
  private readonly fields;
  private readonly group: string;
  private amount: number;
  private lookedUp: Promise<void>;
  private obstacle: LookupError | undefined;

  constructor(
    private readonly card: SavedCard,
    allowed: Allowed,
    { brick, site, amount, onChange, onEnter, onBroken }: Surroundings,
  ) {
    this.brick = brick;
    this.amount = amount;
    this.group = `${brick.name}-saved-${card.id}`;
    this.fields = brick.kit.fields();
    this.lookup = new CardLookup(brick, allowed);
    if (card.security_code.length > 0) {
      this.code = new FramedEntry(brick, this.fields, 'securityCode', {
        ...brick.labelled('securityCode', brick.words.securityCode), group: this.group, onChange, onEnter, onFailed: onBroken,
      });
    }
    this.installments = new InstallmentsEntry(brick, site, this.group);
    this.element = h('div', { class: 'stack' }, this.code && h('div', { class: 'row' }, this.code.element), this.installments.element);
    this.buttonText = brick.text('formSubmit', brick.words.formSubmit);
    this.ready = this.code?.ready ?? Promise.resolve();
    this.lookedUp = this.load();
  }

  get entries(): Entry[] {
    return [...(this.code ? [this.code] : []), ...(this.installments.mustChoose ? [this.installments.entry] : [])];
  }

  mount(): void {
    this.code?.mount();
    this.code?.settings({ length: this.card.security_code.length });
  }

  async settled(): Promise<void> {
    await this.lookedUp;
    if (this.obstacle?.at === 'network') await (this.lookedUp = this.load());
  }

  async collect(): Promise<Filled> {
    const plan = this.installments.chosen;
    if (!plan) throw this.obstacle ?? new LookupError('no_installments_in_selected_range', this.brick.words.noInstallments, 'installments');
    const { payment_method: method, issuer, first_six_digits: bin, last_four_digits: lastFourDigits } = this.card;
    const { amount } = this;
    const token = await this.token();
    return {
      formData: {
        token,
        issuer_id: String(issuer.id),
        payment_method_id: method.id,
        transaction_amount: amount,
        installments: plan.installments,
        payment_method_option_id: plan.payment_method_option_id ?? null,
        processing_mode: 'aggregator',
        payer: { type: 'customer', id: string(object(this.brick.settings.initialization.payer).customerId) },
      },
      additionalData: { bin, lastFourDigits, paymentTypeId: method.payment_type_id },
    };
  }

  setAmount(amount: number): boolean {
    this.amount = amount;
    this.lookedUp = this.load();
    return true;
  }

  end(): void {
    this.code?.unmount();
  }

  private async token(): Promise<string> {
    try {
      if (!this.code) return (await this.brick.core.createCardToken({ cardId: this.card.id })).id;
      return (await this.fields.createCardToken({ cardId: this.card.id }, { group: this.group })).id;
    } catch (error) {
      if (!isUnreached(error)) this.code?.show(this.brick.words.invalid);
      throw error;
    }
  }

  private async load(): Promise<void> {
    const { amount, card } = this;
    const { id: methodId, payment_type_id: typeId } = card.payment_method;
    try {
      const rows = await this.lookup.installments({ methodId, typeId, issuerId: String(card.issuer.id) }, card.first_six_digits, amount);
      if (this.amount !== amount) return;
      this.obstacle = undefined;
      this.installments.fill(rows, amount);
    } catch (error) {
      if (!(error instanceof LookupError)) throw error;
      this.obstacle = error;
      this.brick.tell('non_critical', error.errorCause);
    }
  }
}
