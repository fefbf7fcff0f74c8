// How bricks look: four themes, each of which is a value for every variable that a page may set, too. The first one has the
// colours of the hosted pages, so that a shop and the platform are of one family.
import style from './look.css';

export const VARIABLES = [
  'textPrimaryColor', 'textSecondaryColor', 'inputBackgroundColor', 'formBackgroundColor', 'baseColor', 'baseColorFirstVariant',
  'baseColorSecondVariant', 'secondaryColor', 'errorColor', 'warningColor', 'successColor', 'secondarySuccessColor', 'outlinePrimaryColor',
  'outlineSecondaryColor', 'buttonTextColor', 'fontSizeExtraExtraSmall', 'fontSizeExtraSmall', 'fontSizeSmall', 'fontSizeMedium',
  'fontSizeLarge', 'fontSizeExtraLarge', 'fontSizeExtraExtraLarge', 'fontWeightNormal', 'fontWeightSemiBold', 'formInputsTextTransform',
  'inputVerticalPadding', 'inputHorizontalPadding', 'inputFocusedBoxShadow', 'inputErrorFocusedBoxShadow', 'inputBorderWidth',
  'inputFocusedBorderWidth', 'borderRadiusSmall', 'borderRadiusMedium', 'borderRadiusLarge', 'borderRadiusFull', 'formPadding',
] as const;
export type Variable = (typeof VARIABLES)[number];
export type Look = Record<Variable, string>;

const DEFAULT: Look = {
  textPrimaryColor: '#17231f',
  textSecondaryColor: '#53625d',
  inputBackgroundColor: '#ffffff',
  formBackgroundColor: '#ffffff',
  baseColor: '#0b5c57',
  baseColorFirstVariant: '#084541',
  baseColorSecondVariant: '#eaf0ee',
  secondaryColor: '#eaf0ee',
  errorColor: '#9b2318',
  warningColor: '#7a4d00',
  successColor: '#0d6137',
  secondarySuccessColor: '#e2f4e9',
  outlinePrimaryColor: '#7b8984',
  outlineSecondaryColor: '#d7dfdb',
  buttonTextColor: '#ffffff',
  fontSizeExtraExtraSmall: '0.75rem',
  fontSizeExtraSmall: '0.8125rem',
  fontSizeSmall: '0.875rem',
  fontSizeMedium: '1rem',
  fontSizeLarge: '1.0625rem',
  fontSizeExtraLarge: '1.25rem',
  fontSizeExtraExtraLarge: '1.875rem',
  fontWeightNormal: '400',
  fontWeightSemiBold: '600',
  formInputsTextTransform: 'none',
  inputVerticalPadding: '0.5rem',
  inputHorizontalPadding: '0.75rem',
  inputFocusedBoxShadow: '0 0 0 3px rgba(11, 92, 87, 0.22)',
  inputErrorFocusedBoxShadow: '0 0 0 3px rgba(155, 35, 24, 0.2)',
  inputBorderWidth: '1px',
  inputFocusedBorderWidth: '1px',
  borderRadiusSmall: '0.375rem',
  borderRadiusMedium: '0.625rem',
  borderRadiusLarge: '0.875rem',
  borderRadiusFull: '62rem',
  formPadding: '1.25rem',
};

