// `mp.yape`: a Peruvian wallet's phone and code become a token that pays once.
import type { Api } from './api';
import type { CardToken } from './core';
import { uuid } from './random';
import { mistake, type Fault } from './validation';

export interface YapeOptions {
  otp: string | number;
  phoneNumber: string | number;
}

export class Yape {
  private readonly requestId = uuid();

  constructor(
    private readonly api: Api,
    private readonly options: YapeOptions,
  ) {}

  async create(): Promise<CardToken> {
    const { otp, phoneNumber } = this.options ?? {};
    const wrong: Fault[] = [];
    if (!/^\d{9}$/.test(String(phoneNumber ?? ''))) wrong.push(mistake('phoneNumber should have 9 digits'));
    if (!/^\d{6}$/.test(String(otp ?? ''))) wrong.push(mistake('otp should have 6 digits'));
    if (wrong.length > 0) throw wrong;
    return this.api.call('POST', '/platforms/pci/yape/v1/payment', {}, { phoneNumber, otp, requestId: this.requestId });
  }
}
