// A form of these pages is sent once however often its button is pressed. (The platform would make one payment anyway; this
// spares the buyer the doubt.)
import { noteSending } from './memory';
import { keepTyped } from './typed';

/** After this long the network has surely forgotten the first try. */
const AGAIN_MS = 20_000;

export function sendOnce(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-once]')) {
    let sent = false;
    form.addEventListener('submit', (event) => {
      if (sent) {
        event.preventDefault();
        return;
      }
      sent = true;
      noteSending(form, form.action);
      keepTyped(form);
      form.setAttribute('aria-busy', 'true');
      setTimeout(() => {
        sent = false;
        form.removeAttribute('aria-busy');
      }, AGAIN_MS);
    });
  }
}
