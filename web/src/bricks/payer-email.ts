// The payer's e-mail, where the shop has not given one that can be.
import { fault } from '../validation';
import { object, string, type Brick } from './brick';
import { TextEntry } from './entries';

export const givenEmail = ({ settings }: Brick): string => string(object(settings.initialization.payer).email);

const isEmail = (text: unknown): boolean => fault('cardholderEmail', text) === undefined;

/** Asks for it; nothing where it is known. */
export function payerEmail(brick: Brick, onInput: () => void): TextEntry | undefined {
  const value = givenEmail(brick);
  if (isEmail(value)) return undefined;
  const { words } = brick;
  return new TextEntry(words, {
    id: `${brick.name}-email`, ...brick.labelled('email', words.email), value, type: 'email', inputMode: 'email', autocomplete: 'email',
    judge: (text) => (isEmail(text) ? undefined : words.wrongEmail), onInput,
  });
}
