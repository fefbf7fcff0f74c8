// A token is made here: from what the form's frames hold, by one call to the frame's own origin.
import { codeOf, fullYear, splitDate } from '../checks';
import type { FieldError, FieldType, TokenRequest } from '../protocol';

/** What a frame shows to the other frames of its form. Pages of other origins can't reach it. */
export interface Sibling {
  readonly instance: string;
  readonly group: string;
  readonly type: FieldType;
  /** Its window, which is closed once its frame is gone. */
  readonly window: Window;
  value(): string;
  errors(): FieldError[];
}

declare global {
  interface Window {
    pasarelaField?: Sibling;
    /** In a page's hub: the fields of its shadow trees. */
    pasarelaHub?: Set<Sibling>;
  }
}

const TIME_LIMIT_MS = 30_000;
/** The most frames of a page that are looked at. */
const MOST_FRAMES = 200;

/** The frames of the same form, this one too. */
export function siblings(of: Sibling, group = of.group): Sibling[] {
  const found = new Set<Sibling>([of]);
  for (const frame of framesOfOrigin()) {
    if (frame.pasarelaField) found.add(frame.pasarelaField);
    for (const field of frame.pasarelaHub ?? []) found.add(field);
  }
  return [...found].filter((field) => field.instance === of.instance && field.group === group && !field.window.closed);
}

/** Makes a field known to the page's hub, if there is one. */
export function register(field: Sibling): void {
  for (const frame of framesOfOrigin()) {
    frame.pasarelaHub?.add(field);
    field.window.addEventListener('pagehide', () => frame.pasarelaHub?.delete(field));
  }
}

/** The page's frames that are of this origin. */
function framesOfOrigin(): Window[] {
  const found: Window[] = [];
  const frames = parent as unknown as Record<number, Window>;
  for (let index = 0; index < Math.min(parent.length, MOST_FRAMES); index += 1) {
    try {
      const frame = frames[index];
      if (frame && (frame.pasarelaField || frame.pasarelaHub)) found.push(frame);
    } catch {
      // Another origin's frame.
    }
  }
  return found;
}

/** The token's body; rejects with the list of what is wrong, or with the API's error body. */
export async function makeToken(of: Sibling, request: TokenRequest): Promise<unknown> {
  const frames = siblings(of, request.group);
  const wanted = request.cardId ? frames.filter((frame) => frame.type === 'securityCode') : frames;
  const wrong = [...wanted.flatMap((frame) => faults(frame, request)), ...request.faults];
  if (wrong.length > 0) throw wrong;
  const path = request.token ? `/v1/card_tokens/${encodeURIComponent(request.token)}` : '/v1/card_tokens';
  return send(request.token ? 'PUT' : 'POST', `${path}?${request.query}`, body(wanted, request), request.productId);
}

function faults(frame: Sibling, request: TokenRequest): unknown[] {
  const isLeftOut =
    frame.value() === '' && (request.token !== undefined || (frame.type === 'securityCode' && request.securityCodeOptional));
  if (isLeftOut) return [];
  return frame.errors().map(({ message, cause }) => ({ code: codeOf(frame.type, cause, message), message, cause, field: frame.type }));
}

function body(frames: Sibling[], request: TokenRequest): Record<string, unknown> {
  const value = (type: FieldType) => frames.find((frame) => frame.type === type)?.value() ?? '';
  const date = splitDate(value('expirationDate'));
  const month = value('expirationMonth') || date.month;
  const year = value('expirationYear') || date.year;
  const code = value('securityCode');
  return {
    ...(request.cardId !== undefined && { card_id: request.cardId }),
    ...(!request.cardId && !request.token && { card_number: value('cardNumber'), cardholder: request.cardholder }),
    ...(!request.cardId && month && { expiration_month: Number(month) }),
    ...(!request.cardId && year && { expiration_year: fullYear(year) }),
    ...(code && { security_code: code }),
    ...(request.device !== undefined && { device: request.device }),
    ...(request.requireEsc !== undefined && { require_esc: request.requireEsc }),
  };
}

async function send(method: string, address: string, content: unknown, productId: string): Promise<unknown> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), TIME_LIMIT_MS);
  try {
    const response = await fetch(address, {
      method,
      headers: { 'Content-Type': 'application/json', 'X-Product-Id': productId },
      body: JSON.stringify(content),
      credentials: 'omit',
      signal: patience.signal,
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw answer;
    return answer;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const message = error.name === 'AbortError' ? 'request timed out' : 'request failed: the network cannot be reached';
    throw { message, error: 'network_error', status: 0, cause: [] };
  } finally {
    clearTimeout(timer);
  }
}
