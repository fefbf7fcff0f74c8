// The bricks' script: what is wrong with a call is said here, each brick is a file of its own.
import type { BrickError, BricksModule, BricksStyle, Controller, Kit } from '../bricks';
import type { ChunkElement } from '../chunk';
import { Brick, object, type Callbacks, type Settings } from './brick';
import { brand } from './brand';
import { cardPayment } from './card-payment';
import { brickError, type ErrorCause } from './errors';
import { payment } from './payment';
import { statusScreen } from './status-screen';
import { wallet } from './wallet';

type Made = { brick: Brick; controller: Controller };
type Maker = (kit: Kit, style: BricksStyle, container: HTMLElement, settings: Settings) => Made;

interface Kind {
  make: Maker;
  needs: ('initialization' | 'onReady' | 'onError' | 'amount')[];
  /** What else is missing. */
  judge?: (settings: Settings) => ErrorCause | undefined;
}

const KINDS: Record<string, Kind> = {
  cardPayment: { make: cardPayment, needs: ['initialization', 'amount', 'onReady', 'onError'] },
  payment: { make: payment, needs: ['initialization', 'amount', 'onReady', 'onError'], judge: paymentFault },
  wallet: { make: wallet, needs: [], judge: walletFault },
  statusScreen: { make: statusScreen, needs: ['initialization', 'onReady', 'onError'], judge: statusFault },
  brand: { make: brand, needs: [] },
};

/** The brick of each container. */
const made = new WeakMap<HTMLElement, Made & { name: string }>();

async function create(kit: Kit, style: BricksStyle, name: string, containerId: string, given: unknown): Promise<Controller | undefined> {
  const values = object(given);
  const callbacks = object(values.callbacks) as Callbacks;
  const fail = (cause: ErrorCause, detail = '', type: BrickError['type'] = 'critical'): undefined => {
    const error = brickError(type, cause, detail);
    // Who listens is told; who doesn't gets the rejection, so that nothing fails in silence.
    if (typeof callbacks.onError !== 'function') throw error;
    callbacks.onError(error);
    return undefined;
  };
  const kind = KINDS[name];
  if (!kind) return fail('incorrect_initialization', `there is no brick \`${name}\``);
  if (typeof containerId !== 'string' || containerId === '') return fail('missing_container_id');
  const wrong = kind.needs.length > 0 ? firstFault(kind, given, values, callbacks) : undefined;
  if (wrong) return fail(wrong);
  const container = document.getElementById(containerId);
  if (!container) return fail('container_not_found', containerId);
  const there = made.get(container);
  if (there && !there.brick.isOver && there.brick.host.isConnected) {
    if (typeof callbacks.onError === 'function') fail('already_initialized', name, 'non_critical');
    else console.warn(`MercadoPago.js: there is a brick in \`${containerId}\` already; unmount it to make another one`);
    return there.controller;
  }
  there?.brick.end();
  const settings: Settings = {
    initialization: object(values.initialization),
    customization: object(values.customization),
    callbacks,
    ...(typeof values.locale === 'string' && { locale: values.locale }),
  };
  const missing = kind.judge?.(settings);
  if (missing) return fail(missing);
  const brick = kind.make(kit, style, container, settings);
  made.set(container, { ...brick, name });
  return brick.controller;
}

function firstFault({ needs }: Kind, given: unknown, { initialization }: Record<string, unknown>, callbacks: Callbacks): ErrorCause | undefined {
  if (typeof given !== 'object' || given === null || Object.keys(given).length === 0) return 'settings_empty';
  if (needs.includes('initialization') && (typeof initialization !== 'object' || initialization === null)) return 'incorrect_initialization';
  const { amount } = object(initialization);
  if (needs.includes('amount')) {
    if (amount === undefined || amount === null) return 'missing_amount_property';
    if (typeof amount !== 'number' || !(amount > 0) || !Number.isFinite(amount)) return 'amount_is_not_number';
  }
  const isMissing = (['onReady', 'onError'] as const).some((name) => needs.includes(name) && typeof callbacks[name] !== 'function');
  return isMissing ? 'missing_required_callbacks' : undefined;
}

function paymentFault({ initialization, customization }: Settings): ErrorCause | undefined {
  if (initialization.fastPaymentToken !== undefined) return 'invalid_fast_payment_token';
  const needsItems = customization.enableReviewStep === true && !Array.isArray(object(initialization.items).itemsList);
  return needsItems ? 'missing_required_review_props' : undefined;
}

function walletFault({ initialization, callbacks }: Settings): ErrorCause | undefined {
  return initialization.preferenceId || typeof callbacks.onSubmit === 'function' ? undefined : 'no_preference_provided';
}

function statusFault({ initialization }: Settings): ErrorCause | undefined {
  const { paymentId } = initialization;
  return ['string', 'number'].includes(typeof paymentId) && paymentId !== '' ? undefined : 'incorrect_initialization';
}

const script = document.currentScript as ChunkElement | null;
const module: BricksModule = { create };
script?.pasarelaReceive?.(module);
