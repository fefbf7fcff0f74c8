// How the buyer pays a Pix, a ticket or a transfer.
import type { Brick } from '../brick';
import { h } from '../dom';
import type { Instructions } from '../status-screen';

/** A picture is told by its own bytes' alphabet: nothing else goes into the address. */
const BASE64 = /^[A-Za-z0-9+/]+=*$/;
const COPIED_MS = 2_500;

export function instructionsOf(brick: Brick, instructions: Instructions, methodName: string): HTMLElement {
  const { words } = brick;
  const { qr_code: pix, qr_code_base64: picture, digitable_line: line, reference, verification_code: verification, external_resource_url: address } = instructions;
  const children: (HTMLElement | false)[] = [];
  if (pix) {
    if (brick.visual.hidePixQrCode !== true && picture && BASE64.test(picture)) {
      children.push(h('img', { class: 'code', src: `data:image/png;base64,${picture}`, alt: `QR ${methodName}`, width: 240, height: 240 }));
    }
    children.push(h('p', { class: 'soft' }, words.scanPix), h('p', { class: 'digits' }, pix), copyButton(brick, pix, words.copyPix));
  } else if (line ?? reference) {
    const code = (line ?? reference)!;
    children.push(
      h('div', {}, h('h3', {}, words.payCode), h('p', { class: 'digits' }, code)),
      verification ? h('p', {}, `${words.verification}: ${verification}`) : false,
      copyButton(brick, code.replace(/\s/g, ''), words.copy),
    );
  }
  const isWeb = address !== null && /^https?:\/\//.test(address);
  if (isWeb && !pix) {
    const text = line || reference ? words.seeTicket : words.goToBankPage;
    children.push(h('a', { class: line || reference ? 'pay quiet' : 'pay', href: address, target: '_blank', rel: 'noopener' }, text));
  }
  return h('div', { class: 'stack' }, ...children);
}

function copyButton(brick: Brick, text: string, label: string): HTMLElement {
  const said = h('span', { 'aria-live': 'polite' }, label);
  const button = h('button', {
    type: 'button', class: 'pay',
    onclick: () => {
      void copy(text).then((isCopied) => {
        if (!isCopied) return;
        said.textContent = brick.words.copied;
        setTimeout(() => (said.textContent = label), COPIED_MS);
      });
    },
  }, said);
  return button;
}

/** The clipboard is there on secure pages alone; elsewhere the old command does it. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    field.style.cssText = 'position:fixed;opacity:0';
    document.body.appendChild(field);
    field.select();
    const isCopied = document.execCommand('copy');
    field.remove();
    return isCopied;
  }
}
