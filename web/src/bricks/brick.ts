// What every brick has: a place in the page, a look, a language, callbacks, and an end.
import type { BrickError, BricksStyle, Kit } from '../bricks';
import { append, h } from './dom';
import { brickError, type ErrorCause } from './errors';
import { dress, lookOf, type Look, type Visual } from './look';
import { wordsOf, type Words } from './words';

type Values = Record<string, unknown>;

export interface Callbacks {
  onReady?: () => void;
  onError?: (error: BrickError) => void;
  onSubmit?: (...given: unknown[]) => unknown;
  onBinChange?: (bin: string) => void;
  onClickEditShippingData?: () => void;
  onClickEditBillingData?: () => void;
  onRenderNextStep?: (step: string) => void;
  onRenderPreviousStep?: (step: string) => void;
}

export interface Settings {
  initialization: Values;
  customization: Values;
  callbacks: Callbacks;
  locale?: string;
}

let last = 0;

export class Brick {
  readonly words: Words;
  readonly locale: string;
  readonly look: Look;
  readonly visual: Visual & Values;
  /** Names what belongs to this brick alone: ids, and the group of its frames. */
  readonly name: string;
  /** Shadowed, so that neither the shop's stylesheet nor this one touches the other. */
  readonly host = h('div');
  readonly body: HTMLElement;
  isOver = false;
  private readonly endings: (() => void)[] = [];
  private isReady = false;

  constructor(
    readonly kit: Kit,
    style: BricksStyle,
    readonly container: HTMLElement,
    readonly settings: Settings,
    className = '',
  ) {
    this.name = `pasarela-brick-${(last += 1)}`;
    this.locale = settings.locale ?? kit.context.locale;
    this.words = wordsOf(this.locale);
    this.visual = object(settings.customization.visual);
    this.host.lang = this.locale;
    const root = this.host.attachShadow({ mode: 'open' });
    container.appendChild(this.host);
    this.look = lookOf(this.visual, style.theme);
    dress(this.host, root, this.look, this.visual, style.theme);
    this.body = h('div', { class: `brick ${className}` });
    root.appendChild(this.body);
  }

  get core() {
    return this.kit.context.core;
  }

  /** Puts these in the place of what was shown. */
  show(...children: (Node | string | false | undefined)[]): void {
    this.body.replaceChildren();
    append(this.body, children);
  }

  showWaiting(): void {
    this.show(h('div', { class: 'waiting', role: 'status' }, h('span', { class: 'spinner' }), h('span', { class: 'unseen' }, this.words.loading)));
  }

  /** What a brick that can't be used shows: a sentence, and a way to try again. */
  showFailure(text: string, retry?: () => void): void {
    this.show(
      h('div', { class: 'stack' },
        h('p', { class: 'notice', role: 'alert' }, text),
        retry && h('button', { type: 'button', class: 'pay quiet', onclick: retry }, this.words.retry),
      ),
    );
  }

  ready(): void {
    if (this.isReady || this.isOver) return;
    this.isReady = true;
    this.call('onReady');
  }

  /** Calls the page, whose own mistakes are its own: they are reported as such, and stop nothing here. */
  call<N extends 'onReady' | 'onError' | 'onBinChange' | 'onRenderNextStep' | 'onRenderPreviousStep'>(name: N, ...given: Parameters<NonNullable<Callbacks[N]>>): void {
    try {
      (this.settings.callbacks[name] as ((...given: unknown[]) => void) | undefined)?.(...given);
    } catch (error) {
      setTimeout(() => {
        throw error;
      });
    }
  }

  tell(type: BrickError['type'], cause: ErrorCause, detail = ''): BrickError {
    const error = brickError(type, cause, detail);
    if (this.isOver) return error;
    if (this.settings.callbacks.onError) this.call('onError', error);
    else console.error('MercadoPago.js:', error);
    return error;
  }

  /** The amount that `update` was given; what is none is told. */
  amountOf(changes: unknown): number | undefined {
    const { amount } = object(changes);
    if (typeof amount === 'number' && amount > 0) return amount;
    this.tell('non_critical', 'amount_is_not_number_in_update');
    return undefined;
  }

  /** An own text of the page, or ours. */
  text(name: string, ours: string): string {
    const given = object(this.visual.texts)[name];
    return typeof given === 'string' ? given : ours;
  }

  labelled(name: string, ours: { label: string; placeholder: string }): { label: string; placeholder: string } {
    const given = object(object(this.visual.texts)[name]);
    return {
      label: typeof given.label === 'string' ? given.label : ours.label,
      placeholder: typeof given.placeholder === 'string' ? given.placeholder : ours.placeholder,
    };
  }

  atEnd(ending: () => void): void {
    this.endings.push(ending);
  }

  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const ending of this.endings.splice(0)) ending();
    this.host.remove();
  }
}

export function object(value: unknown): Values {
  return typeof value === 'object' && value !== null ? (value as Values) : {};
}

export const string = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '');
