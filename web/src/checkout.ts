// `mp.checkout`: a button for the hosted checkout, which opens over the page or, on a phone, in its place.
import type { BricksBuilder } from './bricks';
import type { Context } from './context';
import { checkoutOrigin } from './origin';
import { Overlay } from './overlay';
import { tokenize, type TokenizerOptions } from './tokenizer';
import { webUrl } from './web-url';

export interface ButtonOptions {
  /** A CSS selector. */
  container: string;
  label?: string;
  type?: string;
}

export interface CheckoutOptions {
  preference?: { id?: string };
  tokenizer?: TokenizerOptions;
  theme?: { elementsColor?: string; headerColor?: string };
  autoOpen?: boolean;
  render?: ButtonOptions;
}

/** What the hosted checkout says to the page that opened it. */
interface Message {
  type?: unknown;
  value?: { id?: string; value?: string }[];
}

const COLOUR = /^#[0-9a-f]{3,8}$/i;
const IS_PHONE = /Android|iPhone|iPad|Mobile/i;

/** Of no weight: whatever the shop's own stylesheet says of the button holds. */
const BUTTON_STYLE = `:where(.mercadopago-button){align-items:center;background:#0b5c57;border:0;border-radius:10px;color:#fff;
cursor:pointer;display:inline-flex;font:600 16px/1.2 system-ui,sans-serif;gap:10px;justify-content:center;min-height:48px;padding:0 24px}
:where(.mercadopago-button:hover){background:#084541}:where(.mercadopago-button:focus-visible){outline:3px solid #0b5c57;outline-offset:2px}`;

export class Checkout {
  private readonly preferenceId: string;
  private overlay: Overlay | undefined;
  private isRendered = false;

  constructor(
    private readonly context: Context,
    private readonly options: CheckoutOptions,
    private readonly bricks?: () => BricksBuilder,
  ) {
    const { preference, tokenizer, render, autoOpen } = options ?? {};
    if (!tokenizer && (typeof preference?.id !== 'string' || preference.id === '')) {
      throw new Error('checkout: preference.id should be the id of a preference');
    }
    this.preferenceId = preference?.id ?? '';
    if (render) this.draw(render);
    if (autoOpen) this.open();
  }

  /** Draws the button into the container. */
  render(button: ButtonOptions): void {
    if (this.isRendered) throw new Error('checkout: the button is rendered already');
    this.draw(button);
  }

  /** Opens the checkout; a second time while it is open only warns. */
  open(): void {
    if (this.overlay?.isOpen) return console.warn('MercadoPago.js: the checkout is open already');
    if (this.options.tokenizer) {
      if (this.bricks) this.overlay = tokenize(this.bricks(), this.options.tokenizer, this.context.locale);
      return;
    }
    if (IS_PHONE.test(navigator.userAgent)) {
      void this.address('redirect').then((address) => location.assign(address));
      return;
    }
    const overlay = new Overlay(this.context.locale);
    this.overlay = overlay;
    void this.address('modal').then(
      (address) => {
        const frame = overlay.frame(address);
        const hear = (event: MessageEvent<Message>) => {
          if (event.source === frame.contentWindow && event.origin === new URL(address).origin) this.hear(overlay, event.data);
        };
        addEventListener('message', hear);
        overlay.onClose = () => removeEventListener('message', hear);
      },
      (error: unknown) => {
        overlay.close();
        console.error('MercadoPago.js: the checkout could not be opened', error);
      },
    );
  }

  private hear(overlay: Overlay, message: Message): void {
    if (message?.type !== 'close') return;
    overlay.close();
    const back = Array.isArray(message.value) ? message.value.find(({ id }) => id === 'back_url')?.value : undefined;
    if (back && webUrl(back)) location.assign(back);
  }

  /** Where the preference is paid: at the host of its market, where pages have that built in. */
  private async address(how: 'modal' | 'redirect'): Promise<string> {
    const { origins, core, locale } = this.context;
    const origin = origins.isBuiltIn ? checkoutOrigin(origins, await core.site()) : origins.api;
    const query = new URLSearchParams({ 'preference-id': this.preferenceId, locale: locale });
    const { headerColor, elementsColor } = this.options.theme ?? {};
    if (headerColor && COLOUR.test(headerColor)) query.set('header-color', headerColor);
    if (elementsColor && COLOUR.test(elementsColor)) query.set('elements-color', elementsColor);
    if (how === 'modal') query.set('from-widget', 'true');
    return `${origin}/checkout/v1/${how}?${query}`;
  }

  private draw({ container, label = 'Pagar', type }: ButtonOptions): void {
    const place = typeof container === 'string' ? document.querySelector(container) : null;
    if (!place) throw new Error(`checkout: there is no element \`${container}\` for the button`);
    addButtonStyle();
    const button = document.createElement('button');
    button.type = 'submit';
    button.className = 'mercadopago-button';
    button.formMethod = 'post';
    if (type === 'wallet') button.appendChild(walletIcon());
    button.appendChild(document.createTextNode(label));
    button.addEventListener('click', (event) => {
      // In a form of the shop's it is no submission.
      event.preventDefault();
      this.open();
    });
    place.appendChild(button);
    this.isRendered = true;
  }
}

let buttonStyle: CSSStyleSheet | undefined;

/** A constructed sheet needs no leave of the shop's policy; browsers without them show a plain button. */
function addButtonStyle(): void {
  if (buttonStyle || !('adoptedStyleSheets' in document)) return;
  buttonStyle = new CSSStyleSheet();
  buttonStyle.replaceSync(BUTTON_STYLE);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, buttonStyle];
}

function walletIcon(): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('width', '22');
  svg.setAttribute('height', '22');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', 'M3 7a3 3 0 0 1 3-3h11v3h2a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H6a3 3 0 0 1-3-3V7Zm3-1a1 1 0 0 0 0 2h9V6H6Zm10 6.5a1.5 1.5 0 1 0 0 3h3v-3h-3Z');
  path.setAttribute('fill', 'currentColor');
  svg.appendChild(path);
  return svg;
}
