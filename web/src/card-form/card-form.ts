// `mp.cardForm`: a page's form, filled in, watched and submitted with a token instead of a card.
import type { Context } from '../context';
import type { PaymentMethod } from '../core';
import type { FieldError, FieldOptions, FieldType } from '../protocol';
import { fault } from '../validation';
import { FramedCardData, PlainCardData, type CardData } from './card-data';
import { Elements } from './elements';
import { ALIASES, isCardName, readOptions, type ErrorList, type Name, type Options } from './options';

const SEALED_EVENTS = ['select', 'copy', 'cut', 'drop', 'drag'];
const PAID_BY_CARD = ['credit_card', 'debit_card', 'prepaid_card'];

/** There is one on a page. */
let current: CardForm | undefined;

export class CardForm {
  private readonly options: Options;
  private elements: Elements | undefined;
  private card: CardData | undefined;
  /** Grows with each change of the BIN: an answer for an older one is not shown. */
  private look = 0;
  /** The shop was given the token: the next submission needs another one. */
  private spent = false;
  private submitting = false;
  private readonly removals: (() => void)[] = [];

  static open(context: Context, options: unknown): CardForm {
    if (current) {
      console.warn('MercadoPago.js: there is a cardForm on this page already; unmount it to make another one');
      return current;
    }
    const form = new CardForm(context, options);
    current = form;
    if (form.options.autoMount) {
      if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => form.mount(), { once: true });
      // Not at once: the page keeps what this returns before its callbacks run.
      else queueMicrotask(() => current === form && form.mount());
    }
    return form;
  }

  private constructor(
    private readonly context: Context,
    options: unknown,
  ) {
    this.options = readOptions(options);
  }

  mount(): void {
    if (this.elements) return console.warn('MercadoPago.js: the cardForm is mounted already');
    const { callbacks } = this.options;
    try {
      this.build();
    } catch (error) {
      this.tearDown();
      current = undefined;
      return callbacks.onFormMounted(error);
    }
    callbacks.onFormMounted();
    const card = this.card;
    void card?.ready.then((fields) => this.card === card && callbacks.onReady?.(fields));
    if (this.options.fields.identificationType) void this.loadIdentificationTypes();
  }

  unmount(): void {
    if (!this.elements) throw new Error('CardForm is not mounted');
    this.tearDown();
    if (current === this) current = undefined;
    this.options.callbacks.onFormUnmounted?.();
  }

  /** Makes a token of what the form holds, and keeps it for the submission. */
  async createCardToken(): Promise<{ token: string }> {
    const { elements, card } = this.mountedParts();
    const done = this.fetching('cardToken');
    try {
      const made = await card.token(this.holder());
      const token = { token: made.id };
      elements.set('MPHiddenInputToken', made.id);
      this.spent = false;
      this.options.callbacks.onCardTokenReceived?.(undefined, token);
      return token;
    } catch (error) {
      this.options.callbacks.onCardTokenReceived?.(error);
      throw error;
    } finally {
      done();
    }
  }

  getCardFormData(): Record<string, string> {
    const { elements } = this.mountedParts();
    const merchantAccountId = elements.get('MPHiddenInputMerchantAccountId');
    return {
      amount: this.options.amount,
      token: elements.get('MPHiddenInputToken'),
      installments: elements.value('installments'),
      paymentMethodId: elements.get('MPHiddenInputPaymentMethod'),
      issuerId: elements.value('issuer'),
      identificationType: elements.value('identificationType'),
      identificationNumber: elements.value('identificationNumber'),
      processingMode: elements.get('MPHiddenInputProcessingMode') || this.options.processingMode,
      ...(merchantAccountId && { merchantAccountId }),
      ...(this.options.fields.cardholderEmail && { cardholderEmail: elements.value('cardholderEmail') }),
    };
  }

  submit(): void {
    const { form } = this.mountedParts().elements;
    if (form instanceof HTMLFormElement) form.requestSubmit();
    else form.dispatchEvent(new Event('submit', { cancelable: true }));
  }

  update(field: string, changes: Pick<FieldOptions, 'placeholder' | 'style' | 'settings'>): void {
    const { elements, card } = this.mountedParts();
    const name = ALIASES[field] ?? (field as Name);
    if (!this.options.fields[name]) throw new Error(`there is no field \`${field}\` in this cardForm`);
    if (isCardName(name)) card.update(name, changes);
    else elements.placeholder(name, changes.placeholder);
  }

  private build(): void {
    const { options, context } = this;
    const elements = Elements.find(options);
    const named = elements.takeNames();
    if (named.length > 0) this.answerNames(named);
    const listener = {
      bin: (bin: string | null) => void this.binChanged(bin),
      validity: (field: FieldType, errors: FieldError[]) => this.validity(field, errors),
      changed: () => elements.set('MPHiddenInputToken', ''),
      enter: () => this.submit(),
      failed: (message: string) => options.callbacks.onError?.([{ message }]),
    };
    this.elements = elements;
    elements.addHidden();
    elements.set('MPHiddenInputProcessingMode', options.processingMode);
    for (const [name, { placeholder }] of Object.entries(options.fields) as [Name, FieldOptions][]) {
      elements.placeholder(name, placeholder);
    }
    this.card = options.iframe ? new FramedCardData(context, options, listener) : new PlainCardData(context, options, elements, listener);
    this.listen(elements.form, 'submit', (event) => void this.submitted(event));
    for (const name of SEALED_EVENTS) this.listen(elements.form, name, (event) => event.preventDefault());
    for (const name of ['cardholderName', 'cardholderEmail', 'identificationNumber'] as const) this.watch(elements, name);
  }

  /** An input with a `name` is posted by the page: with real money that is refused. The names are gone either way. */
  private answerNames(named: Name[]): void {
    this.context.core.api.report(`DSS-${location.host}`, { fields: named });
    const description = `${named.join(', ')} should have no \`name\` attribute: the form would post card data to the shop's server`;
    if (!this.context.core.isTest) throw [{ code: 'default', message: description, description }];
    console.warn(`MercadoPago.js: ${description}. With production credentials this form is refused.`);
  }

  private watch(elements: Elements, name: 'cardholderName' | 'cardholderEmail' | 'identificationNumber'): void {
    const control = elements.control(name);
    if (!control) return;
    let said: string | undefined;
    const judge = () => {
      const wrong = fault(name, control.value);
      if (said === (wrong?.message ?? '')) return;
      said = wrong?.message ?? '';
      this.options.callbacks.onValidityChange?.(wrong && [{ ...wrong }], name);
    };
    this.listen(control, 'input', () => {
      elements.set('MPHiddenInputToken', '');
      judge();
    });
    this.listen(control, 'blur', judge);
  }

  private listen(target: EventTarget, name: string, listener: (event: Event) => void): void {
    target.addEventListener(name, listener);
    this.removals.push(() => target.removeEventListener(name, listener));
  }

  private validity(field: FieldType, errors: FieldError[]): void {
    const list = errors.map(({ message, cause }) => ({ message, code: cause, cause }));
    this.options.callbacks.onValidityChange?.(list.length > 0 ? list : undefined, field);
  }

  private async loadIdentificationTypes(): Promise<void> {
    const { callbacks } = this.options;
    const elements = this.elements;
    const done = this.fetching('identificationTypes');
    try {
      const types = await this.context.core.getIdentificationTypes().catch((error: { status?: number }) => {
        // A country without document types says so by 404.
        if (error.status === 404) return [];
        throw error;
      });
      if (this.elements !== elements) return;
      elements?.fill('identificationType', types.map(({ id, name }) => ({ value: id, text: name })));
      callbacks.onIdentificationTypesReceived?.(undefined, types.map(({ id, name }) => ({ id, name })));
    } catch (error) {
      callbacks.onIdentificationTypesReceived?.(error);
    } finally {
      done();
    }
  }

  private async binChanged(bin: string | null): Promise<void> {
    const look = (this.look += 1);
    const { callbacks, fields } = this.options;
    const { elements } = this.mountedParts();
    callbacks.onBinChange?.(bin);
    elements.set('MPHiddenInputPaymentMethod', '');
    elements.fill('issuer', [], fields.issuer?.placeholder);
    elements.fill('installments', [], fields.installments?.placeholder);
    if (bin === null) return;
    const method = await this.loadMethod(bin, look);
    if (!method) return;
    await this.loadIssuers(bin, method, look);
    await this.loadInstallments(bin, method, look);
  }

  private isCurrent(look: number): boolean {
    return this.look === look && this.elements !== undefined;
  }

  private async loadMethod(bin: string, look: number): Promise<PaymentMethod | undefined> {
    const { callbacks, processingMode } = this.options;
    const done = this.fetching('paymentMethods');
    try {
      const { results } = await this.context.core.getPaymentMethods({ bin, processingMode });
      if (!this.isCurrent(look)) return undefined;
      const method = results[0];
      if (!method) {
        callbacks.onPaymentMethodsReceived?.(undefined, []);
        return undefined;
      }
      if (!PAID_BY_CARD.includes(method.payment_type_id)) {
        throw [{ code: 'default', message: `cardNumber: a ${method.payment_type_id} cannot be paid by this form` }];
      }
      const { elements, card } = this.mountedParts();
      elements.set('MPHiddenInputPaymentMethod', method.id);
      const { card_number: number, security_code: code } = method.settings[0] ?? {};
      card.settings(number, code, method.name as string);
      callbacks.onPaymentMethodsReceived?.(undefined, results);
      return method;
    } catch (error) {
      if (this.isCurrent(look)) callbacks.onPaymentMethodsReceived?.(error);
      return undefined;
    } finally {
      done();
    }
  }

  private async loadIssuers(bin: string, method: PaymentMethod, look: number): Promise<void> {
    const { callbacks } = this.options;
    if (!this.isCurrent(look)) return;
    if (!method.additional_info_needed.includes('issuer_id')) {
      const { id, name } = method.issuer;
      return this.elements?.fill('issuer', [{ value: String(id), text: name }]);
    }
    const done = this.fetching('issuers');
    try {
      const issuers = await this.context.core.getIssuers({ paymentMethodId: method.id, bin });
      if (!this.isCurrent(look)) return;
      this.elements?.fill('issuer', issuers.map(({ id, name }) => ({ value: String(id), text: name })), this.options.fields.issuer?.placeholder);
      callbacks.onIssuersReceived?.(undefined, issuers);
    } catch (error) {
      if (this.isCurrent(look)) callbacks.onIssuersReceived?.(error);
    } finally {
      done();
    }
  }

  private async loadInstallments(bin: string, method: PaymentMethod, look: number): Promise<void> {
    const { callbacks, amount, processingMode } = this.options;
    if (!this.isCurrent(look)) return;
    const done = this.fetching('installments');
    try {
      const found = await this.context.core.getInstallments({ amount, bin, processingMode, paymentTypeId: method.payment_type_id });
      if (!this.isCurrent(look)) return;
      const { merchant_account_id, payer_costs = [] } = found[0] ?? {};
      const rows = payer_costs.map((cost) => ({ ...cost, installments: String(cost.installments) }));
      const { elements } = this.mountedParts();
      elements.fill('installments', rows.map((row) => ({ value: row.installments, text: row.recommended_message })), this.options.fields.installments?.placeholder);
      if (processingMode === 'gateway' && merchant_account_id) elements.set('MPHiddenInputMerchantAccountId', merchant_account_id);
      callbacks.onInstallmentsReceived?.(undefined, { merchant_account_id, payer_costs: rows });
    } catch (error) {
      if (this.isCurrent(look)) callbacks.onInstallmentsReceived?.(error);
    } finally {
      done();
    }
  }

  /** The first time the page's submission is stopped for the token; the second time it goes on. */
  private async submitted(event: Event): Promise<void> {
    const { elements } = this.mountedParts();
    const { callbacks, amount } = this.options;
    const hasToken = elements.get('MPHiddenInputToken') !== '' && !this.spent;
    if (hasToken && !this.submitting) {
      this.spent = true;
      return elements.withAmount(amount, () => callbacks.onSubmit?.(event));
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    // A double click is one submission.
    if (this.submitting) return;
    this.submitting = true;
    try {
      await this.createCardToken();
    } catch (error) {
      return callbacks.onError?.(errorList(error), event);
    } finally {
      this.submitting = false;
    }
    if (this.elements === elements) this.submit();
  }

  private holder() {
    const { elements } = this.mountedParts();
    return {
      cardholderName: elements.value('cardholderName'),
      identificationType: elements.value('identificationType') || undefined,
      identificationNumber: elements.value('identificationNumber') || undefined,
    };
  }

  /** Says that something is being fetched; what this returns says that it is there. */
  private fetching(resource: string): () => void {
    const done = this.options.callbacks.onFetching?.(resource);
    if (typeof done === 'function') return done as () => void;
    if (done !== undefined) console.warn('MercadoPago.js: onFetching should return a function or nothing');
    return () => {};
  }

  private mountedParts(): { elements: Elements; card: CardData } {
    if (!this.elements || !this.card) throw new Error('CardForm is not mounted');
    return { elements: this.elements, card: this.card };
  }

  private tearDown(): void {
    this.look += 1;
    this.card?.unmount();
    this.elements?.removeHidden();
    for (const remove of this.removals.splice(0)) remove();
    this.card = undefined;
    this.elements = undefined;
  }
}

/** Whatever a call rejected with, as the list that `onError` gets. */
function errorList(error: unknown): ErrorList {
  if (Array.isArray(error)) return error as ErrorList;
  if (typeof error === 'string') return [{ message: error }];
  const { cause, message } = error as { cause?: unknown; message?: string };
  if (Array.isArray(cause) && cause.length > 0) {
    return (cause.flat() as { code?: string; description?: string }[]).map(({ code, description }) => ({ code, message: description ?? String(message) }));
  }
  return [{ message: message ?? String(error) }];
}
