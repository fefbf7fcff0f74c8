// Amounts as people of a market write them.

interface Market {
  currency: string;
  locale: string;
  /** What people write, not what ISO 4217 says: nobody shows Colombian or Chilean cents. */
  decimals: number;
}

const MARKETS: Record<string, Market> = {
  MLA: { currency: 'ARS', locale: 'es-AR', decimals: 2 },
  MLB: { currency: 'BRL', locale: 'pt-BR', decimals: 2 },
  MLC: { currency: 'CLP', locale: 'es-CL', decimals: 0 },
  MCO: { currency: 'COP', locale: 'es-CO', decimals: 0 },
  MLM: { currency: 'MXN', locale: 'es-MX', decimals: 2 },
  MPE: { currency: 'PEN', locale: 'es-PE', decimals: 2 },
  MLU: { currency: 'UYU', locale: 'es-UY', decimals: 2 },
};

export function money(amount: number, site: string): string {
  const market = MARKETS[site] ?? MARKETS.MLA!;
  const digits = Number.isInteger(amount) ? market.decimals : Math.max(market.decimals, 2);
  return new Intl.NumberFormat(market.locale, {
    style: 'currency',
    currency: market.currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(amount);
}

export function dateText(iso: string, locale: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' }).format(date);
}
