// Which field of a form a refused token is about, by the codes that the library and the API share.

export type CardField = 'cardNumber' | 'expirationDate' | 'securityCode' | 'cardholderName' | 'identification';

const FIELDS: Record<string, CardField> = {
  205: 'cardNumber', E301: 'cardNumber', E305: 'cardNumber',
  208: 'expirationDate', 209: 'expirationDate', 325: 'expirationDate', 326: 'expirationDate', 301: 'expirationDate',
  224: 'securityCode', E302: 'securityCode', E203: 'securityCode',
  221: 'cardholderName', 316: 'cardholderName',
  212: 'identification', 213: 'identification', 214: 'identification', 322: 'identification', 323: 'identification', 324: 'identification',
};

export const fieldOfCode = (code: unknown): CardField | undefined => FIELDS[String(code)];
