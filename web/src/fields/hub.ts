// Browsers don't list frames of a shadow tree among a page's frames, so those could not find each other. Where one is
// mounted, a frame of the page's own tree comes first, which shows nothing: each field there makes itself known to it, and
// finds the others by it. They are of one origin; the page and its other frames can't look in.
import type { Context } from '../context';
import { pageOrigin } from '../origin';
import { randomHex } from '../random';

/** After this long a field is loaded without it: alone it works. */
const PATIENCE_MS = 5_000;

const hubs = new Map<string, Promise<void>>();

/** Resolves when the page has the hub. */
export function hubOf({ origins }: Context): Promise<void> {
  const known = hubs.get(origins.frames) ?? load(origins.frames);
  hubs.set(origins.frames, known);
  return known;
}

function load(origin: string): Promise<void> {
  return new Promise((resolve) => {
    const frame = document.createElement('iframe');
    const channel = randomHex(16);
    const done = () => {
      removeEventListener('message', hear);
      clearTimeout(timer);
      resolve();
    };
    const hear = (event: MessageEvent) => {
      if (event.source === frame.contentWindow && event.origin === origin && event.data?.pasarela === channel) done();
    };
    const timer = setTimeout(done, PATIENCE_MS);
    addEventListener('message', hear);
    frame.hidden = true;
    frame.tabIndex = -1;
    frame.setAttribute('aria-hidden', 'true');
    frame.src = `${origin}/secure-fields/v2#${new URLSearchParams({ type: 'hub', channel, page: pageOrigin() })}`;
    document.body.appendChild(frame);
  });
}

/** Whether an element's frames are not among the page's. */
export const isInShadow = (element: Node): boolean => element.getRootNode() instanceof ShadowRoot;
