// Which input a refused token is about: the library says it by lists of codes, the API by causes with the same codes.
import { fieldOfCode, type CardField } from '../refusal-codes';

export type Input = 'card_number' | 'card_expiry' | 'card_code' | 'card_holder' | 'document_number' | 'email';

/** In the form's order. */
const INPUTS: Record<CardField, Input> = {
  cardNumber: 'card_number',
  expirationDate: 'card_expiry',
  securityCode: 'card_code',
  cardholderName: 'card_holder',
  identification: 'document_number',
};

export interface Faults {
  /** In the form's order. */
  inputs: Input[];
  isNetwork: boolean;
}

export function faultsOf(error: unknown): Faults {
  const said = error as { cause?: unknown; error?: unknown } | undefined;
  const list: unknown[] = Array.isArray(error) ? error : Array.isArray(said?.cause) ? said.cause : [];
  const found = new Set<Input>();
  for (const entry of list) {
    const field = fieldOfCode((entry as { code?: unknown } | null)?.code);
    if (field) found.add(INPUTS[field]);
  }
  const isLate = (entry: unknown): boolean => /timed out/.test(String((entry as { message?: unknown } | null)?.message));
  const isNetwork = said?.error === 'network_error' || said?.error === 'timeout' || list.some(isLate);
  return { inputs: Object.values(INPUTS).filter((input) => found.has(input)), isNetwork };
}
