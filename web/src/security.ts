// `/v2/security.js`: the device session for pages without the library.
import { deviceSession } from './device';

const PATH = /\/v2\/security\.js$/;
/** An `output` of more parts than this is no name. */
const MOST_PARTS = 8;

function ownScript(): HTMLScriptElement | undefined {
  const running = document.currentScript;
  if (running instanceof HTMLScriptElement) return running;
  // Injected scripts are not `currentScript` in every browser.
  const all = Array.from(document.scripts).filter((script) => PATH.test(script.src.split(/[?#]/)[0]!));
  return all[all.length - 1];
}

/** Sets the global `output`, a dotted path of which what is missing is made. */
function setGlobal(output: string, session: string): void {
  const parts = output.split('.');
  const name = parts.pop();
  if (!name || parts.length > MOST_PARTS || [...parts, name].some((part) => !/^[A-Za-z_$][\w$]*$/.test(part) || part === '__proto__')) {
    console.warn(`security.js: \`${output}\` is no name of a global`);
    return;
  }
  let holder = window as unknown as Record<string, unknown>;
  for (const part of parts) {
    if (typeof holder[part] !== 'object' || holder[part] === null) holder[part] = {};
    holder = holder[part] as Record<string, unknown>;
  }
  holder[name] = session;
}

function fillInput(session: string): void {
  const element = document.getElementById('deviceId');
  if (element instanceof HTMLInputElement) element.value = session;
}

const script = ownScript();
const session = deviceSession(new URLSearchParams(script?.src.split('?')[1]).get('session_id'));
const output = script?.getAttribute('output');
// `<input id="deviceId">` is a global of that name too, until one is set.
if (output) setGlobal(output, session);
if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => fillInput(session));
else fillInput(session);
