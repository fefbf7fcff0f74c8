// What a token was refused with.
import { fieldOfCode, type CardField } from '../../refusal-codes';

interface Coded {
  code?: string;
}

/** The first field that it is about. */
export function entryOfRefusal(error: unknown): CardField | undefined {
  const list = Array.isArray(error) ? error : (error as { cause?: unknown } | undefined)?.cause;
  if (!Array.isArray(list)) return undefined;
  return (list.flat() as Coded[]).map(({ code }) => fieldOfCode(code)).find((field) => field !== undefined);
}

/** Whether nobody answered. */
export const isUnreached = (error: unknown): boolean =>
  ['network_error', 'timeout'].includes(String((error as { error?: unknown } | undefined)?.error));
