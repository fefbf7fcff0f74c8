// The status screen brick: what became of a payment, what the buyer has still to do, and where to go.
import type { BricksStyle, Controller, Kit } from '../bricks';
import { webUrl } from '../web-url';
import { Brick, object, string, type Settings } from './brick';
import { append, h, icon, ICONS } from './dom';
import { dateText, money } from './money';
import { challengeOf, Challenge } from './status/challenge';
import { instructionsOf } from './status/instructions';

/** What a public key may see of a payment. */
export interface Glance {
  id: number;
  status: string;
  status_detail: string;
  total_paid_amount: number;
  transaction_amount: number;
  currency_id: string;
  date_created: string;
  date_of_expiration: string | null;
  payment_method_id: string;
  payment_type_id: string;
  installments: number;
  installment_amount: number;
  last_four_digits: string | null;
  external_reference: string | null;
  statement_descriptor: string | null;
  message: string | null;
  instructions: Instructions | null;
}

export interface Instructions {
  external_resource_url: string | null;
  qr_code: string | null;
  qr_code_base64: string | null;
  barcode: string | null;
  digitable_line: string | null;
  reference: string | null;
  verification_code: string | null;
}

interface Method {
  id: string;
  name: string;
}

/** How often a payment that is not over is looked at: soon at first, for half an hour in all. */
const FIRST_WAIT_MS = 3_000;
const LONGEST_WAIT_MS = 30_000;
const PATIENCE_MS = 30 * 60_000;

/** Something is still to come. */
const WAITING = ['pending', 'in_process'];
/** The same card may pay yet: something about it can be put right. */
const CARD_FAULTS = /^cc_rejected_(bad_filled|form_error|card_disabled|call_for_authorize)/;

export function statusScreen(kit: Kit, style: BricksStyle, container: HTMLElement, settings: Settings): { brick: Brick; controller: Controller } {
  const brick = new Brick(kit, style, container, settings);
  const screen = new StatusScreen(brick);
  brick.atEnd(() => screen.end());
  void screen.load();
  return { brick, controller: { unmount: () => brick.end() } };
}

class StatusScreen {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wait = FIRST_WAIT_MS;
  private readonly since = Date.now();
  private shown = '';
  private challenge: Challenge | undefined;
  private methods: Method[] = [];
  private site = 'MLA';

  constructor(private readonly brick: Brick) {}

  async load(): Promise<void> {
    const { brick } = this;
    brick.showWaiting();
    try {
      const [glance, site, methods] = await Promise.all([this.glance(), brick.core.site(), brick.core.api.read<Method[]>('/v1/payment_methods')]);
      if (brick.isOver) return;
      this.site = site;
      this.methods = methods;
      this.show(glance);
      brick.ready();
    } catch {
      brick.tell('critical', 'get_payment_data_failed');
      if (!brick.isOver) brick.showFailure(brick.words.notReached, () => void this.load());
    }
  }

  end(): void {
    clearTimeout(this.timer);
    this.challenge?.end();
  }

  private glance(): Promise<Glance> {
    const id = string(this.brick.settings.initialization.paymentId);
    return this.brick.core.api.read<Glance>(`/pasarela/bricks/payments/${encodeURIComponent(id)}`, { locale: this.brick.locale });
  }

  private show(glance: Glance): void {
    const summary = JSON.stringify(glance);
    if (summary !== this.shown) {
      this.shown = summary;
      const asked = challengeOf(this.brick);
      if (asked && glance.status === 'pending' && glance.status_detail === 'pending_challenge' && !this.challenge?.isDone) this.openChallenge(asked);
      else this.render(glance);
    }
    if (WAITING.includes(glance.status) && Date.now() - this.since < PATIENCE_MS) this.lookAgain();
  }

