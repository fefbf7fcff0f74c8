// The choice of instalments, and what the law wants shown beside it.
import { annualCosts } from '../../annual-costs';
import type { Brick } from '../brick';
import { h } from '../dom';
import { SelectEntry } from '../entries';
import { money } from '../money';
import type { PayerCost } from './card-lookup';

export class InstallmentsEntry {
  readonly element: HTMLElement;
  readonly entry: SelectEntry;
  private readonly costs: HTMLElement;
  private rows: PayerCost[] = [];
  private amount = 0;

  constructor(
    private readonly brick: Brick,
    private readonly site: string,
    id: string,
  ) {
    const { words } = brick;
    this.entry = new SelectEntry(words, {
      id: `${id}-installments`,
      label: brick.text('installmentsSectionTitle', words.installmentsSectionTitle),
      onChange: () => this.showCosts(),
    });
    this.costs = h('dl', { class: 'costs', 'aria-live': 'polite', hidden: true });
    this.element = h('div', { hidden: true }, this.entry.element, this.costs);
  }

  /** What is chosen; where there is nothing to choose, the only row. */
  get chosen(): PayerCost | undefined {
    if (this.rows.length === 1) return this.rows[0];
    return this.rows.find(({ installments }) => String(installments) === this.entry.value);
  }

  get mustChoose(): boolean {
    return this.rows.length > 1;
  }

  fill(rows: PayerCost[], amount: number): void {
    this.amount = amount;
    const before = this.entry.value;
    this.rows = rows;
    const { words } = this.brick;
    const options = rows.map(({ installments, recommended_message: text }) => ({ value: String(installments), text }));
    this.entry.fill(options, this.brick.text('selectInstallments', words.selectInstallments), before || undefined);
    this.element.hidden = rows.length < 2;
    this.showCosts();
  }

  clear(): void {
    this.rows = [];
    this.entry.fill([]);
    this.element.hidden = true;
    this.showCosts();
  }

  /**
   * The total of what is chosen, where a narrow list cuts it off. In Argentina, by Resolución E 51/2017: cash price, total,
   * number and amount of the instalments, TEA and CFT.
   */
  private showCosts(): void {
    const { words } = this.brick;
    const row = this.rows.length > 1 ? this.chosen : undefined;
    const rates = row && annualCosts(row.labels);
    this.costs.hidden = !row;
    this.costs.replaceChildren();
    if (!row) return;
    const item = (term: string, text: string, className?: string) => h('div', { class: className }, h('dt', {}, `${term}: `), h('dd', {}, text));
    if (!rates) return this.costs.append(item(words.total, money(row.total_amount, this.site)));
    const plain = words.perInstallment(row.installments, money(row.installment_amount, this.site));
    this.costs.append(
      item(words.cashPrice, money(this.amount, this.site)),
      item(words.installmentsSectionTitle, plain),
      item(words.totalPrice, money(row.total_amount, this.site)),
      item('TEA', rates.tea, 'tea'),
      item('CFT', rates.cft, 'cft'),
    );
  }
}
