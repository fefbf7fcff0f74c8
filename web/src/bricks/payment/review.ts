// The review step: what is bought, how it is paid, where it goes and who is billed, before the last button.
import type { Brick } from '../brick';
import { object, string } from '../brick';
import { append, h } from '../dom';
import { money } from '../money';
import { Submission } from '../submission';

type Values = Record<string, unknown>;

const ORDER = ['payment_method', 'shipping', 'billing'];

export class Review {
  readonly element: HTMLElement;
  private readonly heading: HTMLElement;

  constructor(brick: Brick, site: string, amount: number, method: string, { onBack, onConfirm }: { onBack: () => void; onConfirm: () => Promise<void> }) {
    const { words } = brick;
    const { callbacks, customization } = brick.settings;
    const { items, shipping, billing, discounts } = brick.settings.initialization;
    const submission = new Submission(brick, words.reviewSubmit);
    const section = (title: string, lines: string[], edit?: () => void) =>
      h('section', { class: 'option' },
        h('div', { class: 'details stack' },
          h('h3', {}, title),
          h('div', {}, ...lines.filter(Boolean).map((line) => h('p', {}, line))),
          edit && h('div', {}, h('button', { type: 'button', class: 'link', onclick: edit, 'aria-label': `${words.edit}: ${title}` }, words.edit)),
        ),
      );
    const cards: Record<string, () => HTMLElement | undefined> = {
      payment_method: () => section(words.paymentMethod, [method], onBack),
      shipping: () => (shipping ? section(words.shipping, shippingLines(object(shipping), site), callbacks.onClickEditShippingData ?? (() => {})) : undefined),
      billing: () => (billing ? section(words.billing, billingLines(object(billing)), callbacks.onClickEditBillingData ?? (() => {})) : undefined),
    };
    const asked = Array.isArray(customization.reviewCardsOrder) ? customization.reviewCardsOrder.map(string) : ORDER;
    const rows = [
      ...list(object(items).itemsList).map((item) => [`${string(item.units) || '1'} × ${string(item.name)}`, money(Number(item.value) * Number(item.units ?? 1), site)]),
      ...list(object(discounts).discountsList).map((discount) => [string(discount.name), `− ${money(Number(discount.value), site)}`]),
      ...(Number(object(shipping).costs) > 0 ? [[words.shipping, money(Number(object(shipping).costs), site)]] : []),
      [words.total, money(amount, site)],
    ];
    this.heading = h('h2', { tabindex: '-1' }, words.reviewTitle);
    const form = h('form', {
      novalidate: true,
      onsubmit: (event: Event) => {
        event.preventDefault();
        void submission.run(onConfirm);
      },
    });
    append(form, [
      h('dl', { class: 'facts' }, ...rows.map(([term, text]) => h('div', {}, h('dt', {}, term), h('dd', {}, text)))),
      ...asked.map((name) => cards[name]?.()),
      submission.notice,
      submission.button,
      h('button', { type: 'button', class: 'pay quiet', onclick: onBack }, words.back),
    ]);
    this.element = h('div', {}, this.heading, form);
  }

  static isWanted(brick: Brick): boolean {
    return brick.settings.customization.enableReviewStep === true;
  }

  focus(): void {
    this.heading.focus();
  }
}

/** What a review was made of goes to the shop's server with the payment. */
export function addReview(brick: Brick, formData: unknown): unknown {
  if (!Review.isWanted(brick) || formData === null) return formData;
  const { items, shipping } = brick.settings.initialization;
  const address = object(object(shipping).receiverAddress);
  const additional = {
    items: list(object(items).itemsList).map((item) => ({
      title: string(item.name),
      quantity: Number(item.units ?? 1),
      unit_price: Number(item.value),
      ...(item.description !== undefined && { description: string(item.description) }),
      ...(item.imageURL !== undefined && { picture_url: string(item.imageURL) }),
    })),
    ...(shipping !== undefined && {
      shipments: {
        receiver_address: {
          zip_code: string(address.zipCode),
          state_name: string(address.federalUnit),
          city_name: string(address.city),
          street_name: string(address.streetName),
          ...(/^\d+$/.test(string(address.streetNumber)) && { street_number: Number(address.streetNumber) }),
        },
      },
    }),
  };
  return { ...object(formData), additional_info: additional };
}

function list(value: unknown): Values[] {
  return Array.isArray(value) ? value.map(object) : [];
}

function addressLines(address: Values): string[] {
  const street = [string(address.streetName), string(address.streetNumber)].filter(Boolean).join(' ');
  const town = [string(address.neighborhood), string(address.city), string(address.federalUnit), string(address.zipCode)].filter(Boolean).join(', ');
  return [street, string(address.additionalInformation), town];
}

function shippingLines(shipping: Values, site: string): string[] {
  const mode = [string(shipping.shippingMode), Number(shipping.costs) > 0 ? money(Number(shipping.costs), site) : ''].filter(Boolean).join(' · ');
  return [mode, string(shipping.description), ...addressLines(object(shipping.receiverAddress))];
}

function billingLines(billing: Values): string[] {
  const name = [string(billing.firstName), string(billing.lastName)].filter(Boolean).join(' ');
  const { type, number } = object(billing.identification);
  return [name, string(billing.taxRegime), string(billing.taxIdentificationNumber) || [string(type), string(number)].filter(Boolean).join(' '), ...addressLines(object(billing.billingAddress))];
}
