// The world of the browser tests: the real server, a shop on another origin, and headless Chromium.
import assert from 'node:assert/strict';
import { spawn, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { chromium } from 'playwright-core';

const ROOT = new URL('../../', import.meta.url).pathname;
const BINARY = process.env.PASARELA_BINARY ?? `${ROOT}target/debug/pasarela`;

/** How long anything may take that is waited for: a machine that does other things, too, is many times slower. */
export const PATIENCE_MS = 120_000;
/** How soon it is looked for again. */
const AGAIN_MS = 20;

/** A build to try without compiling the server: this directory's files are shown in the place of the served ones. */
const BUILD = process.env.PASARELA_WEB_BUILD;
const BUILT = { '/js/v2': 'v2.js', '/v1/mercadopago.js': 'v1.js', '/sdk/javascript/v1/mercadopago.js': 'v1.js', '/v2/security.js': 'security.js', '/secure-fields/v2': 'frame.html', '/secure-fields/v2/frame.js': 'frame.js', '/secure-fields/v2/frame.css': 'frame.css' };

const CREDENTIALS = JSON.parse(execFileSync(BINARY, ['credentials', '--json']));
export const seller = (site = 'MLB', mode = 'test') => CREDENTIALS.find((entry) => entry.site === site && entry.mode === mode);

export const CARDS = {
  MLB: { number: '5031433215406351', cvv: '739' },
  MLA: { number: '5031755734530604', cvv: '739' },
  amex: { number: '375365153556885', cvv: '7391' },
};

export class World {
  /**
   * Everything, started. `hosts` are names that the browser finds at the server's HTTPS port; with `lan` the server is there for
   * this machine's network; `authority` makes one that the server trusts, in a directory.
   */
  static async open({ hosts = false, lan = false, authority } = {}) {
    const world = new World();
    world.arguments = lan ? ['--lan'] : [];
    world.directory = mkdtempSync(path.join(tmpdir(), 'pasarela-web-'));
    try {
      world.authority = authority?.(world.directory);
      await world.startServer();
      await world.startShop();
      await world.startBrowser(hosts);
    } catch (error) {
      // Nobody has it who could close it.
      await world.close();
      throw error;
    }
    return world;
  }

  async startBrowser(hosts) {
    const port = new URL(this.ready.https ?? 'https://none:1').port;
    this.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      timeout: PATIENCE_MS,
      args: ['--disable-dev-shm-usage', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...(hosts ? [`--host-resolver-rules=MAP *.mercadopago.com 127.0.0.1:${port},MAP *.mlstatic.com 127.0.0.1:${port}`] : [])],
    });
  }

  /** A browser of its own, of which everything is waited for. */
  async context(options) {
    const context = await this.browser.newContext(options);
    context.setDefaultTimeout(PATIENCE_MS);
    return context;
  }

  async startServer() {
    const data = path.join(this.directory, 'data');
    const trusted = this.authority ? ['--trusted-roots', this.authority.certificate] : [];
    this.server = spawn(
      BINARY,
      ['dev', '--listen', '127.0.0.1:0', '--https', '--https-listen', '127.0.0.1:0', '--data', data, '--json', ...trusted, ...this.arguments],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const limit = setTimeout(() => this.server.kill('SIGKILL'), PATIENCE_MS);
    for await (const line of createInterface({ input: this.server.stdout })) {
      this.ready = JSON.parse(line);
      break;
    }
    clearTimeout(limit);
    if (!this.ready) throw new Error('the server did not start');
    this.url = this.ready.url;
  }

  /** What the newest e-mail to somebody says that has something like `pattern`. */
  async mailed(email, pattern) {
    const outbox = path.join(this.directory, 'data', 'outbox');
    const found = () => {
      const mails = existsSync(outbox) ? readdirSync(outbox).filter((name) => name.endsWith('.eml')).sort().reverse() : [];
      const texts = mails.map((name) => readFileSync(path.join(outbox, name), 'utf8')).filter((text) => text.includes(`To: ${email}`));
      return texts.map((text) => pattern.exec(text)?.[0].trim()).find(Boolean);
    };
    await becomes(() => found() !== undefined, true);
    return found();
  }

  /** A shop's server: pages by path, and what was posted to it. */
  async startShop() {
    this.pages = new Map();
    this.posted = [];
    this.shop = createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        if (request.method === 'POST') this.posted.push(Buffer.concat(chunks).toString());
        const page = request.method === 'POST' ? 'Thank you' : this.pages.get(new URL(request.url, 'http://shop').pathname);
        response.writeHead(page ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' });
        response.end(page ?? '');
      });
    });
    await new Promise((resolve) => this.shop.listen(0, '127.0.0.1', resolve));
    this.shopUrl = `http://127.0.0.1:${this.shop.address().port}`;
  }

  /** A page of the shop with `body`, opened; it has the library unless `library` says another script. */
  async page(body, { library = `<script src="${this.url}/js/v2"></script>`, language = 'es', before, url, errors = [], scale = 1 } = {}) {
    const html = `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>Shop</title>${library}</head><body>${body}</body></html>`;
    const context = await this.context({ ignoreHTTPSErrors: true, deviceScaleFactor: scale, reducedMotion: scale === 1 ? 'no-preference' : 'reduce' });
    // A page of the internet asks its user before it speaks to this machine, which is where the mapped hosts are.
    if (url) await context.grantPermissions(['local-network-access']);
    const page = await context.newPage();
    page.errors = errors;
    page.logged = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('requestfailed', (request) => page.logged.push(`${request.url()}: ${request.failure()?.errorText}`));
    page.on('console', (message) => page.logged.push(message.text()));
    if (BUILD) await this.showBuild(context);
    if (before) await page.addInitScript(before);
    if (url) await page.route(url, (route) => route.fulfill({ body: html, contentType: 'text/html' }));
    else this.pages.set('/', html);
    await page.goto(url ?? `${this.shopUrl}/`);
    return page;
  }

  async showBuild(context) {
    const built = ({ pathname }) => BUILT[pathname] ?? (/^\/js\/v2\/bricks-\w+\.js$/.test(pathname) ? 'bricks.js' : undefined);
    await context.route(
      (url) => built(url) !== undefined,
      async (route) => {
        const url = new URL(route.request().url());
        const response = await route.fetch({ url: this.url + url.pathname });
        // What is shown is not compressed, whatever the server's own file was.
        const { 'content-encoding': _, 'content-length': __, ...headers } = response.headers();
        await route.fulfill({ status: response.status(), headers, body: readFileSync(path.join(BUILD, built(url))) });
      },
    );
  }

  /** The shop's server pays with what its page got. */
  async pay({ site = 'MLB', token, ...more }) {
    const response = await fetch(`${this.url}/v1/payments`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${seller(site).access_token}`, 'Content-Type': 'application/json', 'X-Idempotency-Key': token },
      body: JSON.stringify({ transaction_amount: 100.5, installments: 1, token, payer: { email: 'test_user_5551234@testuser.com' }, ...more }),
    });
    return response.json();
  }

  async close() {
    await this.browser?.close();
    this.shop?.closeAllConnections();
    this.shop?.close();
    if (this.server && this.server.exitCode === null && this.server.signalCode === null) {
      const ended = new Promise((resolve) => this.server.once('exit', resolve));
      this.server.kill('SIGTERM');
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The frame of a field, once it can be typed in. */
export async function frameOf(page, name) {
  const element = await page.waitForSelector(`iframe[name="${name}"]`);
  const frame = await element.contentFrame();
  await frame.waitForSelector(`input[name="${name}"]`);
  return frame;
}

/** Waits until `read` gives `wanted`; says what it gave instead. */
export async function becomes(read, wanted) {
  let seen;
  for (const start = Date.now(); Date.now() - start < PATIENCE_MS; await pause(AGAIN_MS)) {
    seen = await read();
    if (isDeepStrictEqual(seen, wanted)) return;
  }
  assert.deepEqual(seen, wanted);
}

/** The same of what is read in the page. */
export const eventually = (page, read, argument, wanted) => becomes(() => page.evaluate(read, argument), wanted);

/** Waits until the page's console has something like `pattern`. */
export async function logs(page, pattern) {
  const all = () => page.logged.join('\n');
  await becomes(() => pattern.test(all()), true).catch(() => assert.match(all(), pattern));
}

export async function type(page, name, text) {
  const frame = await frameOf(page, name);
  const input = frame.locator('input');
  await input.click();
  // Keys go where the browser's own process knows the focus to be; once it has answered this, it does.
  await input.focus();
  await page.keyboard.type(text);
  await isHeard(frame);
}

/** Waits until its page has heard what a frame has said by now: what is typed there is told by messages. */
export async function isHeard(frame) {
  await frame.evaluate(() => {
    if (window.answers) return;
    window.answers = true;
    addEventListener('message', ({ data, ports }) => data === 'heard?' && ports[0].postMessage('yes'));
  });
  const element = await frame.frameElement();
  await element.evaluate(({ contentWindow }) => new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    contentWindow.postMessage('heard?', '*', [port2]);
  }));
}
