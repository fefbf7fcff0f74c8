// The bricks' script, which is loaded when a page uses it: from where the library came from, under a name that carries its
// content's hash.
import type { Context } from './context';
import type { BricksModule } from './bricks';
import type { ScriptTerms } from './origin';

/** Put in by the build. */
declare const BRICKS_HASH: string;
declare const BRICKS_INTEGRITY: string;

/** The script hands what it has to the element that loaded it: the page gets no global for it. */
export interface ChunkElement extends HTMLScriptElement {
  pasarelaReceive?: (module: BricksModule) => void;
}

const TRIES = 3;
const PATIENCE_MS = 15_000;

let loading: Promise<BricksModule> | undefined;

export function loadBricks({ origins, terms }: Context): Promise<BricksModule> {
  loading ??= load(`${origins.script}/js/v2/bricks-${BRICKS_HASH}.js`, terms).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(url: string, terms: ScriptTerms): Promise<BricksModule> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await inject(url, terms);
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

function inject(url: string, { nonce, isPinned }: ScriptTerms): Promise<BricksModule> {
  return new Promise((resolve, reject) => {
    const script: ChunkElement = document.createElement('script');
    const fail = () => {
      clearTimeout(timer);
      script.remove();
      reject(new Error(`${url} could not be loaded`));
    };
    const timer = setTimeout(fail, PATIENCE_MS);
    script.pasarelaReceive = (module) => {
      clearTimeout(timer);
      resolve(module);
    };
    script.onerror = fail;
    script.src = url;
    script.async = true;
    if (nonce) script.nonce = nonce;
    if (isPinned) {
      // Who checks the library's hash has checked this one with it.
      script.crossOrigin = 'anonymous';
      script.integrity = BRICKS_INTEGRITY;
    }
    (document.head ?? document.documentElement).appendChild(script);
  });
}
