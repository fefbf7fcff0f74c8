// The frame: one input of the platform's own origin. What is typed here is read by the frames of the same form (same
// origin, so the browser lets them and nobody else), and leaves only towards the API.
import { check, digitsOf } from '../checks';
import type { FieldError, FieldOptions, FieldType, FromFrame, Hello, Introduction, ToFrame, Welcome } from '../protocol';
import { FIELD_TYPES } from '../protocol';
import { BrandMark } from './brand';
import { caretAfter, format } from './format';
import { applyStyle } from './style';
import { makeToken, register, siblings, type Sibling } from './token';
import { words } from '../words';

const AUTOCOMPLETE: Record<FieldType, string> = {
  cardNumber: 'cc-number',
  securityCode: 'cc-csc',
  expirationMonth: 'cc-exp-month',
  expirationYear: 'cc-exp-year',
  expirationDate: 'cc-exp',
};

/** What the page may learn of a number: whose card it is. */
const BIN_LENGTH = 8;

class Frame implements Sibling {
  readonly instance: string;
  readonly group: string;
  readonly type: FieldType;
  readonly window = window;
  private readonly input: HTMLInputElement;
  private readonly description: HTMLElement;
  private port: MessagePort | undefined;
  private options: FieldOptions = {};
  private lastErrors: string | undefined;
  private lastBin: string | null = null;
  private readonly mark: BrandMark | undefined;
  /** What was typed when the page named the brand. */
  private brandedBin = '';

  constructor(private readonly introduction: Introduction) {
    this.instance = introduction.instance;
    this.group = introduction.group;
    this.type = introduction.type;
    this.input = document.getElementById('field') as HTMLInputElement;
    this.description = document.getElementById('description') as HTMLElement;
    const label = words(introduction.locale).labels[this.type];
    document.documentElement.lang = introduction.locale;
    document.title = label;
    this.input.name = this.type;
    this.input.inputMode = 'numeric';
    this.input.setAttribute('autocomplete', AUTOCOMPLETE[this.type]);
    this.input.setAttribute('aria-label', label);
    this.input.spellcheck = false;
    if (this.type === 'cardNumber') this.mark = new BrandMark(this.input);
    this.listen();
  }

  /** Says hello until the page hands over its port; only the page that opened this frame is heard. */
  open(): void {
    const { channel, page } = this.introduction;
    const target = page === 'null' ? '*' : page;
    addEventListener('message', (event: MessageEvent<Welcome>) => {
      const isPage = event.source === parent && event.origin === page && event.data?.pasarela === channel;
      const port = event.ports[0];
      if (!isPage || !port || this.port) return;
      this.port = port;
      port.onmessage = (message: MessageEvent<ToFrame>) => this.hear(message.data);
      const wasJudged = this.lastErrors !== undefined;
      this.lastErrors = undefined;
      this.lastBin = null;
      this.configure(event.data.options);
      this.tell({ kind: 'event', name: 'ready', data: {} });
      // Who types at once is faster than a page that is still busy: what nobody heard is told now.
      if (document.activeElement === this.input) this.tell({ kind: 'event', name: 'focus', data: {} });
      if (wasJudged) this.judge();
    });
    const hello: Hello = { pasarela: channel };
    parent.postMessage(hello, target);
  }

  value(): string {
    return this.type === 'cardNumber' ? digitsOf(this.input.value) : this.input.value;
  }

  errors(): FieldError[] {
    const year = siblings(this).find((frame) => frame.type === 'expirationYear')?.value();
    const { settings, enableLuhnValidation, mode } = this.options;
    return check(this.type, this.value(), { settings, luhn: enableLuhnValidation, mode, today: new Date(), year });
  }

  private hear(message: ToFrame): void {
    switch (message.kind) {
      case 'options':
        return this.configure(message.options);
      case 'focus':
        return this.input.focus();
      case 'blur':
        return this.input.blur();
      case 'token': {
        const { id, request } = message;
        makeToken(this, request).then(
          (value) => this.tell({ kind: 'answer', id, value }),
          (error: unknown) => this.tell({ kind: 'answer', id, error }),
        );
      }
    }
  }

