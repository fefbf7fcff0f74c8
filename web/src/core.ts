// The core methods: look-ups and tokens, by plain values.
import { Api } from './api';
import { fullYear } from './checks';
import type { Settings } from './protocol';
import { fault, faults, mistake, type Fault, type Parameter } from './validation';

export interface IdentificationType {
  id: string;
  name: string;
  type: string;
  min_length: number;
  max_length: number;
}

export interface PaymentMethod {
  id: string;
  payment_type_id: string;
  additional_info_needed: string[];
  settings: { card_number?: Settings; security_code?: Settings; bin?: unknown }[];
  issuer: { id: number; name: string };
  processing_mode: string;
  merchant_account_id: string | null;
  [more: string]: unknown;
}

export interface Issuer {
  id: string;
  name: string;
  thumbnail: string;
  processing_mode: string;
  merchant_account_id: string | null;
}

export interface Installments {
  payment_method_id: string;
  payment_type_id: string;
  merchant_account_id: string | null;
  payer_costs: { installments: number; recommended_message: string; [more: string]: unknown }[];
  [more: string]: unknown;
}

export interface CardToken {
  id: string;
  [more: string]: unknown;
}

export interface CardTokenParameters {
  cardNumber?: string;
  cardholderName?: string;
  cardExpirationMonth?: string | number;
  cardExpirationYear?: string | number;
  securityCode?: string;
  identificationType?: string;
  identificationNumber?: string;
  cardId?: string;
}

type Values = Record<string, unknown>;

export class Core {
  /** What the card that was looked up last needs. */
  private method: PaymentMethod | undefined;
  private knownSite: Promise<string> | undefined;

  constructor(
    readonly api: Api,
    readonly publicKey: string,
    readonly device: () => unknown,
  ) {}

  get isTest(): boolean {
    return this.publicKey.startsWith('TEST');
  }

  async getIdentificationTypes(): Promise<IdentificationType[]> {
    return this.api.read('/v1/identification_types');
  }

  async getPaymentMethods(parameters: Values): Promise<{ paging: unknown; results: PaymentMethod[] }> {
    const { bin, processingMode, ...more } = object(parameters);
    refuse(faults({ bin, processingMode }, ['processingMode']));
    const found = await this.api.read<{ paging: unknown; results: PaymentMethod[] }>('/v1/payment_methods/search', {
      ...scalars(more),
      bins: String(bin),
      marketplace: 'NONE',
      status: 'active',
      processing_mode: String(processingMode ?? 'aggregator'),
    });
    this.method = found.results[0];
    return found;
  }

  /** The market of the key's account. */
  site(): Promise<string> {
    this.knownSite ??= this.api
      .read<{ results: { site_id: string }[] }>('/v1/payment_methods/search', { limit: 1 })
      .then(({ results }) => results[0]!.site_id)
      .catch((error: unknown) => {
        this.knownSite = undefined;
        throw error;
      });
    return this.knownSite;
  }

  async getIssuers(parameters: Values): Promise<Issuer[]> {
    const { bin, paymentMethodId, payment_method_id, ...more } = object(parameters);
    const method = paymentMethodId ?? payment_method_id;
    refuse(faults({ paymentMethodId: method, bin }));
    return this.api.read('/v1/payment_methods/card_issuers', {
      ...scalars(more),
      bin: String(bin),
      payment_method_id: String(method),
    });
  }

  async getInstallments(parameters: Values): Promise<Installments[]> {
    const { amount, bin, processingMode, paymentTypeId, ...more } = object(parameters);
    refuse(faults({ amount, bin, processingMode }, ['processingMode']));
    return this.api.read('/v1/payment_methods/installments', {
      ...scalars(more),
      amount: String(amount),
      bin: String(bin),
      processing_mode: String(processingMode ?? 'aggregator'),
      payment_type_id: String(paymentTypeId ?? ''),
    });
  }

