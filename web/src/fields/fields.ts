// `mp.fields`: secure fields, and tokens of what is typed in them.
import { productId } from '../api';
import type { Context } from '../context';
import { cardholder, type CardToken, type CardTokenParameters } from '../core';
import { FIELD_TYPES, type FieldOptions, type FieldType, type TokenRequest } from '../protocol';
import { mistake } from '../validation';
import { Field } from './field';

export interface TokenOptions {
  group?: string;
  productId?: string;
  fingerprint?: unknown;
  requireEsc?: boolean;
}

export class Fields {
  private readonly mounted = new Set<Field>();

  constructor(private readonly context: Context) {}

  create(type: FieldType, options: FieldOptions = {}): Field {
    if (!FIELD_TYPES.includes(type)) throw new Error(`there is no field \`${type}\`: it should be one of ${FIELD_TYPES.join(', ')}`);
    if (options?.customFonts?.length) {
      // A stylesheet of another origin could read a number as it is typed, glyph by glyph.
      console.warn(`MercadoPago.js: customFonts of ${type} are not loaded: a card's frame loads nothing from elsewhere`);
    }
    return new Field(this.context, type, { ...options }, this.mounted);
  }

  async createCardToken(parameters: CardTokenParameters = {}, options?: string | TokenOptions): Promise<CardToken> {
    const { core } = this.context;
    core.refuseOpenPage();
    const { cardId } = parameters;
    const teller = this.teller(cardId ? ['securityCode'] : ['cardNumber'], options);
    const request = this.request(options);
    if (cardId) request.cardId = String(cardId);
    else {
      request.cardholder = cardholder(parameters);
      request.faults = core.holderFaults(parameters);
    }
    return teller.token(request) as Promise<CardToken>;
  }

  async updateCardToken(token: string, options?: string | TokenOptions): Promise<CardToken> {
    if (!token) throw [mistake('parameter token can not be null/empty')];
    this.context.core.refuseOpenPage();
    return this.teller(FIELD_TYPES, options).token({ ...this.request(options), token }) as Promise<CardToken>;
  }

  focus(): void {
    [...this.mounted][0]?.focus();
  }

  blur(): void {
    for (const field of this.mounted) field.blur();
  }

  /** The frame that reads the others and calls the API. */
  private teller(types: readonly FieldType[], options?: string | TokenOptions): Field {
    const group = groupOf(options);
    const field = [...this.mounted].find((candidate) => candidate.group === group && types.includes(candidate.type));
    if (!field) throw [mistake(`${types[0]} is not mounted`)];
    return field;
  }

  private request(options?: string | TokenOptions): TokenRequest {
    const { core } = this.context;
    const chosen = typeof options === 'object' ? options : {};
    const device = chosen.fingerprint !== undefined ? { fingerprint: chosen.fingerprint } : core.device();
    return {
      query: core.api.query(),
      productId: chosen.productId ?? productId(),
      group: groupOf(options),
      device,
      requireEsc: chosen.requireEsc,
      securityCodeOptional: core.securityCodeOptional,
      faults: [],
    };
  }
}

function groupOf(options?: string | TokenOptions): string {
  return (typeof options === 'string' ? options : options?.group) ?? '';
}
