// A Pix, a transfer or a ticket: who pays it, as far as the method wants to know.
import type { Brick } from '../brick';
import { object, string } from '../brick';
import { h } from '../dom';
import { SelectEntry, TextEntry, type Entry } from '../entries';
import { Identification } from '../identification';
import { givenEmail, payerEmail } from '../payer-email';
import type { Method } from './options';
import type { Filled, Panel, Surroundings } from './panels';

/** Boletos are issued to a person at an address (Circular BCB 3.598). */
const WITH_ADDRESS = ['bolbradesco', 'pec'];
const ADDRESS = [
  ['zipCode', 'zip_code', 'zipCode', 'postal-code'],
  ['addressState', 'federal_unit', 'federalUnit', 'address-level1'],
  ['addressCity', 'city', 'city', 'address-level2'],
  ['addressNeighborhood', 'neighborhood', 'neighborhood', 'address-level3'],
  ['addressStreet', 'street_name', 'streetName', 'address-line1'],
  ['addressNumber', 'street_number', 'streetNumber', 'off'],
  ['addressComplement', 'complement', 'complement', 'address-line2'],
] as const;

export class OfflinePanel implements Panel {
  readonly element: HTMLElement;
  readonly buttonText: string;
  readonly entries: Entry[] = [];
  readonly ready = Promise.resolve();
  private readonly brick: Brick;
  private readonly payer: Record<string, unknown>;
  private readonly email: TextEntry | undefined;
  private readonly names: { first: TextEntry; last: TextEntry } | undefined;
  private readonly identification: Identification | undefined;
  private readonly entityType: SelectEntry | undefined;
  private readonly bank: SelectEntry | undefined;
  private readonly address = new Map<string, TextEntry>();
  private readonly extras: HTMLElement[] = [];
  private amount: number;

  constructor(
    private readonly method: Method,
    { brick, types, amount, onChange }: Surroundings,
  ) {
    this.brick = brick;
    this.amount = amount;
    this.payer = object(brick.settings.initialization.payer);
    const { words } = brick;
    const id = `${brick.name}-${method.id}`;
    const needs = (what: string) => method.additional_info_needed.includes(what);
    this.email = payerEmail(brick, onChange);
    const entry = (name: string, { label, placeholder }: { label: string; placeholder: string }, value: unknown, autocomplete: string, optional = false) =>
      new TextEntry(words, { id: `${id}-${name}`, label, placeholder, value: string(value), autocomplete, optional, onInput: onChange });
    if (needs('first_name') || needs('last_name')) {
      this.names = {
        first: entry('first-name', brick.labelled('payerFirstName', words.firstName), this.payer.firstName, 'given-name'),
        last: entry('last-name', brick.labelled('payerLastName', words.lastName), this.payer.lastName, 'family-name'),
      };
    }
    const hasBanks = (method.financial_institutions ?? []).length > 1;
    if (needs('entity_type') && method.id === 'pse') {
      this.entityType = new SelectEntry(words, { id: `${id}-entity`, label: words.entityType, onChange });
      this.entityType.fill([{ value: 'individual', text: words.individual }, { value: 'association', text: words.association }], undefined, string(this.payer.entityType));
    }
    if ((needs('identification_number') || this.entityType) && types.length > 0) {
      this.identification = new Identification(brick, types, `${id}-document`, this.payer.identification, onChange);
    }
    if (hasBanks) {
      this.bank = new SelectEntry(words, { id: `${id}-bank`, label: words.bank, onChange });
      this.bank.fill(method.financial_institutions!.map(({ id: value, description: text }) => ({ value, text })), words.chooseBank);
    }
    if (WITH_ADDRESS.includes(method.id)) this.addAddress(entry);
    this.element = h('div', { class: 'stack' },
      this.email?.element,
      this.names && h('div', { class: 'row' }, this.names.first.element, this.names.last.element),
      this.entityType?.element,
      this.identification?.element,
      this.bank?.element,
      ...this.extras,
    );
    this.entries.push(
      ...([this.email, this.names?.first, this.names?.last, this.entityType].filter(Boolean) as Entry[]),
      ...(this.identification?.entries ?? []),
      ...(this.bank ? [this.bank] : []),
      ...this.address.values(),
    );
    this.buttonText = method.id === 'pix' ? words.makePix : method.payment_type_id === 'bank_transfer' ? words.goToBank : words.makeTicket;
  }

  mount(): void {}

  async settled(): Promise<void> {}

  async collect(): Promise<Filled> {
    const identification = this.identification?.value;
    const institution = this.bank?.value ?? this.method.financial_institutions?.[0]?.id;
    const address = Object.fromEntries([...this.address].filter(([, entry]) => entry.value !== '').map(([name, entry]) => [name, entry.value]));
    const formData = {
      payment_method_id: this.method.id,
      transaction_amount: this.amount,
      payer: {
        email: this.email?.value ?? givenEmail(this.brick),
        ...(this.names && { first_name: this.names.first.value, last_name: this.names.last.value }),
        ...(this.entityType && { entity_type: this.entityType.value }),
        ...(identification && { identification }),
        ...(this.address.size > 0 && { address }),
      },
      ...(institution && this.method.id !== 'pix' && { transaction_details: { financial_institution: institution } }),
    };
    return { formData, additionalData: null };
  }

  setAmount(amount: number): boolean {
    if (amount < this.method.min_allowed_amount || amount > this.method.max_allowed_amount) return false;
    this.amount = amount;
    return true;
  }

  end(): void {}

  private addAddress(entry: (name: string, text: { label: string; placeholder: string }, value: unknown, autocomplete: string, optional?: boolean) => TextEntry): void {
    const { brick } = this;
    const { words } = brick;
    const given = object(this.payer.address);
    const ours: Record<string, { label: string; placeholder: string }> = {
      zipCode: words.zipCode, addressState: words.state, addressCity: words.city, addressNeighborhood: words.neighborhood, addressStreet: words.street,
      addressNumber: { label: words.streetNumber, placeholder: '' }, addressComplement: { label: words.complement, placeholder: '' },
    };
    for (const [text, name, initial, autocomplete] of ADDRESS) {
      this.address.set(name, entry(name, brick.labelled(text, ours[text]!), given[initial], autocomplete, name === 'complement'));
    }
    const part = (name: string) => this.address.get(name)!.element;
    this.extras.push(
      h('h3', {}, words.addressTitle),
      h('div', { class: 'row address' }, part('zip_code'), part('federal_unit')),
      h('div', { class: 'row address' }, part('city'), part('neighborhood')),
      part('street_name'),
      h('div', { class: 'row address' }, part('street_number'), part('complement')),
    );
  }
}
