// `mp.bricks()`: the builder. The bricks themselves are a script of their own.
import { loadBricks } from './chunk';
import { Checkout, type CheckoutOptions } from './checkout';
import type { Context } from './context';
import { Fields } from './fields/fields';

export interface BricksStyle {
  theme?: string;
}

/** What bricks take from the library that loads them. */
export interface Kit {
  context: Context;
  /** Secure fields of this library: the page and a brick share the frames' protocol. */
  fields: () => Fields;
  checkout: (options: CheckoutOptions) => Checkout;
}

export interface BrickError {
  type: 'critical' | 'non_critical';
  cause: string;
  message: string;
}

export type Controller = Record<string, (...given: never[]) => unknown>;

export interface BricksModule {
  create(kit: Kit, style: BricksStyle, name: string, containerId: string, settings: unknown): Promise<Controller | undefined>;
}

export class BricksBuilder {
  constructor(
    private readonly context: Context,
    private readonly style: BricksStyle = {},
  ) {}

  isInitialized(): boolean {
    return true;
  }

  async create(name: string, containerId: string, settings?: unknown): Promise<Controller | undefined> {
    let module: BricksModule;
    try {
      module = await loadBricks(this.context);
    } catch (error) {
      const told: BrickError = { type: 'critical', cause: 'get_chunk_failed', message: (error as Error).message };
      const onError = (settings as { callbacks?: { onError?: unknown } } | undefined)?.callbacks?.onError;
      if (typeof onError !== 'function') throw told;
      onError(told);
      return undefined;
    }
    return module.create(kitOf(this.context), this.style ?? {}, name, containerId, settings);
  }
}

export function kitOf(context: Context): Kit {
  return {
    context,
    fields: () => new Fields(context),
    checkout: (options) => new Checkout(context, options),
  };
}
