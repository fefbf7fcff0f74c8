// `window.MercadoPago`, for pages written for MercadoPago.js v2.
import { Api } from './api';
import { BricksBuilder, type BricksStyle } from './bricks';
import { CardForm } from './card-form/card-form';
import { Checkout, type CheckoutOptions } from './checkout';
import type { Context } from './context';
import { Core, type CardTokenParameters } from './core';
import { deviceSession } from './device';
import { authenticate, isUnsupported } from './fast-payments';
import { Fields } from './fields/fields';
import { guessLocale, isLocale } from './locale';
import { originsOfScript, termsOfScript, V2 } from './origin';
import { uuid } from './random';
import { Yape, type YapeOptions } from './yape';

interface Options {
  locale?: string;
  advancedFraudPrevention?: boolean;
  trackingDisabled?: boolean;
}

const origins = originsOfScript(V2);
const terms = termsOfScript();

class MercadoPago {
  readonly fields: Fields;
  readonly #context: Context;

  constructor(publicKey: string, options: Options = {}) {
    if (typeof publicKey !== 'string' || publicKey === '' || /\s/.test(publicKey)) {
      refuse('the public key should be a string without spaces');
    }
    const { locale, advancedFraudPrevention = true } = options ?? {};
    if (locale !== undefined && !isLocale(locale)) refuse(`there is no locale \`${locale}\``);
    const language = locale ?? guessLocale();
    const device = advancedFraudPrevention ? visit() : undefined;
    const core = new Core(new Api(origins.api, publicKey, language), publicKey, () => device);
    this.#context = { core, instance: uuid(), locale: language, origins, terms };
    this.fields = new Fields(this.#context);
  }

  getIdentificationTypes() {
    return this.#context.core.getIdentificationTypes();
  }

  getPaymentMethods(parameters: Record<string, unknown>) {
    return this.#context.core.getPaymentMethods(parameters);
  }

  getIssuers(parameters: Record<string, unknown>) {
    return this.#context.core.getIssuers(parameters);
  }

  getInstallments(parameters: Record<string, unknown>) {
    return this.#context.core.getInstallments(parameters);
  }

  createCardToken(parameters: CardTokenParameters) {
    return this.#context.core.createCardToken(parameters);
  }

  updateCardToken(parameters: CardTokenParameters & { token?: string }) {
    return this.#context.core.updateCardToken(parameters);
  }

  cardForm(options: unknown) {
    return CardForm.open(this.#context, options);
  }

  checkout(options: CheckoutOptions) {
    return new Checkout(this.#context, options, () => this.bricks());
  }

  bricks(style?: BricksStyle) {
    return new BricksBuilder(this.#context, style);
  }

  yape(options: YapeOptions) {
    return new Yape(this.#context.core.api, options);
  }

  authenticator(amount: unknown, payerEmail: unknown) {
    return authenticate(amount, payerEmail);
  }

  getAccountPaymentMethods() {
    return isUnsupported('getAccountPaymentMethods');
  }

  getAccountPaymentMethod() {
    return isUnsupported('getAccountPaymentMethod');
  }

  getCardId() {
    return isUnsupported('getCardId');
  }

  updatePseudotoken() {
    return isUnsupported('updatePseudotoken');
  }

  renderCreditsContract() {
    return isUnsupported('renderCreditsContract');
  }

  getSDKInstanceId(): string {
    return this.#context.instance;
  }
}

/** What the token says about the visit. */
function visit(): unknown {
  try {
    return { meli: { session_id: deviceSession() } };
  } catch (error) {
    console.warn('MercadoPago.js: there is no device session', error);
    return undefined;
  }
}

function refuse(reason: string): never {
  console.error([{ code: 'default', message: 'Another error', description: reason }]);
  throw new Error('MercadoPago.js could not be loaded');
}

declare global {
  interface Window {
    MercadoPago?: typeof MercadoPago;
  }
}

// Loaded twice, the first one stays: instances and the page's one card form belong to it.
window.MercadoPago ??= MercadoPago;
