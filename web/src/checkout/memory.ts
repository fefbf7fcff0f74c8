// Two tabs, or a bookmark opened again: this browser knows which purchases were paid in it, and says so before another
// payment is made. Nothing but the addresses of results is kept, the newest few.

const KEY = 'pasarela.paid';
const MOST = 20;

type Paid = [purchase: string, address: string];

export function remember(): void {
  const result = document.querySelector<HTMLElement>('[data-result]');
  const purchase = result?.dataset.result;
  if (result && purchase) {
    const look = (): void => {
      if (document.querySelector('main[data-progress="paid"]')) keep(purchase, location.pathname + location.search);
    };
    look();
    // The page's status follows the payment.
    new MutationObserver(look).observe(document.body, { childList: true });
    return;
  }
  warn();
  addEventListener('storage', (event) => {
    if (event.key === KEY) warn();
  });
}

/** Tells the buyer of a purchase that this browser has paid. */
function warn(): void {
  const notice = document.getElementById('paid-here');
  const paid = read().find(([purchase]) => purchase === notice?.dataset.purchase);
  if (!notice || !paid) return;
  // Only an address of this checkout: what is stored may be anybody's who wrote to this origin.
  if (!paid[1].startsWith('/checkout/v1/result?')) return;
  notice.querySelector('a')?.setAttribute('href', paid[1]);
  notice.hidden = false;
}

function keep(purchase: string, address: string): void {
  const others = read().filter(([known]) => known !== purchase);
  try {
    localStorage.setItem(KEY, JSON.stringify([[purchase, address], ...others].slice(0, MOST)));
  } catch {
    // A browser that keeps nothing warns of nothing.
  }
}

function read(): Paid[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    const isPaid = (row: unknown): row is Paid => Array.isArray(row) && row.length === 2 && row.every((text) => typeof text === 'string');
    return Array.isArray(kept) ? kept.filter(isPaid) : [];
  } catch {
    return [];
  }
}