  async createCardToken(parameters: CardTokenParameters): Promise<CardToken> {
    this.refuseOpenPage();
    const values = object(parameters as Values) as CardTokenParameters;
    if (values.cardId) {
      refuse(faults({ securityCode: values.securityCode }, ['securityCode']));
      return this.send('POST', '/v1/card_tokens', {
        card_id: String(values.cardId),
        ...(values.securityCode && { security_code: String(values.securityCode) }),
      });
    }
    const { cardNumber, cardExpirationMonth, cardExpirationYear, securityCode } = values;
    refuse([
      ...faults({ cardNumber, cardExpirationMonth, cardExpirationYear }),
      ...expired(cardExpirationMonth, cardExpirationYear),
      ...faults({ securityCode }, this.optional()),
      ...this.holderFaults(values),
    ]);
    return this.send('POST', '/v1/card_tokens', {
      card_number: String(cardNumber).replace(/[\s-]/g, ''),
      cardholder: cardholder(values),
      ...(securityCode && { security_code: String(securityCode) }),
      expiration_month: Number(cardExpirationMonth),
      expiration_year: fullYear(String(cardExpirationYear)),
    });
  }

  async updateCardToken(parameters: CardTokenParameters & { token?: string }): Promise<CardToken> {
    const { token, securityCode, cardExpirationMonth, cardExpirationYear } = object(parameters as Values) as typeof parameters;
    if (!token) throw [mistake('parameter token can not be null/empty')];
    refuse(
      faults({ securityCode, cardExpirationMonth, cardExpirationYear }, ['securityCode', 'cardExpirationMonth', 'cardExpirationYear']),
    );
    return this.send('PUT', `/v1/card_tokens/${encodeURIComponent(token)}`, {
      ...(securityCode && { security_code: String(securityCode) }),
      ...(cardExpirationMonth && { expiration_month: Number(cardExpirationMonth) }),
      ...(cardExpirationYear && { expiration_year: fullYear(String(cardExpirationYear)) }),
    });
  }

  /** What is wrong with the holder's data, of which the card that was looked up may need less. */
  holderFaults({ cardholderName, identificationType, identificationNumber }: CardTokenParameters): Fault[] {
    return faults({ cardholderName, identificationType, identificationNumber }, this.optional());
  }

  /** Whether the card that was looked up may go without its CVV. */
  get securityCodeOptional(): boolean {
    return this.method?.settings[0]?.security_code?.mode === 'optional';
  }

  /** Card data doesn't go out from a page that anybody on the way could have changed. */
  refuseOpenPage(): void {
    if (location.protocol !== 'https:' && !this.isTest) {
      throw 'MercadoPago.js: your payment cannot be processed because the website contains credit card data and is not using a secure connection. SSL certificate is required to operate.';
    }
  }

  private optional(): Parameter[] {
    const method = this.method;
    // Before a look-up nobody knows; the API says what it misses.
    if (!method) return ['identificationType', 'identificationNumber', 'securityCode', 'cardholderName'];
    const needs = method.additional_info_needed;
    const optional: Parameter[] = [];
    if (!needs.includes('cardholder_name')) optional.push('cardholderName');
    if (!needs.includes('cardholder_identification_type')) optional.push('identificationType');
    if (!needs.includes('cardholder_identification_number')) optional.push('identificationNumber');
    if (this.securityCodeOptional) optional.push('securityCode');
    return optional;
  }

  private send(method: string, path: string, body: Values): Promise<CardToken> {
    const device = this.device();
    return this.api.call(method, path, {}, { ...body, ...(device !== undefined && { device }) });
  }
}

export function cardholder({ cardholderName, identificationType, identificationNumber }: CardTokenParameters) {
  return {
    name: cardholderName,
    ...((identificationType || identificationNumber) && {
      identification: { type: identificationType ?? null, number: identificationNumber ?? null },
    }),
  };
}

function expired(month: unknown, year: unknown): Fault[] {
  if (fault('cardExpirationMonth', month) || fault('cardExpirationYear', year)) return [];
  const today = new Date();
  const months = fullYear(String(year)) * 12 + Number(month);
  if (months >= today.getFullYear() * 12 + today.getMonth() + 1) return [];
  return [
    { code: '325', message: 'invalid parameter cardExpirationMonth' },
    { code: '326', message: 'invalid parameter cardExpirationYear' },
  ];
}

function refuse(found: Fault[]): void {
  if (found.length > 0) throw found;
}

function object(value: Values | undefined): Values {
  return typeof value === 'object' && value !== null ? value : {};
}

/** What a page passes beyond the known names goes to the API under the page's name. */
function scalars(values: Values): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string | number] => ['string', 'number'].includes(typeof entry[1])),
  );
}
