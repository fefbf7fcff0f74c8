// The device session: a random name for this visit, the same on all pages of a tab. Nothing about the device is read.
import { randomHex } from './random';

declare global {
  interface Window {
    MP_DEVICE_SESSION_ID?: string;
  }
}

const KEY = 'pasarela-device-session';

/** `given` is a session that the server made, for a page that heard its name there. */
export function deviceSession(given?: string | null): string {
  const known = (isSession(given) && given) || window.MP_DEVICE_SESSION_ID || stored();
  const session = known || `armor.${randomHex(32)}`;
  window.MP_DEVICE_SESSION_ID = session;
  try {
    sessionStorage.setItem(KEY, session);
  } catch {
    // Storage is shut off: the session is this page's.
  }
  return session;
}

const isSession = (text: unknown): text is string => typeof text === 'string' && /^armor\.[0-9a-f]{64}$/.test(text);

function stored(): string | undefined {
  try {
    const session = sessionStorage.getItem(KEY);
    return isSession(session) ? session : undefined;
  } catch {
    return undefined;
  }
}
