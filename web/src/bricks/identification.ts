// A document: its type and its number, in the countries that have types.
import type { IdentificationType } from '../core';
import { hasLetters, hasRightDigits, plainDocument } from '../documents';
import type { Brick } from './brick';
import { object, string } from './brick';
import { h } from './dom';
import { SelectEntry, TextEntry, type Entry } from './entries';

export interface Identified {
  type: string;
  number: string;
}

/** The types of the key's market; none where there are none. */
export async function identificationTypes(brick: Brick): Promise<IdentificationType[]> {
  return brick.core.getIdentificationTypes().catch((error: { status?: number }) => {
    if (error.status === 404) return [];
    throw error;
  });
}

export class Identification {
  readonly element: HTMLElement;
  readonly entries: Entry[];
  private readonly type: SelectEntry;
  private readonly number: TextEntry;

  constructor(
    private readonly brick: Brick,
    private readonly types: IdentificationType[],
    id: string,
    given: unknown,
    onInput?: () => void,
  ) {
    const { words } = brick;
    const { label, placeholder } = brick.labelled('cardholderIdentification', words.cardholderIdentification);
    this.type = new SelectEntry(words, { id: `${id}-type`, label: words.identificationType, onChange: () => this.typeChanged() });
    this.number = new TextEntry(words, { id: `${id}-number`, label, placeholder, maxLength: 30, value: string(object(given).number), judge: (text) => this.judge(text), onInput });
    this.type.fill(types.map(({ id: value, name }) => ({ value, text: name })), undefined, string(object(given).type));
    this.typeChanged();
    this.element = h('div', { class: 'row short' }, this.type.element, this.number.element);
    this.entries = [this.type, this.number];
  }

  get value(): Identified | undefined {
    const number = plainDocument(this.number.value);
    return number === '' ? undefined : { type: this.type.value, number };
  }

  set optional(optional: boolean) {
    this.number.optional = optional;
  }

  showWrong(): void {
    this.number.show(this.brick.words.wrongDocument);
  }

  private get chosen(): IdentificationType | undefined {
    return this.types.find(({ id }) => id === this.type.value);
  }

  private typeChanged(): void {
    this.number.input.inputMode = this.chosen && !hasLetters(this.chosen.id, this.chosen.type) ? 'numeric' : 'text';
    if (this.number.value !== '') this.number.check();
  }

  private judge(text: string): string | undefined {
    const chosen = this.chosen;
    const plain = plainDocument(text);
    const fits =
      chosen &&
      plain.length >= chosen.min_length &&
      plain.length <= chosen.max_length &&
      (hasLetters(chosen.id, chosen.type) ? /^[\p{L}\d]+$/u : /^\d+$/).test(plain) &&
      hasRightDigits(chosen.id, plain);
    return fits ? undefined : this.brick.words.wrongDocument;
  }
}
