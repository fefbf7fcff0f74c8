// What the library on the shop's page and the frame in which a card is typed say to each other.
//
// The frame says hello to the origin of the page that opened it, with the channel's random name. The library looks whose
// window and which origin that came from, and hands it one end of a MessageChannel: everything else goes through it, so
// nobody else on the page hears or speaks. A card number or CVV is in no message.

export const FIELD_TYPES = ['cardNumber', 'securityCode', 'expirationMonth', 'expirationYear', 'expirationDate'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

export type Cause = 'invalid_type' | 'invalid_length' | 'invalid_value';

export interface FieldError {
  message: string;
  cause: Cause;
}

export interface Settings {
  /** Of a number: how many digits. Of a CVV: 3 or 4. */
  length?: number;
  /** Of a number: whether its last digit is a Luhn digit. */
  validation?: string;
  /** Of a CVV. */
  mode?: string;
}

export interface FieldOptions {
  placeholder?: string;
  style?: Record<string, string | number | undefined>;
  customFonts?: { src: string }[];
  mode?: 'short' | 'full';
  enableLuhnValidation?: boolean;
  srLabel?: string;
  ariaRequired?: boolean;
  group?: string;
  settings?: Settings;
  /** Whether the number's brand is shown beside it while it is typed; it is, unless this is `false`. */
  brandMark?: boolean;
  /** Whose card it is, by the catalogue: it knows more than first digits tell. Said of what is typed now. */
  brand?: string;
  /** The shop says that the field is wrong, whatever the field says. */
  invalid?: boolean;
}

/** In the fragment of the frame's address. */
export interface Introduction {
  type: FieldType;
  /** The library's instance, whose fields are read together. */
  instance: string;
  group: string;
  channel: string;
  /** The page's origin: the only one that is spoken to. */
  page: string;
  locale: string;
}

export const EVENTS = ['ready', 'focus', 'blur', 'change', 'paste', 'validityChange', 'error', 'binChange'] as const;
export type EventName = (typeof EVENTS)[number];

/** What goes into a token beside what was typed. */
export interface TokenRequest {
  query: string;
  productId: string;
  /** Which frames are read: those of a group. */
  group: string;
  /** A CVV for this saved card. */
  cardId?: string;
  /** This token is changed. */
  token?: string;
  cardholder?: { name?: string; identification?: { type?: string | null; number?: string | null } };
  device?: unknown;
  requireEsc?: boolean;
  /** Whether a CVV may be left out. */
  securityCodeOptional: boolean;
  /** What the library found wrong with the rest: told together with what is wrong in the frames. */
  faults: unknown[];
}

export type ToFrame =
  | { kind: 'options'; options: FieldOptions }
  | { kind: 'focus' }
  | { kind: 'blur' }
  | { kind: 'token'; id: number; request: TokenRequest };

export type FromFrame =
  | { kind: 'event'; name: EventName; data: Record<string, unknown> }
  /** `at` is when, in milliseconds since 1970: a page that is busy hears of it later. */
  | { kind: 'enter'; at: number }
  | { kind: 'answer'; id: number; value?: unknown; error?: unknown };

/** The frame's hello. */
export interface Hello {
  pasarela: string;
}

/** The library's answer, with a port beside it. */
export interface Welcome extends Hello {
  options: FieldOptions;
}
