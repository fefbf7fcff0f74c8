// What is asked of the buyer for each way to pay.
import type { IdentificationType } from '../../core';
import type { Brick } from '../brick';
import { CardSection, type AdditionalData } from '../card/card-section';
import { h } from '../dom';
import type { Entry, TextEntry } from '../entries';
import { givenEmail, payerEmail } from '../payer-email';
import { OfflinePanel } from './offline-panel';
import type { Option } from './options';
import { SavedCardPanel } from './saved-card-panel';

export interface Filled {
  /** `null` where the buyer goes on at the platform. */
  formData: unknown;
  additionalData: AdditionalData | null;
}

export interface Panel {
  readonly element: HTMLElement;
  readonly buttonText: string;
  readonly entries: Entry[];
  readonly ready: Promise<unknown>;
  /** Once the element is in the page. */
  mount(): void;
  /** Waits for what is being looked up. */
  settled(): Promise<void>;
  collect(): Promise<Filled>;
  setAmount(amount: number): boolean;
  end(): void;
}

/** What panels are given. */
export interface Surroundings {
  brick: Brick;
  site: string;
  types: IdentificationType[];
  amount: number;
  /** Enter was pressed in a frame, at this time. */
  onEnter: (at: number) => void;
  onChange: () => void;
  onBroken: (reason: string) => void;
}

export function panelOf(option: Option, around: Surroundings): Panel {
  switch (option.kind) {
    case 'card':
      return new CardPanel(option.allowed, around);
    case 'saved':
      return new SavedCardPanel(option.card, option.allowed, around);
    case 'offline':
      return new OfflinePanel(option.method, around);
    case 'wallet':
      return new WalletPanel(around.brick);
  }
}

class CardPanel implements Panel {
  readonly element: HTMLElement;
  readonly buttonText: string;
  readonly ready: Promise<unknown>;
  private readonly card: CardSection;
  private readonly email: TextEntry | undefined;

  constructor(allowed: ConstructorParameters<typeof CardSection>[1]['allowed'], { brick, ...around }: Surroundings) {
    const { payer } = brick.settings.initialization;
    this.email = payerEmail(brick, around.onChange);
    this.card = new CardSection(brick, { ...around, allowed, payer, email: () => this.email?.value ?? givenEmail(brick) });
    this.element = h('div', { class: 'stack' }, this.card.element, this.email?.element);
    this.ready = this.card.ready;
    this.buttonText = brick.text('formSubmit', brick.words.formSubmit);
  }

  get entries(): Entry[] {
    return [...this.card.entries, ...(this.email ? [this.email] : [])];
  }

  mount(): void {
    this.card.mount();
  }

  settled(): Promise<void> {
    return this.card.settled();
  }

  collect(): Promise<Filled> {
    return this.card.collect();
  }

  setAmount(amount: number): boolean {
    return this.card.setAmount(amount);
  }

  end(): void {
    this.card.end();
  }
}

/** The buyer goes on at the platform: nothing is asked here. */
class WalletPanel implements Panel {
  readonly element: HTMLElement;
  readonly buttonText: string;
  readonly entries: Entry[] = [];
  readonly ready = Promise.resolve();

  constructor(brick: Brick) {
    this.element = h('div', {}, brick.visual.hideRedirectionPanel !== true && h('p', { class: 'soft' }, brick.words.creditsHint));
    this.buttonText = brick.words.goOn;
  }

  mount(): void {}

  async settled(): Promise<void> {}

  async collect(): Promise<Filled> {
    return { formData: null, additionalData: null };
  }

  setAmount(): boolean {
    return true;
  }

  end(): void {}
}