  /** What changes elsewhere is shown here without a reload. A look that fails is made again later. */
  private lookAgain(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.wait = Math.min(this.wait * 1.3, LONGEST_WAIT_MS);
      if (document.hidden) return this.lookAgain();
      this.glance().then(
        (glance) => !this.brick.isOver && this.show(glance),
        () => !this.brick.isOver && this.lookAgain(),
      );
    }, this.wait);
  }

  private openChallenge(asked: { url: string; creq: string }): void {
    this.challenge?.end();
    this.challenge = new Challenge(this.brick, asked, () => {
      // The message says that the challenge has ended, and not how.
      this.shown = '';
      this.wait = FIRST_WAIT_MS / 6;
      this.brick.showWaiting();
      this.lookAgain();
    });
    this.challenge.open();
  }

  private render(glance: Glance): void {
    const { brick } = this;
    const { words } = brick;
    const look = outcomeOf(glance);
    const title = { good: words.approved, pending: words.pending, process: words.inProcess, bad: words.rejected, cancelled: words.cancelled, refunded: words.refunded, disputed: words.disputed }[look.title];
    const message = this.message(glance);
    const children: (Node | false | undefined)[] = [
      h('div', { class: `outcome ${look.tone}`, role: 'status' },
        h('span', { class: 'badge' }, icon(look.icon)),
        h('h2', {}, title),
        message !== '' && h('p', { class: 'soft' }, message),
        look.title === 'bad' || look.title === 'cancelled' ? false : h('p', { class: 'amount' }, money(glance.total_paid_amount || glance.transaction_amount, this.site)),
      ),
      glance.instructions ? instructionsOf(brick, glance.instructions, this.methodName(glance)) : undefined,
      brick.visual.hideStatusDetails !== true && this.facts(glance),
      ...this.ways(glance),
    ];
    const stack = h('div', { class: 'stack' });
    append(stack, children);
    brick.show(stack);
  }

  private message(glance: Glance): string {
    const { installments, statement_descriptor: statement } = glance;
    const values: Record<string, string> = {
      amount: money(glance.total_paid_amount || glance.transaction_amount, this.site),
      payment_method: this.methodName(glance),
      payment_method_id: this.methodName(glance),
      installments: String(installments),
      statement_descriptor: statement ?? 'Pasarela',
    };
    return (glance.message ?? '').replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
  }

  private methodName({ payment_method_id: id }: Glance): string {
    return this.methods.find((method) => method.id === id)?.name ?? id;
  }

  private facts(glance: Glance): HTMLElement {
    const { brick } = this;
    const { words, visual } = brick;
    const card = glance.last_four_digits ? words.savedCard(this.methodName(glance), glance.last_four_digits) : this.methodName(glance);
    const rows: [string, string][] = [[words.paymentMethod, card]];
    if (glance.installments > 1) rows.push([words.installmentsSectionTitle, words.perInstallment(glance.installments, money(glance.installment_amount, this.site))]);
    if (glance.instructions && glance.date_of_expiration) rows.push([words.due, dateText(glance.date_of_expiration, brick.locale)]);
    if (visual.hideTransactionDate !== true) rows.push([words.date, dateText(glance.date_created, brick.locale)]);
    rows.push([words.operation, String(glance.id)]);
    if (visual.showExternalReference === true && glance.external_reference) rows.push([words.reference, glance.external_reference]);
    return h('dl', { class: 'facts' }, ...rows.map(([term, text]) => h('div', {}, h('dt', {}, term), h('dd', {}, text))));
  }

  /** Where the buyer can go: only to the shop's own pages. */
  private ways(glance: Glance): HTMLElement[] {
    const { brick } = this;
    const { words } = brick;
    const urls = object(brick.settings.customization.backUrls);
    const [error, back] = [ownPage(string(urls.error)), ownPage(string(urls.return))];
    const isCardFault = CARD_FAULTS.test(glance.status_detail);
    const ways: HTMLElement[] = [];
    if (error && ['rejected', 'cancelled'].includes(glance.status)) {
      const label = isCardFault ? brick.text('ctaCardErrorLabel', words.fixCard) : brick.text('ctaGeneralErrorLabel', words.otherMethod);
      ways.push(h('a', { class: 'pay', href: error }, label));
    }
    if (back) ways.push(h('a', { class: ways.length > 0 ? 'pay quiet' : 'pay', href: back }, brick.text('ctaReturnLabel', words.backToShop)));
    return ways;
  }
}

type Title = 'good' | 'pending' | 'process' | 'bad' | 'cancelled' | 'refunded' | 'disputed';

function outcomeOf({ status }: Glance): { title: Title; tone: string; icon: string } {
  switch (status) {
    case 'approved':
    case 'authorized':
      return { title: 'good', tone: 'good', icon: ICONS.check };
    case 'pending':
      return { title: 'pending', tone: 'pending', icon: ICONS.clock };
    case 'rejected':
      return { title: 'bad', tone: 'bad', icon: ICONS.cross };
    case 'cancelled':
      return { title: 'cancelled', tone: 'bad', icon: ICONS.cross };
    case 'refunded':
      return { title: 'refunded', tone: 'neutral', icon: ICONS.check };
    case 'in_mediation':
    case 'charged_back':
      return { title: 'disputed', tone: 'pending', icon: ICONS.clock };
    default:
      return { title: 'process', tone: 'pending', icon: ICONS.clock };
  }
}

/** An address on the page's own host, or nothing. */
function ownPage(text: string): string | undefined {
  if (text === '') return undefined;
  const url = webUrl(text, location.href);
  if (url?.hostname === location.hostname) return url.href;
  console.warn(`MercadoPago.js: \`${text}\` is not an address of this page's host, and is not shown`);
  return undefined;
}
