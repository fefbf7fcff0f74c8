// The payment brick: every way to pay that the shop allows, one of which is open.
import type { BricksStyle, Controller, Kit } from '../bricks';
import { Brick, object, string, type Settings } from './brick';
import { h, icon } from './dom';
import { allAreRight } from './entries';
import { identificationTypes } from './identification';
import { defaultOf, optionsOf, type Method, type Option, type SavedCard } from './payment/options';
import { panelOf, type Filled, type Panel, type Surroundings } from './payment/panels';
import { addReview, Review } from './payment/review';
import { goTo, preferenceOf } from './preference';
import { Incomplete, Submission } from './submission';

interface Chosen extends Filled {
  option: Option;
}

export function payment(kit: Kit, style: BricksStyle, container: HTMLElement, settings: Settings): { brick: Brick; controller: Controller } {
  const brick = new Brick(kit, style, container, settings);
  const form = new Payment(brick);
  brick.atEnd(() => form.end());
  void form.load();
  return {
    brick,
    controller: {
      unmount: () => brick.end(),
      getFormData: async () => form.submitted(await form.collect()),
      getAdditionalData: () => form.additionalData(),
      update: (changes: unknown) => form.update(changes),
      nextStep: () => form.press(),
    },
  };
}

class Payment {
  private amount: number;
  private readonly submission: Submission;
  private readonly form: HTMLFormElement;
  private readonly title: HTMLElement | false;
  private around: Surroundings | undefined;
  private panel: Panel | undefined;
  private option: Option | undefined;
  private choices: HTMLElement | undefined;
  private review: Review | undefined;
  private collected: Chosen | undefined;

  constructor(private readonly brick: Brick) {
    this.amount = Number(brick.settings.initialization.amount);
    this.submission = new Submission(brick, brick.words.goOn);
    this.form = h('form', { novalidate: true, onsubmit: (event: Event) => this.pressed(event) });
    this.title = brick.visual.hideFormTitle !== true && h('h2', {}, brick.text('formTitle', brick.words.paymentTitle));
  }

  async load(): Promise<void> {
    const { brick } = this;
    brick.showWaiting();
    const loaded = await this.facts().catch(() => undefined);
    if (brick.isOver) return;
    if (!loaded) return brick.showFailure(brick.words.notLoaded, () => void this.load());
    const { site, types, methods, saved, hasPreference } = loaded;
    const options = optionsOf(brick, methods, saved, this.amount).filter(({ kind }) => kind !== 'wallet' || hasPreference);
    if (options.length === 0) {
      brick.tell('critical', 'missing_payment_type');
      return brick.showFailure(brick.words.notLoaded);
    }
    this.around = {
      brick, site, types, amount: this.amount,
      onEnter: (at) => this.submission.isStale(at) || this.form.requestSubmit(),
      onChange: () => this.changed(),
      onBroken: (reason) => {
        brick.tell('critical', 'fields_setup_failed', reason);
        this.panel?.end();
        brick.showFailure(brick.words.notLoaded, () => void this.load());
      },
    };
    await this.build(options);
  }

  end(): void {
    this.panel?.end();
  }

  /** What the form holds, with a token where there is a card. */
  async collect(): Promise<Chosen> {
    const { brick, panel, option } = this;
    if (!panel || !option) {
      throw Object.assign(new Incomplete(), brick.tell('non_critical', 'missing_payment_information'));
    }
    await panel.settled();
    if (!allAreRight(panel.entries)) throw Object.assign(new Incomplete(), brick.tell('non_critical', 'incomplete_fields'));
    try {
      const filled = await panel.collect();
      const formData = addReview(brick, filled.formData);
      return (this.collected = { ...filled, formData, option });
    } catch (error) {
      if (!(error instanceof Error)) brick.tell('non_critical', 'secure_fields_card_token_creation_failed');
      throw error;
    }
  }

  async additionalData(): Promise<Chosen['additionalData']> {
    return (this.collected ?? (await this.collect())).additionalData;
  }

  submitted({ option, formData }: Chosen) {
    return { selectedPaymentMethod: option.selected, paymentType: option.selected, formData };
  }

  update(changes: unknown): boolean {
    const amount = this.brick.amountOf(changes);
    if (amount === undefined) return false;
    if (this.panel && !this.panel.setAmount(amount)) return false;
    this.amount = amount;
    if (this.around) this.around.amount = amount;
    this.changed();
    return true;
  }

  press(): void {
    this.form.requestSubmit();
  }

  private async facts() {
    const { brick } = this;
    const needed = async <T>(asked: Promise<T>, cause: 'get_identification_types_failed' | 'get_payment_methods_failed'): Promise<T> =>
      asked.catch((error: unknown) => {
        brick.tell('critical', cause);
        throw error;
      });
    const [site, types, methods, saved, hasPreference] = await Promise.all([
      needed(brick.core.site(), 'get_payment_methods_failed'),
      needed(identificationTypes(brick), 'get_identification_types_failed'),
      needed(brick.core.api.read<Method[]>('/v1/payment_methods'), 'get_payment_methods_failed'),
      this.savedCards(),
      this.checkPreference(),
    ]);
    return { site, types, methods, saved, hasPreference };
  }

