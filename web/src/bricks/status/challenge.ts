// The issuer's 3DS challenge, in a frame: the shop got its address with the payment, and gives it to the brick.
import type { Brick } from '../brick';
import { object, string } from '../brick';
import { h } from '../dom';

interface Asked {
  url: string;
  creq: string;
}

/** Under both names that are in use. */
export function challengeOf(brick: Brick): Asked | undefined {
  const { additionalInfo, additionalData } = brick.settings.initialization;
  const given = { ...object(additionalData), ...object(additionalInfo) };
  const url = string(given.externalResourceURL) || string(given.externalResourceUrl);
  const creq = string(given.creq);
  return /^https?:\/\//.test(url) && creq !== '' ? { url, creq } : undefined;
}

export class Challenge {
  isDone = false;
  private readonly frame: HTMLIFrameElement;
  private readonly place: HTMLDivElement;
  private readonly hear = (event: MessageEvent<{ status?: unknown } | undefined>): void => {
    if (event.source !== this.frame.contentWindow || event.data?.status !== 'COMPLETE') return;
    this.isDone = true;
    this.end();
    this.onComplete();
  };

  constructor(
    private readonly brick: Brick,
    private readonly asked: Asked,
    private readonly onComplete: () => void,
  ) {
    const name = `${brick.name}-challenge`;
    this.frame = h('iframe', { name, title: brick.words.waitingChallenge });
    this.frame.style.cssText = 'border:0;width:100%;height:100%';
    this.place = h('div', { slot: name });
  }

  open(): void {
    const { brick, asked, frame } = this;
    // In the page's own tree: a form finds a frame by its name only there.
    const form = h('form', { method: 'post', action: asked.url, target: frame.name });
    form.hidden = true;
    form.appendChild(h('input', { type: 'hidden', name: 'creq', value: asked.creq }));
    this.place.append(frame, form);
    brick.show(
      h('h2', {}, brick.words.waitingChallenge),
      h('div', { class: 'stack' }, h('p', { class: 'soft' }, brick.words.challengeHint), h('div', { class: 'challenge' }, h('slot', { name: this.place.slot }))),
    );
    brick.host.appendChild(this.place);
    addEventListener('message', this.hear);
    form.submit();
  }

  end(): void {
    removeEventListener('message', this.hear);
    this.place.remove();
  }
}
