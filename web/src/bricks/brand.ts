// The brand brick: what a shop's page says about how it can be paid. In Argentina alone, as the original.
import type { BricksStyle, Controller, Kit } from '../bricks';
import { Brick, object, string, type Settings } from './brick';
import { h, icon, ICONS } from './dom';

interface Method {
  id: string;
  name: string;
  payment_type_id: string;
  status: string;
  secure_thumbnail: string;
}

const TYPES = ['credit_card', 'debit_card', 'ticket'];
const MOST_LOGOS = 8;
const SIZES: Record<string, string> = { extra_small: '0.75rem', small: '0.875rem', medium: '1rem', large: '1.25rem' };
const GROUNDS: Record<string, [string, string]> = {
  white: ['#ffffff', '#17231f'],
  mpprimary: ['#0b5c57', '#ffffff'],
  mercado_pago_primary: ['#0b5c57', '#ffffff'],
  mpsecondary: ['#eaf0ee', '#17231f'],
  mercado_pago_secondary: ['#eaf0ee', '#17231f'],
  black: ['#000000', '#ffffff'],
  transparent: ['transparent', 'inherit'],
};
const ALIGN: Record<string, string> = { left: 'start', center: 'center', right: 'end' };
const MOST_PADDING = 40;

export function brand(kit: Kit, style: BricksStyle, container: HTMLElement, settings: Settings): { brick: Brick; controller: Controller } {
  const brick = new Brick(kit, style, container, settings, 'bare');
  void load(brick);
  return { brick, controller: { unmount: () => brick.end() } };
}

async function load(brick: Brick): Promise<void> {
  try {
    const [site, methods] = await Promise.all([brick.core.site(), brick.core.api.read<Method[]>('/v1/payment_methods')]);
    if (brick.isOver) return;
    if (site !== 'MLA') return console.warn('MercadoPago.js: the brand brick is for Argentina alone');
    render(brick, offered(brick, methods));
    brick.ready();
  } catch {
    brick.tell('critical', 'get_payment_methods_failed');
  }
}

function offered(brick: Brick, methods: Method[]): Method[] {
  const { excludedPaymentMethods, excludedPaymentTypes } = object(brick.settings.customization.paymentMethods);
  const has = (list: unknown, value: string) => Array.isArray(list) && list.includes(value);
  return methods.filter(
    ({ id, payment_type_id: type, status }) => status === 'active' && TYPES.includes(type) && !has(excludedPaymentTypes, type) && !has(excludedPaymentMethods, id),
  );
}

function render(brick: Brick, methods: Method[]): void {
  const { customization } = brick.settings;
  const visual = object(customization.visual);
  const text = object(customization.text);
  dress(brick, visual, text);
  const key = string(text.valueProp) || 'payment_methods';
  const logos = key === 'payment_methods_logos' || key === 'payment_methods';
  brick.show(
    h('div', { class: 'brand' },
      visual.hideMercadoPagoLogo !== true && h('p', { class: 'value own' }, icon(ICONS.shield), h('strong', {}, 'Pasarela')),
      key !== 'payment_methods_logos' && h('p', {}, sentence(brick, key)),
      logos && h('div', { class: 'logos' }, ...methods.slice(0, MOST_LOGOS).map(({ name, secure_thumbnail: src }) => h('img', { class: 'mark', src, alt: name, height: 26, loading: 'lazy' }))),
    ),
  );
}

function sentence(brick: Brick, key: string): string {
  const { words } = brick;
  const { interestFreeInstallments, maxInstallments } = object(brick.settings.customization.paymentMethods);
  const most = Number(maxInstallments);
  if (key !== 'installments' || !(most >= 2 && most <= 12)) return words.values[key] ?? words.values.payment_methods!;
  // "Sin interés" is the shop's word: Resolución E 51/2017 lets only who bears the cost say it.
  return `${words.upTo(most)}${interestFreeInstallments === true ? words.interestFree : ''}`;
}

function dress(brick: Brick, visual: Record<string, unknown>, text: Record<string, unknown>): void {
  const { body, host } = brick;
  const [ground, ink] = GROUNDS[string(visual.backgroundColor).toLowerCase()] ?? GROUNDS.transparent!;
  const size = (text.textSize ?? text.size) as unknown;
  body.style.background = ground;
  const colours: Record<string, string> = { primary: '#17231f', secondary: '#53625d', inverted: '#ffffff' };
  body.style.color = colours[string(text.color)] ?? (ink === 'inherit' ? '' : ink);
  body.style.fontSize = SIZES[string(size).replace(/-/g, '_')] ?? SIZES.medium!;
  if (/^semi-?_?bold$/.test(string(text.fontWeight))) body.style.fontWeight = '600';
  if (text.useCustomFont === true) body.style.fontFamily = getComputedStyle(host.parentElement ?? document.body).fontFamily;
  host.style.setProperty('--brand-align', ALIGN[string(visual.contentAlign)] ?? 'start');
  host.style.setProperty('--brand-text-align', ALIGN[string(text.align)] ?? 'start');
  if (visual.border === true) body.style.border = `${string(visual.borderWidth) || '1px'} solid ${visual.borderColor === 'dark' ? '#53625d' : '#d7dfdb'}`;
  if (string(visual.borderRadius)) body.style.borderRadius = string(visual.borderRadius);
  const padding = (value: unknown) => `${Math.min(parseFloat(string(value)) || 0, MOST_PADDING)}px`;
  body.style.padding = `${padding(visual.verticalPadding)} ${padding(visual.horizontalPadding)}`;
}
