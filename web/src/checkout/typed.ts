// After a refusal the buyer starts a new form: who they are need not be typed again. It is kept in this tab alone until the
// purchase is paid or waits, and never anything of a card but its holder's name.

const KEY = 'pasarela.typed';
const KEPT: readonly string[] = [
  'email',
  'first_name',
  'last_name',
  'document_type',
  'document_number',
  'card_holder',
  'zip_code',
  'street_name',
  'street_number',
  'neighborhood',
  'city',
  'federal_unit',
  'financial_institution',
];

interface Typed {
  purchase: string;
  fields: Record<string, string>;
}

/** Keeps what is in a form that is about to be sent. */
export function keepTyped(form: HTMLFormElement): void {
  const purchase = purchaseOfForm();
  if (!purchase) return;
  const known = read();
  const fields = known?.purchase === purchase ? known.fields : {};
  for (const name of KEPT) {
    const control = form.elements.namedItem(name);
    if (control instanceof HTMLInputElement || control instanceof HTMLSelectElement) fields[name] = control.value;
  }
  write({ purchase, fields });
}

/** Fills the page's form in with it; forgets it where the page is of a payment that was made. */
export function fillInTyped(): void {
  const known = read();
  if (!known) return;
  const progress = document.querySelector<HTMLElement>('main')?.dataset.progress ?? '';
  if (['paid', 'waiting', 'review'].includes(progress)) {
    write();
    return;
  }
  if (purchaseOfForm() !== known.purchase) return;
  for (const [name, value] of Object.entries(known.fields)) {
    const control = document.querySelector<HTMLInputElement | HTMLSelectElement>(`form.form [name="${name}"]`);
    if (!control || !value) continue;
    if (control instanceof HTMLInputElement || [...control.options].some((option) => option.value === value)) control.value = value;
  }
}

const purchaseOfForm = (): string | undefined => document.getElementById('paid-here')?.dataset.purchase;

function write(typed?: Typed): void {
  try {
    if (typed) sessionStorage.setItem(KEY, JSON.stringify(typed));
    else sessionStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing has it typed again.
  }
}

function read(): Typed | undefined {
  try {
    const { purchase, fields } = JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Partial<Typed>;
    if (typeof purchase !== 'string' || typeof fields !== 'object' || fields === null) return undefined;
    const kept = Object.entries(fields).filter(([name, value]) => KEPT.includes(name) && typeof value === 'string');
    return { purchase, fields: Object.fromEntries(kept) };
  } catch {
    return undefined;
  }
}
