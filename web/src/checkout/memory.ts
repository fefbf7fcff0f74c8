// Two tabs, a bookmark opened again, an answer that was lost: this browser knows which payments of a purchase were sent
// from it, asks what became of them, and says so before another one is made. Nothing but the addresses of results is kept,
// the newest few, for a day.

const KEY = 'pasarela.paid';
const MOST = 20;
const LIFE_MS = 24 * 3_600_000;
/** For so long what was sent may still become a payment. */
const IN_FLIGHT_MS = 70_000;
/** How soon it is asked for again at first; each time after twice as long. */
const ASK_AGAIN_MS = 2_000;

type State = 'sent' | 'waiting' | 'paid';

interface Payment {
  purchase: string;
  /** Of its result; of the way to it, while it is not known whether there is one. */
  address: string;
  state: State;
  at: number;
}

/** What the pages' own words for it come to; a payment that came to nothing is forgotten. */
const STATES: Record<string, State | undefined> = { paid: 'paid', waiting: 'waiting', review: 'waiting' };

export function remember(): void {
  const result = document.querySelector<HTMLElement>('[data-result]');
  const purchase = result?.dataset.result;
  if (result && purchase) {
    const look = (): void => note(purchase, location.pathname + location.search, progressOf(document.body.innerHTML));
    look();
    // The page's status follows the payment.
    new MutationObserver(look).observe(document.body, { childList: true });
    return;
  }
  warn();
  void ask(ASK_AGAIN_MS);
  addEventListener('storage', (event) => {
    if (event.key === KEY) warn();
  });
}

/** Notes that a form which pays is about to be sent to `address`: its answer may be lost. */
export function noteSending(form: HTMLFormElement, address: string): void {
  const { pathname, search, searchParams } = new URL(address, location.href);
  const purchase = searchParams.get('pref_id');
  const [, attempt] = String(new FormData(form).get('form') ?? '').split('.');
  if (!purchase || !attempt || !pathname.endsWith('/pay')) return;
  keep({ purchase, address: `/checkout/v1/return${search}&attempt=${encodeURIComponent(attempt)}`, state: 'sent', at: Date.now() });
}

/** Asks what became of the payments of this page's purchase that are not known to be paid. */
async function ask(wait: number): Promise<void> {
  const purchase = document.getElementById('paid-here')?.dataset.purchase;
  let mayCome = false;
  for (const payment of read().filter((known) => known.purchase === purchase && known.state !== 'paid')) {
    const became = await outcomeOf(payment.address);
    // Without an answer it is as it was.
    if (!became) continue;
    if (!became.progress && payment.state === 'sent' && Date.now() - payment.at < IN_FLIGHT_MS) {
      mayCome = true;
      continue;
    }
    drop(payment.address);
    note(payment.purchase, became.address, became.progress, payment.at);
  }
  warn();
  if (mayCome) setTimeout(() => void ask(wait * 2), wait);
}

/** A result's address and progress; no progress where no payment was made. */
async function outcomeOf(address: string): Promise<{ address: string; progress?: string } | undefined> {
  try {
    const answer = await fetch(address);
    if (answer.status >= 500) return undefined;
    const { pathname, search } = new URL(answer.url);
    if (!answer.ok || pathname !== '/checkout/v1/result') return { address };
    return { address: pathname + search, progress: progressOf(await answer.text()) };
  } catch {
    return undefined;
  }
}

function progressOf(page: string): string | undefined {
  return /<main[^>]* data-progress="([a-z]+)"/.exec(page)?.[1];
}

/** Tells the buyer of a purchase that this browser has paid, or is paying. */
function warn(): void {
  const notice = document.getElementById('paid-here');
  if (!notice) return;
  const payments = read().filter(({ purchase }) => purchase === notice.dataset.purchase);
  const told = payments.find(({ state }) => state === 'paid') ?? payments.find(({ state }) => state === 'waiting');
  notice.hidden = !told;
  if (!told) return;
  notice.className = `progress progress-${told.state}`;
  notice.querySelector('.progress-title')!.textContent = (told.state === 'paid' ? notice.dataset.paid : notice.dataset.underWay) ?? '';
  notice.querySelector('a')?.setAttribute('href', told.address);
}

function note(purchase: string, address: string, progress: string | undefined, at = Date.now()): void {
  const state = STATES[progress ?? ''];
  if (state) keep({ purchase, address, state, at });
  else drop(address);
}

function keep(payment: Payment): void {
  write([payment, ...read().filter(({ address }) => address !== payment.address)].slice(0, MOST));
}

function drop(address: string): void {
  const payments = read();
  const others = payments.filter((known) => known.address !== address);
  if (others.length < payments.length) write(others);
}

function write(payments: Payment[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(payments));
  } catch {
    // A browser that keeps nothing warns of nothing.
  }
}

function read(): Payment[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isPayment) : [];
  } catch {
    return [];
  }
}

/** What is stored may be anybody's who wrote to this origin: only addresses of this checkout, of the last day. */
function isPayment(row: unknown): row is Payment {
  const { purchase, address, state, at } = (row ?? {}) as Record<string, unknown>;
  if (typeof purchase !== 'string' || typeof address !== 'string' || typeof at !== 'number') return false;
  const way = state === 'sent' ? '/checkout/v1/return?' : '/checkout/v1/result?';
  return ['sent', 'waiting', 'paid'].includes(String(state)) && address.startsWith(way) && Math.abs(Date.now() - at) < LIFE_MS;
}