  /** A buyer whose saved cards can't be shown may type another one. */
  private async savedCards(): Promise<SavedCard[]> {
    const { customerId, cardsIds } = object(this.brick.settings.initialization.payer);
    if (!customerId || !Array.isArray(cardsIds) || cardsIds.length === 0) return [];
    const query = { customer_id: string(customerId), card_ids: cardsIds.map(string).join(',') };
    return this.brick.core.api.read<SavedCard[]>('/pasarela/bricks/saved_cards', query).catch(() => {
      this.brick.tell('non_critical', 'get_saved_cards_failed');
      return [];
    });
  }

  /** Whether the wallet can be offered. */
  private async checkPreference(): Promise<boolean> {
    const { brick } = this;
    const asked = object(brick.settings.customization.paymentMethods).mercadoPago;
    if (!asked || (Array.isArray(asked) && asked.length === 0)) return false;
    const id = string(brick.settings.initialization.preferenceId);
    if (id === '') {
      brick.tell('non_critical', 'no_preference_provided');
      return false;
    }
    return preferenceOf(brick, id).then(
      () => true,
      () => {
        brick.tell('non_critical', 'get_preference_details_failed');
        return false;
      },
    );
  }

  private async build(options: Option[]): Promise<void> {
    const { brick, submission } = this;
    const { words } = brick;
    this.choices = h('div', { class: 'options', role: 'radiogroup', 'aria-label': words.paymentTitle }, ...options.map((option) => this.choice(option)));
    this.form.replaceChildren(this.choices, submission.notice, submission.button);
    brick.show(this.title, this.form);
    const first = defaultOf(brick, options) ?? (options.length === 1 ? options[0] : undefined);
    if (first) {
      this.choices.querySelector<HTMLInputElement>(`input[value="${CSS.escape(first.key)}"]`)!.checked = true;
      this.choose(first);
      await this.panel?.ready;
    } else {
      submission.button.disabled = true;
    }
    brick.ready();
  }

  private choice(option: Option): HTMLElement {
    const input = h('input', { type: 'radio', name: `${this.brick.name}-way`, value: option.key, onchange: () => this.choose(option) });
    const text = h('span', { class: 'choice-text' }, h('span', {}, option.title), option.hint !== '' && h('span', { class: 'soft small' }, option.hint));
    return h('div', { class: 'option', 'data-way': option.key }, h('label', { class: 'choice' }, input, icon(option.icon), text));
  }

  private choose(option: Option): void {
    if (!this.around || this.option === option) return;
    this.panel?.end();
    this.panel?.element.parentElement?.remove();
    const panel = panelOf(option, this.around);
    this.option = option;
    this.panel = panel;
    for (const element of this.choices!.children) {
      const isChosen = (element as HTMLElement).dataset.way === option.key;
      element.classList.toggle('chosen', isChosen);
      if (isChosen) element.appendChild(h('div', { class: 'details' }, panel.element));
    }
    panel.mount();
    this.changed();
    this.submission.button.disabled = false;
    this.submission.setText(Review.isWanted(this.brick) ? this.brick.words.goOn : panel.buttonText);
  }

  private changed(): void {
    this.collected = undefined;
    this.submission.changed();
  }

  private pressed(event: Event): void {
    event.preventDefault();
    if (Review.isWanted(this.brick) && !this.review) {
      void this.submission.runOnce(async () => this.openReview(await this.collect()));
      return;
    }
    void this.submission.run(async () => this.hand(await this.collect()));
  }

  private async hand(chosen: Chosen): Promise<void> {
    if (this.brick.isOver) return;
    await this.brick.settings.callbacks.onSubmit?.(this.submitted(chosen), chosen.additionalData);
    if (chosen.option.kind !== 'wallet') return;
    const preference = await preferenceOf(this.brick, string(this.brick.settings.initialization.preferenceId));
    goTo(this.brick, preference.init_point, 'self');
  }

  private openReview(chosen: Chosen): void {
    const { brick, around } = this;
    const review = new Review(brick, around!.site, this.amount, chosen.option.title, {
      onBack: () => {
        review.element.remove();
        this.review = undefined;
        this.form.hidden = false;
        if (this.title) this.title.hidden = false;
        brick.call('onRenderPreviousStep', 'payment');
      },
      onConfirm: () => this.hand(chosen),
    });
    this.review = review;
    // Hidden, not taken away: frames forget what is typed when they leave the page.
    this.form.hidden = true;
    if (this.title) this.title.hidden = true;
    brick.body.appendChild(review.element);
    review.focus();
    brick.call('onRenderNextStep', 'review');
  }
}
