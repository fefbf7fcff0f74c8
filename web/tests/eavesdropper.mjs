// Everything that a script of the shop's page could see, written down. Runs in the page before anything else.
export function eavesdrop() {
  if (window !== top) return;
  const heard = [];
  window.heard = heard;
  const note = (...what) => {
    for (const one of what) {
      try {
        heard.push(typeof one === 'string' ? one : JSON.stringify(one));
      } catch {
        heard.push(String(one));
      }
    }
  };
  const wrap = (holder, name) => {
    const original = holder[name];
    holder[name] = function (...given) {
      note(...given);
      const result = original.apply(this, given);
      if (result instanceof Promise) result.then(async (value) => note(value instanceof Response ? await value.clone().text() : value), note);
      return result;
    };
  };
  wrap(window, 'fetch');
  wrap(window, 'postMessage');
  wrap(MessagePort.prototype, 'postMessage');
  wrap(XMLHttpRequest.prototype, 'open');
  wrap(XMLHttpRequest.prototype, 'send');
  wrap(navigator, 'sendBeacon');
  wrap(Storage.prototype, 'setItem');
  wrap(JSON, 'parse');
  // Every message that any port or window of the page gets.
  const { addEventListener } = EventTarget.prototype;
  const onmessage = Object.getOwnPropertyDescriptor(MessagePort.prototype, 'onmessage');
  Object.defineProperty(MessagePort.prototype, 'onmessage', {
    set(listener) {
      onmessage.set.call(this, (event) => {
        note(event.data);
        listener.call(this, event);
      });
    },
  });
  addEventListener.call(window, 'message', (event) => note(event.data), true);
  for (const name of ['keydown', 'keypress', 'keyup', 'beforeinput', 'input', 'change', 'paste', 'submit']) {
    addEventListener.call(window, name, (event) => note(name, event.key ?? '', event.data ?? '', event.target?.value ?? ''), true);
  }
}

/** What was heard, and what stands in the page now. */
export const everything = (page) =>
  page.evaluate(() => {
    const frames = Array.from(document.querySelectorAll('iframe'), (frame) => {
      try {
        return frame.contentDocument?.documentElement.outerHTML ?? '';
      } catch {
        return '';
      }
    });
    const values = Array.from(document.querySelectorAll('input, select'), (control) => control.value);
    return [...window.heard, document.documentElement.outerHTML, ...frames, ...values, JSON.stringify({ ...localStorage, ...sessionStorage })];
  });

/** Where a number or a CVV stands among what was heard: a number in any grouping, a CVV as a value of its own. */
export function leaks(heard, { number, cvv }) {
  const spaced = new RegExp(number.split('').join('[\\s-]*'));
  const own = new RegExp(`(^|[^0-9a-z.-])${cvv}($|[^0-9a-z.-])`, 'i');
  return heard.filter((text) => spaced.test(text) || own.test(text));
}
