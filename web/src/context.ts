// What the parts of one `MercadoPago` share.
import type { Core } from './core';
import type { Origins, ScriptTerms } from './origin';

export interface Context {
  core: Core;
  instance: string;
  locale: string;
  origins: Origins;
  terms: ScriptTerms;
}
