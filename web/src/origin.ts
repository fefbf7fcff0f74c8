// Where the library came from, which says where the API and the frames are.

export interface Origins {
  api: string;
  frames: string;
}

/** The addresses under which a library is served, and the hosts that pages have built in for it. */
interface Places {
  paths: RegExp;
  hardCoded: RegExp;
}

export const V2: Places = { paths: /\/(js\/v2|v2|gama\/js\/v2)\/?$/, hardCoded: /^(beta-)?sdk\.mercadopago\.com$/ };
export const V1: Places = { paths: /\/v1\/mercadopago\.js$/, hardCoded: /^secure\.mlstatic\.com$/ };

const BUILT_IN: Origins = { api: 'https://api.mercadopago.com', frames: 'https://secure-fields.mercadopago.com' };

/** Must be called while the script runs for the first time: later, `currentScript` is somebody else. */
export function originsOfScript({ paths, hardCoded }: Places): Origins {
  const url = urlOf(document.currentScript) ?? lastMatching(paths);
  // From the host that pages have built in, the API and the frames are at their own: shops' policies allow those.
  if (!url || hardCoded.test(url.hostname)) return BUILT_IN;
  return { api: url.origin, frames: url.origin };
}

function lastMatching(paths: RegExp): URL | undefined {
  const urls = Array.from(document.scripts, urlOf).filter((url) => url && paths.test(url.pathname));
  return urls[urls.length - 1];
}

function urlOf(script: HTMLOrSVGScriptElement | null): URL | undefined {
  const source = script instanceof HTMLScriptElement ? script.src : '';
  try {
    const url = new URL(source);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url : undefined;
  } catch {
    return undefined;
  }
}

/** The page's own origin, as the browser tells it to a frame: `null` for a file. */
export const pageOrigin = (): string => window.origin;
