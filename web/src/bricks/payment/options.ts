// Which ways to pay the payment brick offers: those of the country, of which `customization.paymentMethods` names the kinds,
// as far as they take the amount.
import type { Brick } from '../brick';
import { object, string } from '../brick';
import { installmentBounds } from '../card-payment';
import type { Allowed } from '../card/card-lookup';
import { ICONS } from '../dom';

/** A method as the catalogue has it. */
export interface Method {
  id: string;
  name: string;
  payment_type_id: string;
  status: string;
  min_allowed_amount: number;
  max_allowed_amount: number;
  additional_info_needed: string[];
  financial_institutions?: { id: string; description: string }[];
}

/** A saved card as a public key may see it. */
export interface SavedCard {
  id: string;
  first_six_digits: string;
  last_four_digits: string;
  payment_method: { id: string; name: string; payment_type_id: string };
  security_code: { length: number };
  issuer: { id: number; name: string };
}

interface Shown {
  /** The radio button's value. */
  key: string;
  title: string;
  hint: string;
  icon: string;
  /** What `onSubmit` calls it. */
  selected: string;
}

export type Option = Shown &
  ({ kind: 'card'; allowed: Allowed } | { kind: 'saved'; card: SavedCard; allowed: Allowed } | { kind: 'offline'; method: Method } | { kind: 'wallet' });

const CARDS = [
  { key: 'creditCard', type: 'credit_card', title: 'creditCard' },
  { key: 'debitCard', type: 'debit_card', title: 'debitCard' },
  { key: 'prepaidCard', type: 'prepaid_card', title: 'prepaidCard' },
] as const;

const OFFLINE = [
  { key: 'bankTransfer', type: 'bank_transfer', hint: 'transferHint', icon: ICONS.bank },
  { key: 'ticket', type: 'ticket', hint: 'ticketHint', icon: ICONS.ticket },
  { key: 'atm', type: 'atm', hint: 'ticketHint', icon: ICONS.ticket },
] as const;

const WALLETS = [
  { id: 'wallet_purchase', title: 'walletPurchase', hint: 'walletHint' },
  { id: 'onboarding_credits', title: 'credits', hint: 'creditsHint' },
] as const;

export function optionsOf(brick: Brick, methods: Method[], saved: SavedCard[], amount: number): Option[] {
  const asked = object(brick.settings.customization.paymentMethods);
  const { words } = brick;
  const bounds = installmentBounds(asked.minInstallments, asked.maxInstallments);
  const takes = (method: Method) => method.status === 'active' && amount >= method.min_allowed_amount && amount <= method.max_allowed_amount;
  const types = object(asked.types);
  const isRefused = (type: string) =>
    (Array.isArray(types.excluded) && types.excluded.includes(type)) || (Array.isArray(types.included) && !types.included.includes(type));
  const options: Option[] = [];
  const cards: Option[] = [];
  for (const { key, type, title } of CARDS) {
    const ids = idsOf(asked[key]);
    const offered = methods.filter((method) => method.payment_type_id === type && takes(method) && (ids === 'all' || ids.includes(method.id)));
    if (offered.length === 0 || isRefused(type)) continue;
    const allowed = { types: [type], ...(ids !== 'all' && { methods: ids }), ...bounds };
    cards.push({ kind: 'card', key: `${key}Form`, title: words[title], hint: '', icon: ICONS.card, selected: type, allowed });
  }
  for (const card of saved) {
    const { id, name, payment_type_id: type } = card.payment_method;
    const form = cards.find((option) => option.selected === type);
    if (form?.kind !== 'card' || (form.allowed.methods && !form.allowed.methods.includes(id))) continue;
    const title = words.savedCard(name, card.last_four_digits);
    options.push({ kind: 'saved', key: `saved-${card.id}`, title, hint: card.issuer.name, icon: ICONS.card, selected: type, card, allowed: form.allowed });
  }
  options.push(...cards);
  for (const { key, type, hint, icon } of OFFLINE) {
    const ids = idsOf(asked[key]);
    if (isRefused(type)) continue;
    for (const method of methods) {
      if (method.payment_type_id !== type || !takes(method) || !(ids === 'all' || ids.includes(method.id))) continue;
      const about = method.id === 'pix' ? words.pixHint : words[hint];
      options.push({ kind: 'offline', key: `${key}-${method.id}`, title: method.name, hint: about, icon, selected: type, method });
    }
  }
  const wallets = idsOf(asked.mercadoPago);
  for (const { id, title, hint } of WALLETS) {
    if (wallets === 'all' || wallets.includes(id)) {
      options.push({ kind: 'wallet', key: id, title: words[title], hint: words[hint], icon: ICONS.wallet, selected: id });
    }
  }
  return options;
}

/** `'all'`, a list of ids, or one id. */
function idsOf(asked: unknown): 'all' | string[] {
  if (asked === 'all' || (Array.isArray(asked) && asked.includes('all'))) return 'all';
  if (Array.isArray(asked)) return asked.map(string);
  return typeof asked === 'string' ? [asked] : [];
}

/** The one that `visual.defaultPaymentOption` names. */
export function defaultOf(brick: Brick, options: Option[]): Option | undefined {
  const asked = object(brick.visual.defaultPaymentOption);
  const prefixes: Record<string, string> = {
    creditCardForm: 'creditCardForm', debitCardForm: 'debitCardForm', ticketForm: 'ticket-', bankTransferForm: 'bankTransfer-', walletForm: 'wallet_purchase', creditForm: 'onboarding_credits',
  };
  const saved = string(asked.savedCardForm);
  const named = saved ? `saved-${saved}` : Object.keys(prefixes).filter((name) => asked[name] === true).map((name) => prefixes[name]!)[0];
  return named === undefined ? undefined : options.find(({ key }) => key.startsWith(named));
}