const THEMES: Record<string, Look> = {
  default: DEFAULT,
  dark: {
    ...DEFAULT,
    textPrimaryColor: '#e8efec',
    textSecondaryColor: '#a3b2ad',
    inputBackgroundColor: '#101614',
    formBackgroundColor: '#18211e',
    baseColor: '#6fd0c5',
    baseColorFirstVariant: '#93ded6',
    baseColorSecondVariant: '#22302c',
    secondaryColor: '#22302c',
    errorColor: '#f4a59b',
    warningColor: '#f2c879',
    successColor: '#8adcaf',
    secondarySuccessColor: '#10301f',
    outlinePrimaryColor: '#6f807a',
    outlineSecondaryColor: '#2f3b37',
    buttonTextColor: '#06231f',
    inputFocusedBoxShadow: '0 0 0 3px rgba(111, 208, 197, 0.3)',
    inputErrorFocusedBoxShadow: '0 0 0 3px rgba(244, 165, 155, 0.3)',
  },
  bootstrap: {
    ...DEFAULT,
    textPrimaryColor: '#212529',
    textSecondaryColor: '#565e64',
    baseColor: '#0d6efd',
    baseColorFirstVariant: '#0a58ca',
    baseColorSecondVariant: '#f1f3f5',
    secondaryColor: '#f1f3f5',
    errorColor: '#b02a37',
    warningColor: '#7a5800',
    successColor: '#146c43',
    secondarySuccessColor: '#d1e7dd',
    outlinePrimaryColor: '#868e96',
    outlineSecondaryColor: '#dee2e6',
    inputVerticalPadding: '0.375rem',
    inputFocusedBoxShadow: '0 0 0 0.25rem rgba(13, 110, 253, 0.25)',
    inputErrorFocusedBoxShadow: '0 0 0 0.25rem rgba(220, 53, 69, 0.25)',
    borderRadiusSmall: '0.25rem',
    borderRadiusMedium: '0.375rem',
    borderRadiusLarge: '0.5rem',
  },
  flat: {
    ...DEFAULT,
    inputBackgroundColor: '#f1f4f3',
    outlineSecondaryColor: '#e3e9e6',
    inputFocusedBoxShadow: 'none',
    inputErrorFocusedBoxShadow: 'none',
    inputFocusedBorderWidth: '2px',
    borderRadiusSmall: '0',
    borderRadiusMedium: '0',
    borderRadiusLarge: '0',
    formPadding: '1rem',
  },
};

const SYSTEM_FONTS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif';

export interface Visual {
  font?: string;
  style?: { theme?: string; customVariables?: Partial<Record<Variable, string>> };
}

/** The theme that is asked for, with the page's own variables over it. */
export function lookOf({ style: asked }: Visual, builderTheme: string | undefined): Look {
  const look = { ...(THEMES[asked?.theme ?? builderTheme ?? 'default'] ?? DEFAULT) };
  const given: Record<string, unknown> = asked?.customVariables ?? {};
  for (const name of VARIABLES) {
    const value = given[name];
    if (typeof value === 'string' || typeof value === 'number') look[name] = String(value);
  }
  return look;
}

/** Gives the host its variables, and its tree the stylesheet. */
export function dress(host: HTMLElement, root: ShadowRoot, look: Look, { font, style: asked }: Visual, builderTheme: string | undefined): void {
  const theme = asked?.theme ?? builderTheme;
  host.toggleAttribute('data-dark', theme === 'dark');
  // A font that the page loads is the page's own: it is inherited. A card's frame shows what the device has of it.
  host.style.setProperty('--font-family', font ? 'var(--page-font-family)' : SYSTEM_FONTS);
  if (font && host.parentElement) host.style.setProperty('--page-font-family', getComputedStyle(host.parentElement).fontFamily);
  if (theme === 'flat') host.style.setProperty('--form-border', '0');
  for (const name of VARIABLES) host.style.setProperty(propertyOf(name), look[name]);
  if ('adoptedStyleSheets' in root) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    root.adoptedStyleSheets = [sheet];
    return;
  }
  // Browsers before 2023: a page's policy may forbid this one, and the brick is plain there.
  const element = document.createElement('style');
  element.textContent = style;
  (root as ShadowRoot).appendChild(element);
}

export const propertyOf = (name: Variable): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** How a card's input looks in its frame. */
export function frameStyle(look: Look, host: HTMLElement): Record<string, string> {
  return {
    color: look.textPrimaryColor,
    placeholderColor: look.textSecondaryColor,
    fontSize: look.fontSizeMedium,
    fontWeight: look.fontWeightNormal,
    fontFamily: host.style.getPropertyValue('--page-font-family') || SYSTEM_FONTS,
    paddingTop: '0',
    paddingBottom: '0',
    paddingLeft: look.inputHorizontalPadding,
    paddingRight: look.inputHorizontalPadding,
    height: '100%',
  };
}
