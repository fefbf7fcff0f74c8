// The card payment brick: a form for a credit, debit or prepaid card.
import type { BricksStyle, Controller, Kit } from '../bricks';
import { Brick, object, string, type Settings } from './brick';
import { CardSection, type Collected } from './card/card-section';
import type { Allowed } from './card/card-lookup';
import { h } from './dom';
import { allAreRight, type TextEntry } from './entries';
import { identificationTypes } from './identification';
import { givenEmail, payerEmail } from './payer-email';
import { Incomplete, Submission } from './submission';

const CARD_TYPES = ['credit_card', 'debit_card', 'prepaid_card'];

export function cardPayment(kit: Kit, style: BricksStyle, container: HTMLElement, settings: Settings): { brick: Brick; controller: Controller } {
  const brick = new Brick(kit, style, container, settings);
  const form = new CardPayment(brick);
  brick.atEnd(() => form.end());
  void form.load();
  return {
    brick,
    controller: {
      unmount: () => brick.end(),
      getFormData: async () => (await form.collect()).formData,
      getAdditionalData: () => form.additionalData(),
      update: (changes: unknown) => form.update(changes),
    },
  };
}

class CardPayment {
  private card: CardSection | undefined;
  private email: TextEntry | undefined;
  private amount: number;
  private collected: Collected | undefined;
  private readonly submission: Submission;

  constructor(private readonly brick: Brick) {
    this.amount = Number(brick.settings.initialization.amount);
    this.submission = new Submission(brick, brick.text('formSubmit', brick.words.formSubmit));
  }

  async load(): Promise<void> {
    const { brick } = this;
    brick.showWaiting();
    try {
      const [site, types] = await Promise.all([brick.core.site(), identificationTypes(brick)]);
      if (!brick.isOver) this.build(site, types);
    } catch {
      brick.tell('critical', 'get_identification_types_failed');
      if (!brick.isOver) brick.showFailure(brick.words.notLoaded, () => void this.load());
    }
  }

  end(): void {
    this.card?.end();
  }

  async collect(): Promise<Collected> {
    const { brick, card } = this;
    if (!card) throw brick.tell('non_critical', 'incomplete_fields');
    await card.settled();
    if (!allAreRight([...card.entries, ...(this.email ? [this.email] : [])])) {
      throw Object.assign(new Incomplete('incomplete_fields'), brick.tell('non_critical', 'incomplete_fields'));
    }
    try {
      this.collected = await card.collect();
      return this.collected;
    } catch (error) {
      // Why a card can't pay was told when it was looked up.
      if (!(error instanceof Error)) brick.tell('non_critical', 'secure_fields_card_token_creation_failed');
      throw error;
    }
  }

  async additionalData(): Promise<Collected['additionalData']> {
    return (this.collected ?? (await this.collect())).additionalData;
  }

  update(changes: unknown): boolean {
    const amount = this.brick.amountOf(changes);
    if (amount === undefined) return false;
    if (this.card && !this.card.setAmount(amount)) return false;
    this.amount = amount;
    this.changed();
    return true;
  }

  private build(site: string, types: Awaited<ReturnType<typeof identificationTypes>>): void {
    const { brick, submission } = this;
    const email = payerEmail(brick, () => this.changed());
    const form = h('form', { novalidate: true, onsubmit: (event: Event) => this.submitted(event) });
    this.card = new CardSection(brick, {
      allowed: allowedCards(brick.settings.customization),
      amount: this.amount,
      site,
      types,
      payer: brick.settings.initialization.payer,
      email: () => email?.value ?? givenEmail(brick),
      onEnter: (at) => submission.isStale(at) || form.requestSubmit(),
      onChange: () => this.changed(),
      onBroken: (reason) => {
        brick.tell('critical', 'fields_setup_failed', reason);
        brick.showFailure(brick.words.notLoaded, () => this.again());
      },
    });
    this.email = email;
    form.append(
      this.card.element,
      ...(email ? [h('div', {}, h('h3', {}, brick.text('emailSectionTitle', brick.words.emailSectionTitle)), email.element)] : []),
      submission.notice,
      submission.button,
    );
    brick.show(brick.visual.hideFormTitle !== true && h('h2', {}, brick.text('formTitle', brick.words.formTitle)), form);
    this.card.mount();
    void this.card.ready.then(() => brick.ready());
  }

  private again(): void {
    this.card?.end();
    this.card = undefined;
    void this.load();
  }

  private changed(): void {
    this.collected = undefined;
    this.submission.changed();
  }

  private submitted(event: Event): void {
    event.preventDefault();
    void this.submission.run(async () => {
      const { formData, additionalData } = await this.collect();
      if (this.brick.isOver) return;
      await this.brick.settings.callbacks.onSubmit?.(formData, additionalData);
    });
  }
}

/** What `customization.paymentMethods` lets in; the documentation writes types with hyphens, too. */
export function allowedCards(customization: Record<string, unknown>): Allowed {
  const { types, minInstallments, maxInstallments } = object(customization.paymentMethods);
  const list = (value: unknown) => (Array.isArray(value) ? value.map((type) => string(type).replace(/-/g, '_')) : undefined);
  const { included, excluded } = object(types);
  const taken = list(included) ?? CARD_TYPES;
  const refused = list(excluded) ?? [];
  return {
    types: CARD_TYPES.filter((type) => taken.includes(type) && !refused.includes(type)),
    ...installmentBounds(minInstallments, maxInstallments),
  };
}

export function installmentBounds(least: unknown, most: unknown): Pick<Allowed, 'minInstallments' | 'maxInstallments'> {
  return {
    ...(typeof least === 'number' && { minInstallments: least }),
    ...(typeof most === 'number' && { maxInstallments: most }),
  };
}
