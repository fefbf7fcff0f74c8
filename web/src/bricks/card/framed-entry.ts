// A field whose input is a frame of the platform. The frame stands in the page's own tree, as the browser must list it among
// the page's frames, and is shown in the brick by a slot.
import type { Field } from '../../fields/field';
import type { Fields } from '../../fields/fields';
import type { FieldError, FieldOptions, FieldType, Settings } from '../../protocol';
import type { Brick } from '../brick';
import { h } from '../dom';
import type { Entry } from '../entries';
import { frameStyle } from '../look';

export interface FramedOptions {
  group: string;
  label: string;
  placeholder: string;
  onBinChange?: (bin: string | null) => void;
  onChange?: () => void;
  onEnter?: (at: number) => void;
  onFailed: (reason: string) => void;
}

export class FramedEntry implements Entry {
  readonly element: HTMLElement;
  readonly ready: Promise<void>;
  private readonly field: Field;
  private readonly place: HTMLDivElement;
  private readonly problem: HTMLElement;
  /** Nothing is typed, until the frame says otherwise. */
  private errors: FieldError[] = [{ message: '', cause: 'invalid_type' }];
  private isMounted = false;
  private wasTouched = false;
  private hasText = false;
  private forced: string | undefined;
  /** The same, while this card is typed. */
  private held: string | undefined;

  constructor(
    private readonly brick: Brick,
    fields: Fields,
    private readonly type: FieldType,
    options: FramedOptions,
  ) {
    const id = `${options.group}-${type}`;
    const box = h('div', { class: 'control framed', onclick: () => this.focus() }, h('slot', { name: id }));
    this.place = h('div', { id, slot: id });
    this.problem = h('p', { class: 'problem', 'aria-live': 'polite' });
    this.element = h('div', {}, h('span', { class: 'label', onclick: () => this.focus() }, options.label), box, this.problem);
    const given: FieldOptions = {
      placeholder: options.placeholder,
      style: frameStyle(brick.look, brick.host),
      srLabel: options.label,
      ariaRequired: true,
      enableLuhnValidation: true,
      group: options.group,
      brandMark: true,
      ...(type === 'expirationDate' && { mode: 'short' as const }),
    };
    this.field = fields.create(type, given);
    this.field.onEnter = options.onEnter;
    this.ready = new Promise((resolve) => this.field.on('ready', () => resolve()));
    this.field.on('focus', () => box.classList.add('focused'));
    this.field.on('blur', () => {
      box.classList.remove('focused');
      // Who only passes by is not told that something is missing.
      if (this.hasText) this.wasTouched = true;
      this.render();
    });
    this.field.on('validityChange', ({ errorMessages }) => {
      this.errors = errorMessages as FieldError[];
      this.forced = undefined;
      this.hasText = this.errors[0]?.cause !== 'invalid_type';
      this.render();
      options.onChange?.();
    });
    this.field.on('change', () => options.onChange?.());
    this.field.on('error', ({ error }) => options.onFailed(String(error)));
    if (type === 'cardNumber') this.field.on('binChange', ({ bin }) => options.onBinChange?.(bin as string | null));
  }

  /** Once the element is in the page. */
  mount(): void {
    this.brick.host.appendChild(this.place);
    this.field.mount(this.place);
    this.isMounted = true;
  }

  settings(settings: Settings | undefined, brand?: string): void {
    if (!settings) return;
    this.field.update({ settings, brand });
    if (!this.hasText && this.errors[0]?.cause !== 'invalid_length') this.errors = settings.mode === 'optional' ? [] : [{ message: '', cause: 'invalid_type' }];
  }

  check(): string | undefined {
    this.wasTouched = true;
    return this.render();
  }

  /** What the platform found wrong, which the frame could not know. */
  show(text: string): void {
    this.forced = text;
    this.wasTouched = true;
    this.render();
  }

  /** Why this very card can't pay: so until another one is typed, however its number goes on. */
  hold(text: string): void {
    this.held = text;
    this.wasTouched = true;
    this.render();
  }

  /** What the platform found wrong is so no more. */
  forgive(): void {
    this.forced = undefined;
    this.held = undefined;
    this.render();
  }

  focus(): void {
    this.field.focus();
  }

  unmount(): void {
    // A page that takes the brick's container away has taken the frame with it; the library's listeners are still there.
    if (this.isMounted) this.field.unmount();
    this.isMounted = false;
    this.place.remove();
  }

  private render(): string | undefined {
    const text = this.held ?? this.forced ?? this.textOf(this.errors[0]);
    const shown = this.wasTouched ? text : undefined;
    this.element.classList.toggle('wrong', shown !== undefined);
    if (this.problem.textContent !== (shown ?? '')) this.problem.textContent = shown ?? '';
    return text;
  }

  private textOf(error: FieldError | undefined): string | undefined {
    const { words } = this.brick;
    if (!error) return undefined;
    if (error.cause === 'invalid_type') return this.hasText ? words.invalid : words.required;
    if (error.cause === 'invalid_length') return words.incomplete;
    return this.type === 'expirationDate' ? words.expired : words.invalid;
  }
}
