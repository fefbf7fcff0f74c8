// Fast payments: a buyer of the wallet pays with what is kept there, without typing. This platform has no application that
// a buyer could confirm in, so it says what the original says where there is none, and shops show their ordinary form.
import { fault } from './validation';

type Code = 'INVALID_AMOUNT_VALUE' | 'INVALID_EMAIL_ADDRESS' | 'AUTHENTICATION_FLOW_NOT_SUPPORTED';

export class AuthenticatorError extends Error {
  readonly errorCode: Code;

  constructor(
    readonly code: Code,
    message: string,
  ) {
    super(message);
    this.name = 'AuthenticatorError';
    this.errorCode = code;
  }
}

export async function authenticate(amount: unknown, payerEmail: unknown): Promise<never> {
  if (fault('amount', amount)) throw new AuthenticatorError('INVALID_AMOUNT_VALUE', 'authenticator: the amount should be a decimal number');
  if (fault('cardholderEmail', payerEmail)) throw new AuthenticatorError('INVALID_EMAIL_ADDRESS', 'authenticator: the payer’s e-mail is none');
  return isUnsupported('authenticator');
}

export async function isUnsupported(method: string): Promise<never> {
  throw new AuthenticatorError('AUTHENTICATION_FLOW_NOT_SUPPORTED', `${method}: fast payments are not supported here`);
}
