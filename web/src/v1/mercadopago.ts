// `window.Mercadopago`, for pages written for the library's first version: forms marked with `data-checkout`, and callbacks
// `(status, response)`.
import { fullYear } from '../checks';
import { deviceSession } from '../device';
import { originsOfScript, V1 } from '../origin';
import { Calls, locale, VERSION, type Answer } from './calls';
import * as checks from './checks';
import type { IdentificationType, Method } from './checks';
import * as forms from './form';
import type { Fields } from './form';

type Callback = (status: number, response: any, parameters?: unknown) => void;

interface InstallmentsParameters {
  bin?: string;
  payment_method_id?: string;
  issuer_id?: string | number;
  payment_type_id?: string;
  amount?: string | number;
  differential_pricing_id?: string | number;
}

const origins = originsOfScript(V1);

class Library {
  readonly version = VERSION;
  initialized = false;
  key: string | undefined;
  referer = location.origin;
  tokenId: string | undefined;
  deviceProfileId: string | undefined;

  private calls: Calls | undefined;
  private session: Promise<void> = Promise.resolve();
  private methods: Method[] = [];
  private readonly issuers = new Map<string, Promise<Answer>>();
  private types: Promise<Answer> | undefined;
  private knownTypes: IdentificationType[] = [];
  /** Forms that had a `name` on card data when they were first seen. */
  private readonly named = new WeakMap<object, string[]>();

  /** Names the seller, and starts the session of this visit: once for each key. */
  setPublishableKey(key: string): void {
    const isAnother = key !== this.key;
    this.key = key;
    this.refuseOpenPage();
    if (this.initialized && !isAnother) return;
    this.calls = new Calls(origins.api, key);
    this.issuers.clear();
    this.types = undefined;
    this.knownTypes = [];
    this.initialized = true;
    this.session = this.start();
    this.getAllPaymentMethods((status, response) => status === 200 && this.setPaymentMethods(response));
    this.takeNames(document);
  }

  /** Turns a card into a token. `source` is a form, a jQuery object of one, or an object with the same names. */
  createToken(source: unknown, callback: Callback): void {
    this.refuseOpenPage();
    const form = forms.elementOf(source);
    const named = form ? this.takeNames(form) : [];
    if (named.length > 0 && !this.isTest) {
      return tell(callback, 400, refusal([{ code: 'default', description: namedText(named) }]));
    }
    void this.tokenOf(forms.read(source)).then(({ status, response }) => tell(callback, status, response));
  }

  /** Forgets the token that was made, so that the next one is new. */
  clearSession(): void {
    this.tokenId = undefined;
    this.deviceProfileId = undefined;
    if (this.calls) this.session = this.start();
  }

  getAllPaymentMethods(callback: Callback): void {
    this.answer(this.ready().read('/v1/payment_methods', { locale: locale() }), callback);
  }

  getPaymentMethods(): Method[] {
    return this.methods;
  }

  setPaymentMethods(methods: Method[]): void {
    this.methods = Array.isArray(methods) ? methods : [];
  }

  /** The methods of a card's first six digits, or the one with an id. */
  getPaymentMethod(parameters: { bin?: string; payment_method_id?: string; payment_type_id?: string }, callback: Callback): void {
    const { bin, payment_method_id, payment_type_id } = parameters ?? {};
    if (!bin && !payment_method_id) {
      return tell(callback, 400, { ...refusal([]), message: 'bad request', cause: { code: '2000', description: 'the payment_method_id or bin are required' } });
    }
    void this.loadMethods().then(() => {
      const found = this.methods.filter(
        (method) =>
          (!payment_method_id || method.id === payment_method_id) &&
          (!bin || !!checks.settingsFor(method, bin)) &&
          (!payment_type_id || method.payment_type_id === payment_type_id),
      );
      if (found.length > 0) tell(callback, 200, found);
      else tell(callback, 400, { ...refusal([]), message: 'payment method not found' });
    });
  }

