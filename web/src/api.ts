// Calls of the API by a public key.

export const VERSION = '2.0.0';
const PRODUCT_WEB = 'BTR2N61O1F60OR8RLSGG';
const PRODUCT_MOBILE = 'BTR2NNPO1F60OR8RLSH0';
const TIME_LIMIT_MS = 10_000;
/** A look-up that took too long is asked again; what makes something is not. */
const RETRIES = 2;

export type Query = Record<string, string | number | undefined>;

/** What the API answers a failed call with, or what stands for it when no answer came. */
export interface ApiError {
  message: string;
  error?: string;
  status?: number;
  cause: unknown[];
}

export const productId = (): string => (/Android|iPhone|iPad|Mobile/i.test(navigator.userAgent) ? PRODUCT_MOBILE : PRODUCT_WEB);

export class Api {
  constructor(
    private readonly origin: string,
    private readonly publicKey: string,
    private readonly locale: string,
  ) {}

  /** What every call carries. */
  query(more: Query = {}): string {
    const words = new URLSearchParams({ public_key: this.publicKey, locale: this.locale, js_version: VERSION, referer: location.origin });
    for (const [name, value] of Object.entries(more)) {
      if (value !== undefined) words.set(name, String(value));
    }
    return words.toString();
  }

  async read<T>(path: string, query: Query = {}): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.call<T>('GET', path, query);
      } catch (error) {
        if (tries >= RETRIES || (error as ApiError).error !== 'timeout') throw error;
      }
    }
  }

  /** Tells the platform of a mistake of the page, in passing: nobody waits for it, and nothing fails with it. */
  report(type: string, data: unknown): void {
    const body = JSON.stringify({ status: 400, type, data });
    // Without a content type of its own it needs no preflight, and `keepalive` lets it outlive the page.
    fetch(`${this.origin}/v1/payment_methods/track_error?${this.query()}`, { method: 'POST', body, keepalive: true, credentials: 'omit' }).catch(() => {});
  }

  async call<T>(method: string, path: string, query: Query, body?: unknown): Promise<T> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), TIME_LIMIT_MS);
    try {
      const response = await fetch(`${this.origin}${path}?${this.query(query)}`, {
        method,
        headers: {
          'X-Product-Id': productId(),
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: 'omit',
        signal: patience.signal,
      });
      const answer: unknown = await response.json();
      if (!response.ok) throw answer;
      return answer as T;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw patience.signal.aborted
        ? failure('timeout', `${path} timed out`)
        : failure('network_error', `${path} failed: the network cannot be reached`);
    } finally {
      clearTimeout(timer);
    }
  }
}

function failure(error: string, message: string): ApiError {
  return { message, error, status: 0, cause: [] };
}
