// A window over the page: the hosted checkout in a frame, or a form of ours.

const CLOSE: Record<string, string> = { es: 'Cerrar', pt: 'Fechar', en: 'Close' };

export class Overlay {
  isOpen = true;
  onClose: () => void = () => {};
  readonly body: HTMLDivElement;
  private readonly backdrop: HTMLDivElement;
  private readonly before: Element | null;
  private readonly scroll: string;
  /** What is behind it, out of reach while it is open. */
  private readonly behind: Element[];

  constructor(locale: string, title = 'Checkout') {
    this.before = document.activeElement;
    this.backdrop = styled('div', 'position:fixed;inset:0;z-index:2147483647;background:rgba(10,20,17,.6);display:flex;align-items:center;justify-content:center;padding:16px;box-sizing:border-box');
    this.backdrop.setAttribute('role', 'dialog');
    this.backdrop.setAttribute('aria-modal', 'true');
    this.backdrop.setAttribute('aria-label', title);
    const pane = styled('div', 'position:relative;display:flex;flex-direction:column;width:100%;max-width:560px;height:100%;max-height:760px;background:#fff;border-radius:14px;overflow:hidden;box-shadow:0 20px 60px rgba(0,0,0,.35)');
    const close = styled('button', 'position:absolute;top:8px;right:8px;z-index:1;width:44px;height:44px;border:0;border-radius:50%;background:rgba(255,255,255,.85);color:#17231f;font:24px/1 system-ui,sans-serif;cursor:pointer');
    close.type = 'button';
    close.textContent = '×';
    close.setAttribute('aria-label', CLOSE[locale.slice(0, 2)] ?? CLOSE.es!);
    close.addEventListener('click', () => this.close());
    this.body = styled('div', 'flex:1;min-height:0;overflow:auto;display:flex;flex-direction:column');
    pane.append(close, this.body);
    this.backdrop.appendChild(pane);
    this.backdrop.addEventListener('keydown', (event) => this.keyPressed(event, close));
    this.scroll = document.documentElement.style.overflow;
    document.documentElement.style.overflow = 'hidden';
    this.behind = Array.from(document.body.children).filter((element) => !element.hasAttribute('inert'));
    for (const element of this.behind) element.setAttribute('inert', '');
    document.body.appendChild(this.backdrop);
    close.focus();
  }

  frame(address: string): HTMLIFrameElement {
    const frame = styled('iframe', 'border:0;width:100%;flex:1;min-height:0;background:#fff');
    frame.id = 'mercadopago-checkout';
    frame.name = 'mercadopago-checkout';
    frame.title = 'Checkout';
    frame.allow = 'clipboard-write; payment';
    frame.src = address;
    this.body.appendChild(frame);
    return frame;
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.backdrop.remove();
    for (const element of this.behind) element.removeAttribute('inert');
    document.documentElement.style.overflow = this.scroll;
    if (this.before instanceof HTMLElement) this.before.focus();
    this.onClose();
  }

  /** Escape closes; Tab stays inside. Keys that are pressed in a frame are the frame's. */
  private keyPressed(event: KeyboardEvent, first: HTMLElement): void {
    if (event.key === 'Escape') this.close();
    if (event.key === 'Tab' && event.shiftKey && document.activeElement === first) event.preventDefault();
  }
}

/** By the object model: a shop's policy need not allow inline styles. */
function styled<K extends keyof HTMLElementTagNameMap>(tag: K, style: string): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.style.cssText = style;
  return element;
}