  /** Also `(method, bin, callback)`, of which the API needs the method alone. */
  getIssuers(paymentMethodId: string, binOrCallback: string | Callback, callback?: Callback): void {
    const bin = typeof binOrCallback === 'string' ? binOrCallback : undefined;
    const name = `${paymentMethodId} ${bin ?? ''}`;
    const known = this.issuers.get(name) ?? this.ready().read('/v1/payment_methods/card_issuers', { payment_method_id: paymentMethodId, bin });
    this.issuers.set(name, known);
    void known.then(({ status }) => status === 200 || this.issuers.delete(name));
    this.answer(known, typeof binOrCallback === 'function' ? binOrCallback : callback);
  }

  getInstallments(parameters: InstallmentsParameters, callback: Callback): void {
    const { issuer_id, bin, ...more } = parameters ?? {};
    const query = { ...more, bin: bin && checks.digitsOf(bin), 'issuer.id': issuer_id, locale: locale() };
    this.answer(this.ready().read('/v1/payment_methods/installments', query), callback, parameters);
  }

  /** Without a callback, the page's own select gets them; a country without documents needs no fields for one. */
  getIdentificationTypes(callback?: Callback): void {
    const types = this.loadTypes();
    if (callback) return this.answer(types, callback);
    void types.then(({ status, response }) => {
      if (status === 200) fillTypes(response);
      else if (status === 404) hideDocument();
    });
  }

  /** Also `(number, callback)`. */
  validateCardNumber(number: string, methodOrCallback: string | Callback, callback?: Callback): void {
    const id = typeof methodOrCallback === 'string' ? methodOrCallback : undefined;
    const told = typeof methodOrCallback === 'function' ? methodOrCallback : callback;
    this.getPaymentMethod({ bin: number, ...(id && { payment_method_id: id }) }, (status, found) => {
      const isGood = status === 200 && (found as Method[]).some((method) => checks.isCardNumber(number, checks.settingsFor(method, number)));
      told?.(status, isGood);
    });
  }

  validateSecurityCode(code: string, bin: string, callback: Callback): void {
    this.getPaymentMethod({ bin }, (status, found) => {
      const settings = status === 200 ? checks.settingsFor((found as Method[])[0]!, bin) : undefined;
      callback(status, checks.isSecurityCode(String(code ?? ''), settings));
    });
  }

  validateLuhn(number: string): boolean {
    return checks.isCardNumber(number, { card_number: { length: checks.digitsOf(number).length, validation: 'standard' } });
  }

  validateCardholderName(name: string): boolean {
    return checks.isCardholderName(name);
  }

  validateIdentification(type: string, number: string): boolean {
    return checks.isIdentification(this.knownTypes, type, number);
  }

  validateExpiryDate(month: string | number, year?: string | number): boolean {
    return checks.isExpiryDate(month, year);
  }

  private get isTest(): boolean {
    return !!this.key?.startsWith('TEST');
  }

  private ready(): Calls {
    if (!this.calls) throw new Error('Mercadopago: call setPublishableKey first');
    return this.calls;
  }

  /** Card data doesn't go out from a page that anybody on the way could have changed. */
  private refuseOpenPage(): void {
    const isSafe = location.protocol === 'https:' || location.protocol === 'file:' || this.isTest;
    if (!isSafe && document.querySelector('[data-checkout]')) {
      throw new Error('Mercadopago: this page takes card data and is not served over HTTPS');
    }
  }

  /** An empty token, which `createToken` puts the card into. Without it, a card makes a token of its own. */
  private async start(): Promise<void> {
    this.deviceProfileId = deviceSession();
    const calls = this.ready();
    const { response } = await calls.call('POST', '/v1/card_tokens', {}, {});
    if (this.calls === calls && typeof response.id === 'string') this.tokenId = response.id;
  }

  private async tokenOf(fields: Fields): Promise<Answer> {
    const calls = this.ready();
    const card = await this.cardOf(fields);
    if (Array.isArray(card)) return { status: 400, response: refusal(card) };
    await this.session;
    const body = { ...card, device: { meli: { session_id: this.deviceProfileId } } };
    if (this.tokenId) {
      const changed = await calls.call('PUT', `/v1/card_tokens/${encodeURIComponent(this.tokenId)}`, {}, body);
      // The token has paid already or is too old: the shop didn't clear its session.
      if (changed.status !== 404) return changed;
    }
    const made = await calls.call('POST', '/v1/card_tokens', {}, body);
    if (typeof made.response.id === 'string') this.tokenId = made.response.id;
    return made;
  }

