// Where the library came from, which says where the API and the frames are.
import { webUrl } from './web-url';

export interface Origins {
  api: string;
  frames: string;
  /** Where the library itself came from: what it loads later comes from there, too. */
  script: string;
  /** Whether the hosts are the ones that pages have built in. */
  isBuiltIn: boolean;
}

/** How the page lets scripts run, which holds for what the library loads as well. */
export interface ScriptTerms {
  nonce: string;
  /** The page checks the library's hash. */
  isPinned: boolean;
}

/** The addresses under which a library is served, and the hosts that pages have built in for it. */
interface Places {
  paths: RegExp;
  hardCoded: RegExp;
}

export const V2: Places = { paths: /\/(js\/v2|v2|gama\/js\/v2)\/?$/, hardCoded: /^(beta-)?sdk\.mercadopago\.com$/ };
export const V1: Places = { paths: /\/v1\/mercadopago\.js$/, hardCoded: /^secure\.mlstatic\.com$/ };

const BUILT_IN: Origins = {
  api: 'https://api.mercadopago.com',
  frames: 'https://secure-fields.mercadopago.com',
  script: 'https://sdk.mercadopago.com',
  isBuiltIn: true,
};

/** Where a buyer of each market pays. */
const CHECKOUTS: Record<string, string> = {
  MLA: 'https://www.mercadopago.com.ar',
  MLB: 'https://www.mercadopago.com.br',
  MLC: 'https://www.mercadopago.cl',
  MCO: 'https://www.mercadopago.com.co',
  MLM: 'https://www.mercadopago.com.mx',
  MPE: 'https://www.mercadopago.com.pe',
  MLU: 'https://www.mercadopago.com.uy',
};

/** The origin of the hosted checkout of a site. */
export const checkoutOrigin = (origins: Origins, site: string): string =>
  (origins.isBuiltIn ? CHECKOUTS[site] : undefined) ?? origins.api;

/** Must be called while the script runs for the first time: later, `currentScript` is somebody else. */
export function originsOfScript({ paths, hardCoded }: Places): Origins {
  const url = urlOf(document.currentScript) ?? lastMatching(paths);
  // From the host that pages have built in, the API and the frames are at their own: shops' policies allow those.
  // What comes later of the second version is at the host of its own, too.
  if (!url || hardCoded.test(url.hostname)) return { ...BUILT_IN, script: url?.origin ?? BUILT_IN.script };
  return { api: url.origin, frames: url.origin, script: url.origin, isBuiltIn: false };
}

/** Must be called while the script runs for the first time, as `originsOfScript`. */
export function termsOfScript(): ScriptTerms {
  const script = document.currentScript;
  const isScript = script instanceof HTMLScriptElement;
  return { nonce: (isScript && script.nonce) || '', isPinned: isScript && script.integrity !== '' };
}

function lastMatching(paths: RegExp): URL | undefined {
  const urls = Array.from(document.scripts, urlOf).filter((url) => url && paths.test(url.pathname));
  return urls[urls.length - 1];
}

function urlOf(script: HTMLOrSVGScriptElement | null): URL | undefined {
  return script instanceof HTMLScriptElement ? webUrl(script.src) : undefined;
}

/** The page's own origin, as the browser tells it to a frame: `null` for a file. */
export const pageOrigin = (): string => window.origin;
