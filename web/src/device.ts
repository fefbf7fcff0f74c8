// The device session: a random name for this visit, the same on all pages of a tab. Nothing about the device is read.
import { randomHex } from './random';

declare global {
  interface Window {
    MP_DEVICE_SESSION_ID?: string;
  }
}

const KEY = 'pasarela-device-session';

export function deviceSession(): string {
  const known = window.MP_DEVICE_SESSION_ID || stored();
  const session = known || `armor.${randomHex(32)}`;
  window.MP_DEVICE_SESSION_ID = session;
  try {
    sessionStorage.setItem(KEY, session);
  } catch {
    // Storage is shut off: the session is this page's.
  }
  return session;
}

function stored(): string | undefined {
  try {
    const session = sessionStorage.getItem(KEY);
    return session && /^armor\.[0-9a-f]{64}$/.test(session) ? session : undefined;
  } catch {
    return undefined;
  }
}