  /** What is sent of a card, or what is wrong with it. */
  private async cardOf(fields: Fields): Promise<Record<string, unknown> | checks.Cause[]> {
    const code = fields.securityCode ? { security_code: fields.securityCode } : {};
    if (fields.cardId && fields.cardId !== '-1') return { card_id: fields.cardId, ...code };
    await Promise.all([this.loadMethods(), this.loadTypes()]);
    const number = checks.digitsOf(fields.cardNumber);
    const method = this.methods.find((method) => checks.settingsFor(method, number));
    const causes = checks.causesIn(fields, method, this.knownTypes);
    if (causes.length > 0) return causes;
    return {
      card_number: number,
      ...code,
      expiration_month: Number(fields.cardExpirationMonth),
      expiration_year: fullYear(fields.cardExpirationYear!),
      cardholder: {
        name: fields.cardholderName,
        ...(fields.docNumber && { identification: { type: fields.docType ?? null, number: fields.docNumber } }),
      },
    };
  }

  private async loadMethods(): Promise<void> {
    if (this.methods.length > 0) return;
    const { status, response } = await this.ready().read('/v1/payment_methods', { locale: locale() });
    if (status === 200) this.setPaymentMethods(response);
  }

  private loadTypes(): Promise<Answer> {
    this.types ??= this.ready()
      .read('/v1/identification_types')
      .then((answer) => {
        if (answer.status === 200) this.knownTypes = answer.response;
        else if (answer.status !== 404) this.types = undefined;
        return answer;
      });
    return this.types;
  }

  /** Takes names off card data and reports it; what a form had when it was first seen is remembered. */
  private takeNames(root: Document | HTMLElement): string[] {
    const taken = forms.takeNames(root);
    const known = [...(this.named.get(root) ?? this.named.get(document) ?? []), ...taken];
    if (taken.length === 0) return known;
    this.named.set(root, known);
    console.warn(`Mercadopago: ${namedText(taken)}. With production credentials this form is refused.`);
    const report = { status: '', type: `DSS-${location.host}`, data: { fields: taken } };
    void this.ready().call('POST', '/v1/payment_methods/track_error', {}, report);
    return known;
  }

  private answer(answer: Promise<Answer>, callback: Callback | undefined, parameters?: unknown): void {
    if (typeof callback !== 'function') return;
    void answer.then(({ status, response }) => tell(callback, status, response, parameters));
  }
}

/** What a callback throws is the page's own error, not a rejected promise of the library. */
function tell(callback: Callback, status: number, response: unknown, parameters?: unknown): void {
  if (typeof callback === 'function') setTimeout(() => callback(status, response, parameters));
}

function refusal(cause: checks.Cause[]) {
  return { message: 'invalid parameters', error: 'bad_request', status: 400, cause };
}

const namedText = (fields: string[]): string =>
  `${fields.join(', ')} should have no \`name\` attribute: the form would post card data to the shop's server`;

function fillTypes(types: IdentificationType[]): void {
  for (const select of document.querySelectorAll<HTMLSelectElement>('select[data-checkout="docType"]')) {
    select.replaceChildren(...types.map(({ id, name }) => new Option(name, id)));
  }
}

function hideDocument(): void {
  for (const field of document.querySelectorAll<HTMLElement>('[data-checkout="docType"], [data-checkout="docNumber"]')) {
    const labels = field.id ? document.querySelectorAll<HTMLElement>(`label[for="${CSS.escape(field.id)}"]`) : [];
    for (const element of [field, ...labels]) element.style.display = 'none';
  }
}

declare global {
  interface Window {
    Mercadopago?: Library;
  }
}

// Loaded twice, the first one stays: its session and its lists belong to the page.
window.Mercadopago ??= new Library();
