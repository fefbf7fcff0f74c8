// Which field a refused token is about, by the codes that the library and the API share.

const ENTRIES: Record<string, string> = {
  '205': 'cardNumber', E301: 'cardNumber', E305: 'cardNumber',
  '208': 'expirationDate', '209': 'expirationDate', '325': 'expirationDate', '326': 'expirationDate', '301': 'expirationDate',
  '224': 'securityCode', E302: 'securityCode', E203: 'securityCode',
  '221': 'cardholderName', '316': 'cardholderName',
  '212': 'identification', '213': 'identification', '214': 'identification', '322': 'identification', '323': 'identification', '324': 'identification',
};

interface Coded {
  code?: string;
}

export function entryOfRefusal(error: unknown): string | undefined {
  const list = Array.isArray(error) ? error : (error as { cause?: unknown } | undefined)?.cause;
  if (!Array.isArray(list)) return undefined;
  return (list.flat() as Coded[]).map(({ code }) => ENTRIES[String(code)]).find((entry) => entry !== undefined);
}

/** Whether nobody answered. */
export const isUnreached = (error: unknown): boolean =>
  ['network_error', 'timeout'].includes(String((error as { error?: unknown } | undefined)?.error));
