// The languages that a page can ask for.

export const LOCALES = ['es-AR', 'es-CL', 'es-CO', 'es-MX', 'es-VE', 'es-UY', 'es-PE', 'pt-BR', 'en-US'] as const;

const DEFAULT = 'es-AR';

export const isLocale = (text: unknown): text is string => (LOCALES as readonly unknown[]).includes(text);

/** What the page says of itself, else what the browser says, as one of [`LOCALES`]. */
export function guessLocale(): string {
  const said = [document.documentElement.lang, ...(navigator.languages ?? [navigator.language])];
  for (const tag of said) {
    const exact = LOCALES.find((locale) => locale.toLowerCase() === tag?.toLowerCase());
    const sameLanguage = LOCALES.find((locale) => tag && locale.slice(0, 2) === tag.slice(0, 2).toLowerCase());
    if (exact ?? sameLanguage) return (exact ?? sameLanguage)!;
  }
  return DEFAULT;
}
