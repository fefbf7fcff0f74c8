// The button that pays, and what happens when it is pressed: once, however often.
import type { Brick } from './brick';
import { isUnreached } from './card/refusals';
import { LookupError } from './card/card-lookup';
import { h } from './dom';

export class Submission {
  readonly button: HTMLButtonElement;
  /** What went wrong, read out at once. */
  readonly notice: HTMLElement;
  private readonly spinner: HTMLElement;
  private readonly label: HTMLElement;
  private isBusy = false;
  private isDone = false;
  /** When the buyer was told how the last try ended. */
  private toldAt = 0;

  constructor(
    private readonly brick: Brick,
    private text: string,
  ) {
    this.label = h('span', {}, text);
    this.spinner = h('span', { class: 'spinner', 'aria-hidden': 'true', hidden: true });
    // Pressed, it takes no focus: what a field says when it is left would push the button from under the finger.
    this.button = h('button', { type: 'submit', class: 'pay', onmousedown: (event: Event) => event.preventDefault() }, this.spinner, this.label);
    this.button.hidden = brick.visual.hidePaymentButton === true;
    this.notice = h('div', { class: 'notice', role: 'alert' });
  }

  setText(text: string): void {
    this.text = text;
    if (!this.isBusy && !this.isDone) this.label.textContent = text;
  }

  /** What is typed is not what was paid: it can be paid. */
  changed(): void {
    this.notice.textContent = '';
    if (!this.isDone || this.isBusy) return;
    this.isDone = false;
    this.label.textContent = this.text;
    this.button.disabled = false;
  }

  /** Whether a key was pressed before the buyer was told how the last try ended: it asks for no other one. */
  isStale(at: number): boolean {
    return at < this.toldAt;
  }

  /** Runs `work`, after which the button is as it was: what it leads to may be left again. */
  async runOnce(work: () => Promise<unknown>): Promise<void> {
    await this.run(work);
    if (!this.isDone) return;
    this.isDone = false;
    this.show(this.text);
  }

  /** Runs `work` unless it runs already, or is done. The page's promise keeps the button busy. */
  async run(work: () => Promise<unknown>): Promise<void> {
    if (this.isBusy || this.isDone) return;
    this.isBusy = true;
    this.notice.textContent = '';
    this.show(this.brick.words.paying);
    try {
      await work();
      this.isDone = true;
    } catch (error) {
      this.notice.textContent = this.textOf(error);
    } finally {
      this.isBusy = false;
      this.toldAt = Date.now();
      this.show(this.isDone ? this.brick.words.done : this.text);
    }
  }

  private show(text: string): void {
    this.spinner.hidden = !this.isBusy;
    this.button.disabled = this.isBusy || this.isDone;
    this.button.setAttribute('aria-busy', String(this.isBusy));
    this.label.textContent = text;
  }

  private textOf(error: unknown): string {
    const { words } = this.brick;
    if (error instanceof Incomplete) return '';
    if (error instanceof LookupError) return error.text;
    return isUnreached(error) || navigator.onLine === false ? words.notReached : words.notPaid;
  }
}

/** What is wrong is shown at the fields. */
export class Incomplete extends Error {}