  private configure(options: FieldOptions): void {
    if (options.brand !== this.options.brand) this.brandedBin = this.value().slice(0, BIN_LENGTH);
    this.options = options;
    this.input.placeholder = options.placeholder ?? '';
    applyStyle(this.input, options.style ?? {});
    if (options.srLabel) this.input.setAttribute('aria-label', options.srLabel);
    if (options.ariaRequired !== undefined) this.input.setAttribute('aria-required', String(options.ariaRequired));
    // What is typed stays as it is: a page that could cut a number to lengths of its choice would learn its digits' sums.
    if (this.lastErrors !== undefined) this.judge();
    if (options.invalid !== undefined) this.input.setAttribute('aria-invalid', String(options.invalid));
  }

  private listen(): void {
    const { input } = this;
    input.addEventListener('input', () => {
      this.reshape();
      this.judge();
    });
    input.addEventListener('focus', () => this.tell({ kind: 'event', name: 'focus', data: {} }));
    input.addEventListener('blur', () => {
      this.judge();
      this.tell({ kind: 'event', name: 'blur', data: {} });
    });
    input.addEventListener('change', () => this.tell({ kind: 'event', name: 'change', data: {} }));
    input.addEventListener('paste', () => this.tell({ kind: 'event', name: 'paste', data: {} }));
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.isComposing) this.tell({ kind: 'enter', at: Date.now() });
    });
    // A number that lies on the clipboard or is dropped elsewhere has left the frame.
    for (const name of ['copy', 'cut', 'dragstart'] as const) input.addEventListener(name, (event) => event.preventDefault());
  }

  /** Shows the value in groups and keeps the caret at its digit. */
  private reshape(): void {
    const { input } = this;
    const shown = format(this.type, input.value, this.options.settings?.length, this.options.mode);
    if (shown === input.value) return;
    const caret = input.selectionStart ?? input.value.length;
    const atEnd = caret >= input.value.length;
    const digitsBefore = digitsOf(input.value.slice(0, caret)).length;
    input.value = shown;
    const position = atEnd ? shown.length : caretAfter(shown, digitsBefore);
    if (document.activeElement === input) input.setSelectionRange(position, position);
  }

  /** Tells what changed of what is wrong, and whose card it is. */
  private judge(): void {
    const errors = this.errors();
    const summary = JSON.stringify(errors);
    if (summary !== this.lastErrors) {
      this.lastErrors = summary;
      const first = errors[0];
      this.input.setAttribute('aria-invalid', String(first !== undefined));
      this.description.textContent = first ? words(this.introduction.locale).causes[first.cause] : '';
      this.tell({ kind: 'event', name: 'validityChange', data: { errorMessages: errors } });
    }
    if (this.type !== 'cardNumber') return;
    const digits = this.value();
    const known = digits.startsWith(this.brandedBin) ? this.options.brand : undefined;
    const brand = this.options.brandMark === false ? this.mark?.remove() : this.mark?.show(digits, known);
    // Who does not see the mark hears it, unless there is something more urgent to say.
    if (errors.length === 0) this.description.textContent = brand ?? '';
    const bin = digits.length >= BIN_LENGTH ? digits.slice(0, BIN_LENGTH) : null;
    if (bin !== this.lastBin) {
      this.lastBin = bin;
      this.tell({ kind: 'event', name: 'binChange', data: { bin } });
    }
  }

  private tell(message: FromFrame): void {
    this.port?.postMessage(message);
  }
}

function introduction(): Introduction | undefined {
  const words = new URLSearchParams(location.hash.slice(1));
  const text = (name: string) => words.get(name) ?? '';
  const type = FIELD_TYPES.find((known) => known === text('type'));
  if (!type || parent === window || text('channel') === '') return undefined;
  return {
    type,
    instance: text('instance'),
    group: text('group'),
    channel: text('channel'),
    page: text('page'),
    locale: text('locale') || 'es-AR',
  };
}

/** A hub shows nothing and hears nothing: fields of this origin find it by its window. */
function openHub(): boolean {
  const words = new URLSearchParams(location.hash.slice(1));
  const [channel, page] = [words.get('channel'), words.get('page')];
  if (words.get('type') !== 'hub' || parent === window || !channel || !page) return false;
  window.pasarelaHub = new Set();
  document.body.replaceChildren();
  const hello: Hello = { pasarela: channel };
  parent.postMessage(hello, page === 'null' ? '*' : page);
  return true;
}

const asked = openHub() ? undefined : introduction();
if (asked) {
  const frame = new Frame(asked);
  window.pasarelaField = frame;
  register(frame);
  frame.open();
}
