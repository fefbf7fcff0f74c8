// The card's page: secure fields in the place of the plain ones, the brand and the plans while the number is typed, and a
// payment that is asked for once. The library is used as any shop's page uses it.
import { annualCosts } from '../annual-costs';
import type { PaymentMethod } from '../core';
import { hasRightDigits, plainDocument } from '../documents';
import type { Field } from '../fields/field';
import type { FieldOptions, FieldType } from '../protocol';
import { faultsOf, type Input } from './faults';
import { noteSending } from './memory';
import { amountText, planRow, planValue, type Cost, type Notation } from './plans';
import { keepTyped } from './typed';

/** How long the platform may take to answer a payment. */
const TIME_LIMIT_MS = 65_000;
const CARD: readonly [Input, FieldType, string][] = [
  ['card_number', 'cardNumber', '1234 1234 1234 1234'],
  ['card_expiry', 'expirationDate', ''],
  ['card_code', 'securityCode', '123'],
];

export function startCard(form: HTMLFormElement): void {
  // Without the library the plain form stays, and works.
  if (window.MercadoPago) new CardPage(form, new window.MercadoPago(form.dataset.key!));
}

class CardPage {
  private readonly fields = new Map<Input, Field>();
  private readonly errors = new Map<Input, boolean>();
  private readonly shown = new Set<Input>();
  private readonly button = byId<HTMLButtonElement>('pay');
  private readonly notice = byId('card-notice');
  private readonly rows = byId('plan-rows');
  private readonly notation: Notation;
  private readonly price: number;
  private bin: string | null = null;
  private method: PaymentMethod | undefined;
  private costs: Cost[] = [];
  /** Counts the numbers looked up: an answer about another card comes too late. */
  private lookup = 0;
  private looking: Promise<void> = Promise.resolve();
  /** What was sent when no answer came: sent again, it is the same payment, unless the card was corrected meanwhile. */
  private unanswered = false;
  private busy = false;
  /** Whether this shop does not take the card that is being typed. */
  private isRefused = false;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly library: InstanceType<NonNullable<typeof window.MercadoPago>>,
  ) {
    const { symbol = '', decimal = '', thousands = '', decimals } = form.dataset;
    this.notation = { symbol, decimal, thousands, decimals: Number(decimals) };
    this.price = Number(form.dataset.amount);
    for (const [input, type, placeholder] of CARD) this.replace(input, type, placeholder || form.dataset.expiryHint || '');
    byId('plans').hidden = false;
    this.showTotal();
    for (const input of ['card_holder', 'document_number', 'email'] as const) {
      const control = document.getElementById(input);
      control?.addEventListener('input', () => {
        this.unanswered = false;
        this.say(input, '');
      });
    }
    document.getElementById('document_type')?.addEventListener('change', () => (this.unanswered = false));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      for (const field of this.fields.values()) field.update({ style: style() });
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.pay();
    });
    form.addEventListener('change', () => this.showTotal());
  }

  /** A frame in the place of the page's own input, which is gone: nothing of a card can be posted from here. */
  private replace(input: Input, type: FieldType, placeholder: string): void {
    const plain = byId<HTMLInputElement>(input);
    const box = document.createElement('div');
    box.className = 'frame';
    box.id = `${input}-frame`;
    const label = document.querySelector<HTMLElement>(`label[for="${input}"]`);
    plain.replaceWith(box);
    const options: FieldOptions = { placeholder, style: style(), srLabel: label?.textContent ?? '', enableLuhnValidation: true, ariaRequired: true };
    const field = this.library.fields.create(type, options).mount(box.id);
    this.fields.set(input, field);
    this.errors.set(input, true);
    label?.addEventListener('click', () => field.focus());
    field.on('ready', () => box.classList.add('ready'));
    field.on('focus', () => {
      this.unanswered = false;
      box.classList.add('focused');
    });
    field.on('change', () => (this.unanswered = false));
    field.on('blur', () => {
      box.classList.remove('focused');
      this.shown.add(input);
      this.judge(input);
    });
    field.on('validityChange', ({ errorMessages }) => {
      this.unanswered = false;
      this.errors.set(input, (errorMessages as unknown[]).length > 0);
      this.judge(input);
    });
    field.on('error', () => this.tell(this.form.dataset.failed));
    field.onEnter = () => {
      this.unanswered = false;
      this.form.requestSubmit(this.button);
    };
    if (input === 'card_number') field.on('binChange', ({ bin }) => (this.looking = this.look(bin as string | null)));
  }

  /** Whose card it is, and what it costs to pay with it. */
  private async look(bin: string | null): Promise<void> {
    const lookup = (this.lookup += 1);
    this.bin = bin;
    this.forget();
    if (!bin) return;
    try {
      const { results } = await this.library.getPaymentMethods({ bin });
      if (lookup !== this.lookup) return;
      const allowed = (this.form.dataset.methods ?? '').split(' ');
      const method = results.find((found) => allowed.includes(found.id));
      if (!method) {
        this.isRefused = true;
        this.judge('card_number');
        return;
      }
      this.recognise(method);
      const offers = await this.library.getInstallments({
        amount: this.form.dataset.amount!,
        bin,
        paymentTypeId: method.payment_type_id,
        ...(this.form.dataset.pricing && { differential_pricing_id: this.form.dataset.pricing }),
      });
      if (lookup !== this.lookup) return;
      const offer = offers.find(({ payment_method_id }) => payment_method_id === method.id);
      this.offer(offer?.payer_costs ?? []);
    } catch {
      if (lookup === this.lookup) this.tell(this.form.dataset.noConnection);
    }
  }

  private forget(): void {
    this.unanswered = false;
    this.isRefused = false;
    this.method = undefined;
    this.costs = [];
    this.rows.replaceChildren();
    byId('plans-wait').hidden = false;
    document.querySelector<HTMLElement>('.cash-price')!.hidden = true;
    document.querySelector('.frame .brand')?.remove();
    this.judge('card_number');
    this.tell();
    this.showTotal();
  }

  private recognise(method: PaymentMethod): void {
    this.method = method;
    const settings = method.settings[0];
    if (settings?.card_number) this.fields.get('card_number')?.update({ settings: settings.card_number });
    if (settings?.security_code) this.fields.get('card_code')?.update({ settings: settings.security_code });
    const brand = document.createElement('span');
    brand.className = 'brand';
    brand.textContent = String(method.name);
    byId('card_number-frame').append(brand);
  }

  private offer(costs: Cost[]): void {
    const { most, first, one = '', free = '', inAll = '' } = this.form.dataset;
    this.costs = costs.filter((cost) => !most || Number(cost.installments) <= Number(most));
    const wanted = this.costs.find((cost) => String(cost.installments) === first) ?? this.costs[0];
    const wording = { one, free, inAll };
    this.rows.replaceChildren(...this.costs.map((cost) => planRow(cost, this.price, cost === wanted, this.notation, wording)));
    byId('plans-wait').hidden = this.costs.length > 0;
    document.querySelector<HTMLElement>('.cash-price')!.hidden = !this.costs.some(({ labels }) => annualCosts(labels));
    this.showTotal();
  }

  private chosen(): Cost | undefined {
    const radio = this.form.querySelector<HTMLInputElement>('input[name="installments"]:checked');
    return this.costs.find((cost) => planValue(cost, this.notation) === radio?.value);
  }

  private showTotal(): void {
    const cost = this.chosen();
    const total = amountText(cost ? Number(cost.total_amount) : this.price, this.notation);
    byId('total').textContent = total;
    if (!this.busy) this.button.textContent = `${this.form.dataset.button} ${total}`;
  }

  private async pay(): Promise<void> {
    if (this.busy) return;
    this.tell();
    for (const input of this.fields.keys()) this.shown.add(input);
    this.setBusy(true);
    try {
      // Who types and pays at once is faster than the look-up; one that failed is made anew.
      await this.looking;
      if (this.bin && !this.isRefused && this.costs.length === 0) await (this.looking = this.look(this.bin));
      // What the buyer sees now is what is paid, whatever happens on the page while the token is made.
      const [method, plan, lookup] = [this.method, this.chosen(), this.lookup];
      if (!this.unanswered) {
        const token = await this.token();
        if (token === undefined || lookup !== this.lookup) return;
        if (method && plan) this.fill('token', token);
      }
      if (method && plan) {
        this.fill('payment_method_id', method.id);
        await this.send(planValue(plan, this.notation));
      } else {
        this.tell(this.isRefused ? this.form.dataset.notTaken : this.form.dataset.noConnection);
        this.focus('card_number');
      }
    } finally {
      this.setBusy(false);
    }
  }

  /** A token of what is in the frames; nothing when something is wrong, which is said. */
  private async token(): Promise<string | undefined> {
    const value = (id: string): string => (document.getElementById(id) as HTMLInputElement | null)?.value.trim() ?? '';
    const identificationType = value('document_type');
    const identificationNumber = plainDocument(value('document_number'));
    if (identificationNumber !== '' && !hasRightDigits(identificationType, identificationNumber)) {
      this.say('document_number', this.word('document_number'));
      this.focus('document_number');
      return undefined;
    }
    try {
      const token = await this.library.fields.createCardToken({
        cardholderName: value('card_holder'),
        ...(document.getElementById('document_number') && { identificationType, identificationNumber }),
      });
      return token.id;
    } catch (error) {
      const wrong = faultsOf(error);
      for (const input of wrong.inputs) this.say(input, this.word(input));
      if (wrong.inputs.length === 0) this.tell(wrong.isNetwork ? this.form.dataset.noConnection : this.form.dataset.wrong);
      else this.focus(wrong.inputs[0]!);
    }
    return undefined;
  }

  private async send(plan: string): Promise<void> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), TIME_LIMIT_MS);
    const address = this.form.dataset.pay!;
    try {
      const body = new URLSearchParams(new FormData(this.form) as unknown as Record<string, string>);
      body.set('installments', plan);
      noteSending(this.form, address);
      keepTyped(this.form);
      const answer = await fetch(address, { method: 'POST', body, signal: patience.signal });
      if (answer.status >= 500) throw new Error('no answer');
      this.unanswered = false;
      if (answer.redirected) location.assign(answer.url);
      else this.sendPlainly(address);
    } catch {
      this.unanswered = true;
      this.tell(this.form.dataset.noConnection);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The platform shows what is wrong as a page: the same form again, which is the same attempt, brings it. */
  private sendPlainly(address: string): void {
    this.form.action = address;
    HTMLFormElement.prototype.submit.call(this.form);
  }

  private fill(name: string, value: string): void {
    let input = this.form.querySelector<HTMLInputElement>(`input[type="hidden"][name="${name}"]`);
    if (!input) {
      input = document.createElement('input');
      input.type = 'hidden';
      input.name = name;
      this.form.append(input);
    }
    input.value = value;
  }

  private judge(input: Input): void {
    if (input === 'card_number' && this.isRefused) this.say(input, this.form.dataset.notTaken ?? '');
    else this.say(input, this.errors.get(input) && this.shown.has(input) ? this.word(input) : '');
  }

  private word(input: Input): string {
    return this.form.getAttribute(`data-wrong-${input}`) ?? this.form.dataset.wrong ?? '';
  }

  /** What is wrong with a field, below it. */
  private say(input: Input, text: string): void {
    const place = document.getElementById(`${input}-wrong`);
    if (place && place.textContent !== text) place.textContent = text;
    document.getElementById(`${input}-entry`)?.classList.toggle('is-wrong', text !== '');
    const field = this.fields.get(input);
    if (!field) document.getElementById(input)?.setAttribute('aria-invalid', String(text !== ''));
  }

  private focus(input: Input): void {
    this.hold(false);
    const field = this.fields.get(input);
    if (field) field.focus();
    else document.getElementById(input)?.focus();
  }

  private tell(text = ''): void {
    this.notice.textContent = text;
    this.notice.hidden = text === '';
  }

  /** The card and the plan stay as they are while they are being paid with. */
  private hold(held: boolean): void {
    byId('plans').inert = held;
    for (const input of this.fields.keys()) byId(`${input}-frame`).inert = held;
  }

  private setBusy(busy: boolean): void {
    this.busy = busy;
    this.button.disabled = busy;
    this.form.setAttribute('aria-busy', String(busy));
    this.hold(busy);
    if (busy) this.button.textContent = this.form.dataset.paying ?? '';
    else this.showTotal();
  }
}

/** What a frame can't see of the page's stylesheet. */
function style(): Record<string, string> {
  const seen = getComputedStyle(document.documentElement);
  const colour = (name: string): string => seen.getPropertyValue(name).trim();
  return { color: colour('--ink'), placeholderColor: colour('--soft'), fontSize: '16px', fontFamily: getComputedStyle(document.body).fontFamily };
}

function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}
