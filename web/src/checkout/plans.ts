// What each number of instalments costs, as rows to choose from: the same markup that the page without scripts shows.
import { annualCosts } from '../annual-costs';
import type { Installments } from '../core';

export type Cost = Installments['payer_costs'][number];

/** How the site writes amounts. */
export interface Notation {
  symbol: string;
  decimal: string;
  thousands: string;
  decimals: number;
}

export interface Wording {
  one: string;
  free: string;
  inAll: string;
}

export function amountText(amount: number, { symbol, decimal, thousands, decimals }: Notation): string {
  const [whole = '0', fraction] = amount.toFixed(decimals).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, thousands);
  return `${symbol}\u00a0${grouped}${fraction === undefined ? '' : decimal + fraction}`;
}

/** What is posted of a plan: the number of instalments, and what the buyer is shown that they cost in all. */
export function planValue(cost: Cost, { decimals }: Notation): string {
  return `${Number(cost.installments)}:${Number(cost.total_amount).toFixed(decimals)}`;
}

/** A row with its radio button. */
export function planRow(cost: Cost, price: number, chosen: boolean, notation: Notation, wording: Wording): HTMLElement {
  const count = Number(cost.installments);
  const total = Number(cost.total_amount);
  const row = element('label', 'plan');
  const radio = document.createElement('input');
  radio.type = 'radio';
  radio.name = 'installments';
  radio.value = planValue(cost, notation);
  radio.checked = chosen;
  const text = element('span', 'plan-text');
  const free = count > 1 && total <= price ? ` ${wording.free}` : '';
  const each = count === 1 ? wording.one : `${count} × ${amountText(Number(cost.installment_amount), notation)}${free}`;
  text.append(element('span', 'digits', each), ' ', element('span', 'soft digits', `${amountText(total, notation)} ${wording.inAll}`));
  const annual = count > 1 ? annualCosts(cost.labels) : undefined;
  if (annual) {
    const costs = element('span', 'annual');
    costs.append(element('span', 'cft digits', `CFT ${annual.cft}`), ' ', element('span', 'tea digits', `TEA ${annual.tea}`));
    text.append(costs);
  }
  row.append(radio, ' ', text);
  return row;
}

function element(tag: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
