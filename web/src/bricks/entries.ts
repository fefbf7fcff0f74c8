// The fields of a brick's forms: a name, a control, and below it what is wrong with it.
import { h } from './dom';
import type { Words } from './words';

export interface Entry {
  readonly element: HTMLElement;
  /** Says what is wrong, and shows it; `undefined` when nothing is. */
  check(): string | undefined;
  focus(): void;
}

interface Options {
  id: string;
  label: string;
  placeholder?: string;
  value?: string;
  type?: string;
  inputMode?: string;
  autocomplete?: string;
  maxLength?: number;
  optional?: boolean;
  /** What is wrong with a value that is there. */
  judge?: (value: string) => string | undefined;
  onInput?: () => void;
}

export class TextEntry implements Entry {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  optional: boolean;
  private readonly problem: HTMLElement;
  private wasLeft = false;

  constructor(
    private readonly words: Words,
    private readonly options: Options,
  ) {
    const { id, label, placeholder, value = '', type = 'text', inputMode, autocomplete = 'off', maxLength = 128 } = options;
    this.optional = options.optional ?? false;
    this.problem = h('p', { class: 'problem', id: `${id}-problem`, 'aria-live': 'polite' });
    this.input = h('input', {
      class: 'control', id, type, inputmode: inputMode, autocomplete, maxlength: maxLength, placeholder, value,
      'aria-describedby': `${id}-problem`, 'aria-required': this.optional ? undefined : 'true',
      oninput: () => {
        if (this.wasLeft) this.check();
        options.onInput?.();
      },
      onblur: () => {
        if (this.input.value !== '') this.wasLeft = true;
        if (this.wasLeft) this.check();
      },
    });
    this.element = h('div', {}, h('label', { class: 'label', for: id }, label), this.input, this.problem);
  }

  get value(): string {
    return this.input.value.trim();
  }

  check(): string | undefined {
    this.wasLeft = true;
    const text = this.value === '' ? (this.optional ? undefined : this.words.required) : this.options.judge?.(this.value);
    return this.show(text);
  }

  show(text: string | undefined): string | undefined {
    showProblem(this.element, this.input, this.problem, text);
    return text;
  }

  focus(): void {
    this.input.focus();
  }
}

export interface Row {
  value: string;
  text: string;
}

export class SelectEntry implements Entry {
  readonly element: HTMLElement;
  readonly select: HTMLSelectElement;
  private readonly problem: HTMLElement;

  constructor(
    private readonly words: Words,
    { id, label, onChange }: { id: string; label: string; onChange?: () => void },
  ) {
    this.problem = h('p', { class: 'problem', id: `${id}-problem`, 'aria-live': 'polite' });
    this.select = h('select', {
      class: 'control', id, 'aria-describedby': `${id}-problem`, 'aria-required': 'true',
      onchange: () => {
        this.show(undefined);
        onChange?.();
      },
    });
    this.element = h('div', {}, h('label', { class: 'label', for: id }, label), this.select, this.problem);
  }

  get value(): string {
    return this.select.value;
  }

  /** With a placeholder, which is no choice, nothing is chosen. */
  fill(rows: Row[], placeholder?: string, chosen?: string): void {
    const options = rows.map(({ value, text }) => h('option', { value }, text));
    this.select.replaceChildren(...options);
    if (placeholder !== undefined) {
      const none = h('option', { value: '', disabled: true }, placeholder);
      this.select.prepend(none);
      this.select.value = '';
    }
    if (chosen !== undefined && rows.some(({ value }) => value === chosen)) this.select.value = chosen;
    this.show(undefined);
  }

  check(): string | undefined {
    return this.show(this.value === '' ? this.words.required : undefined);
  }

  show(text: string | undefined): string | undefined {
    showProblem(this.element, this.select, this.problem, text);
    return text;
  }

  focus(): void {
    this.select.focus();
  }
}

function showProblem(element: HTMLElement, control: HTMLElement, problem: HTMLElement, text: string | undefined): void {
  element.classList.toggle('wrong', text !== undefined);
  control.setAttribute('aria-invalid', String(text !== undefined));
  if (problem.textContent !== (text ?? '')) problem.textContent = text ?? '';
}

/** Checks all, shows what is wrong with each, and goes to the first. */
export function allAreRight(entries: Entry[]): boolean {
  const wrong = entries.filter((entry) => !entry.element.hidden && entry.check() !== undefined);
  wrong[0]?.focus();
  return wrong.length === 0;
}
