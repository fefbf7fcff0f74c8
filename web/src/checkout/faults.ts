// Which field a refused token is about: the library says it by lists of codes, the API by causes with the same codes.

export type Input = 'card_number' | 'card_expiry' | 'card_code' | 'card_holder' | 'document_number' | 'email';

const ORDER: readonly Input[] = ['card_number', 'card_expiry', 'card_code', 'card_holder', 'document_number'];

const INPUTS: Record<string, Input> = {
  205: 'card_number', E301: 'card_number', E305: 'card_number',
  208: 'card_expiry', 209: 'card_expiry', 325: 'card_expiry', 326: 'card_expiry', 301: 'card_expiry',
  224: 'card_code', E302: 'card_code', E203: 'card_code',
  221: 'card_holder', 316: 'card_holder',
  212: 'document_number', 213: 'document_number', 214: 'document_number', 322: 'document_number', 323: 'document_number', 324: 'document_number',
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
    const input = INPUTS[String((entry as { code?: unknown } | null)?.code)];
    if (input) found.add(input);
  }
  const isLate = (entry: unknown): boolean => /timed out/.test(String((entry as { message?: unknown } | null)?.message));
  const isNetwork = said?.error === 'network_error' || said?.error === 'timeout' || list.some(isLate);
  return { inputs: ORDER.filter((input) => found.has(input)), isNetwork };
}
