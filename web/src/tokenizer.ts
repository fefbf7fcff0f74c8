// `checkout({tokenizer})`: a window in which a card becomes a token, which is then posted to the shop with a form. The card
// is typed in the card brick's frames.
import type { BricksBuilder } from './bricks';
import { Overlay } from './overlay';
import { webUrl } from './web-url';

export interface TokenizerOptions {
  totalAmount?: number;
  backUrl?: string;
  summary?: Record<string, unknown>;
  installments?: { minInstallments?: number; maxInstallments?: number };
  savedCards?: { cardIds?: string[]; customerId?: string };
}

interface CardData {
  token: string;
  issuer_id: string | null;
  payment_method_id: string;
  installments: number;
}

export function tokenize(bricks: BricksBuilder, options: TokenizerOptions, locale: string): Overlay {
  const { totalAmount, backUrl, installments = {} } = options;
  const target = typeof backUrl === 'string' ? webUrl(backUrl, location.href)?.href : undefined;
  if (!target) throw new Error('checkout: tokenizer.backUrl should be an address');
  const overlay = new Overlay(locale);
  const container = document.createElement('div');
  container.id = 'mercadopago-tokenizer';
  container.style.cssText = 'padding:24px 16px;background:#fff';
  overlay.body.appendChild(container);
  const created = bricks.create('cardPayment', container.id, {
    initialization: { amount: totalAmount },
    customization: { paymentMethods: { ...installments } },
    callbacks: {
      onReady: () => {},
      onError: (error: { type: string; message: string }) => error.type === 'critical' && console.error('MercadoPago.js:', error.message),
      onSubmit: async (card: CardData) => {
        overlay.close();
        post(target, {
          token: card.token,
          payment_method_id: card.payment_method_id,
          installments: String(card.installments),
          issuer_id: card.issuer_id ?? '',
        });
      },
    },
  });
  overlay.onClose = () => void created.then((controller) => controller?.unmount?.());
  return overlay;
}

function post(target: string, values: Record<string, string>): void {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = target;
  form.hidden = true;
  for (const [name, value] of Object.entries(values)) {
    const input = document.createElement('input');
    input.type = 'hidden';
    input.name = name;
    input.value = value;
    form.appendChild(input);
  }
  document.body.appendChild(form);
  form.submit();
}
