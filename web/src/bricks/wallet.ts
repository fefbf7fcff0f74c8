// The wallet brick: a button that leads to where a preference is paid.
import type { BricksStyle, Controller, Kit } from '../bricks';
import { Brick, object, string, type Settings } from './brick';
import { h, icon, ICONS } from './dom';
import { goTo, preferenceOf } from './preference';
import { Submission } from './submission';

/** The button's grounds, with ink that is read on them. */
const GROUNDS: Record<string, [string, string, string]> = {
  default: ['', '', 'transparent'],
  dark: ['#17231f', '#ffffff', 'transparent'],
  black: ['#000000', '#ffffff', 'transparent'],
  blue: ['#0a4b8f', '#ffffff', 'transparent'],
  white: ['#ffffff', '#17231f', '#7b8984'],
};
const VALUE_COLOURS: Record<string, string> = { grey: '#53625d', white: '#ffffff', blue: '#0a4b8f', black: '#000000' };
const LEAST_HEIGHT = 48;
const BRAND = 'Pasarela';

export function wallet(kit: Kit, style: BricksStyle, container: HTMLElement, settings: Settings): { brick: Brick; controller: Controller } {
  const brick = new Brick(kit, style, container, settings, 'bare');
  void new Wallet(brick).load();
  return { brick, controller: { unmount: () => brick.end() } };
}

class Wallet {
  private readonly preferenceId: string;

  constructor(private readonly brick: Brick) {
    this.preferenceId = string(brick.settings.initialization.preferenceId);
  }

  async load(): Promise<void> {
    const { brick } = this;
    const { words } = brick;
    brick.showWaiting();
    if (this.preferenceId !== '') {
      try {
        await preferenceOf(brick, this.preferenceId);
      } catch {
        brick.tell('critical', 'get_preference_details_failed');
        return brick.isOver ? undefined : brick.showFailure(words.notLoaded, () => void this.load());
      }
    }
    if (brick.isOver) return;
    this.build();
    brick.ready();
  }

  private build(): void {
    const { brick } = this;
    const { customization } = brick.settings;
    const texts = object(customization.texts);
    const name = texts.actionComplement === 'amount' ? '' : BRAND;
    const action = texts.action === 'buy' ? brick.words.buyWith(BRAND) : brick.words.payWith(BRAND);
    const submission = new Submission(brick, name === '' ? brick.words.formSubmit : action);
    submission.button.prepend(icon(ICONS.wallet));
    const form = h('form', {
      novalidate: true,
      class: 'wallet',
      onsubmit: (event: Event) => {
        event.preventDefault();
        this.pressed(submission);
      },
    }, submission.button, this.valueProp(customization, texts), submission.notice);
    this.dress();
    brick.show(form);
  }

  /** Two generations of names: `customStyle`, and `visual`. */
  private dress(): void {
    const { host, settings } = this.brick;
    const { customization } = settings;
    const given = { ...object(customization.visual), ...object(customization.customStyle) };
    const chosen = string(given.buttonBackground) || (typeof customization.theme === 'string' ? customization.theme : 'default');
    const [ground, ink, edge] = GROUNDS[chosen] ?? GROUNDS.default!;
    const set = (name: string, value: string) => value !== '' && host.style.setProperty(name, value);
    set('--wallet-ground', ground);
    set('--wallet-ink', ink);
    set('--wallet-edge', edge);
    const height = parseFloat(string(given.buttonHeight));
    if (height >= LEAST_HEIGHT) set('--wallet-height', `${height}px`);
    set('--wallet-radius', string(given.borderRadius));
    set('--wallet-value', VALUE_COLOURS[string(given.valuePropColor)] ?? '');
    this.brick.body.style.padding = `${string(given.verticalPadding) || '8px'} ${string(given.horizontalPadding) || '0px'}`;
  }

  private valueProp(customization: Record<string, unknown>, texts: Record<string, unknown>): HTMLElement | false {
    const { words } = this.brick;
    if (object(customization.customStyle).hideValueProp === true || object(customization.visual).hideValueProp === true) return false;
    const key = string(customization.valueProp) || string(texts.valueProp) || 'security_safety';
    const text = words.values[key] ?? words.values.security_safety!;
    return h('p', { class: 'value' }, icon(ICONS.shield), text);
  }

  private pressed(submission: Submission): void {
    const how = string(this.brick.settings.initialization.redirectMode) || 'self';
    // Now, while the buyer's click still lets a page be opened.
    const opened = how === 'blank' ? window.open('about:blank') : undefined;
    void submission.runOnce(async () => {
      try {
        await this.go(how, opened);
      } catch (error) {
        opened?.close();
        throw error;
      }
    });
  }

  private async go(how: string, opened: Window | null | undefined): Promise<void> {
    const { brick } = this;
    const given = await brick.settings.callbacks.onSubmit?.();
    const id = this.preferenceId || (typeof given === 'string' ? given : string(object(given).preferenceId));
    if (id === '') throw Object.assign(new Error(), brick.tell('non_critical', 'no_preference_provided'));
    if (how === 'modal') {
      const { theme } = object(brick.settings.customization.checkout) as { theme?: { elementsColor?: string; headerColor?: string } };
      return brick.kit.checkout({ preference: { id }, ...(theme && { theme }) }).open();
    }
    const preference = await preferenceOf(brick, id).catch((error: unknown) => {
      brick.tell('non_critical', 'get_preference_details_failed');
      throw error;
    });
    goTo(brick, preference.init_point, how, opened);
  }
}
