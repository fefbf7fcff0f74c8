// Calls of the API as the first version answers them: by status and body, never by an exception.
import { productId } from '../api';

/** What pages ask for; those that look at it know 1.2. */
export const VERSION = '1.2.4';
const TIME_LIMIT_MS = 10_000;

export interface Answer {
  status: number;
  response: any;
}

export class Calls {
  constructor(
    private readonly origin: string,
    private readonly publicKey: string,
  ) {}

  read(path: string, query: Record<string, unknown> = {}): Promise<Answer> {
    return this.call('GET', path, query);
  }

  /** A card goes in the body: what is in an address is logged on its way. */
  async call(method: string, path: string, query: Record<string, unknown>, body?: unknown): Promise<Answer> {
    const words = new URLSearchParams({ public_key: this.publicKey, js_version: VERSION, referer: location.origin });
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== null && value !== '') words.set(name, String(value));
    }
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), TIME_LIMIT_MS);
    try {
      const answer = await fetch(`${this.origin}${path}?${words}`, {
        method,
        headers: { 'X-Product-Id': productId(), ...(body !== undefined && { 'Content-Type': 'application/json' }) },
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: 'omit',
        signal: patience.signal,
      });
      return { status: answer.status, response: await answer.json() };
    } catch {
      const error = patience.signal.aborted ? 'timeout' : 'network_error';
      return { status: 0, response: { message: `${path} was not answered`, error, status: 0, cause: [] } };
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The language that the page says it is in; the API knows what to do without one. */
export const locale = (): string | undefined => document.documentElement.lang || undefined;
