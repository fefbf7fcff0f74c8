// The processes that the test starts, kills and starts again: platform, shop, storm.
import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { seller } from '../world.mjs';

const START_LIMIT_MS = 180_000;
/** Somebody else may hold the port between two starts: a connection that goes out has one of its own. */
const START_TRIES = 100;
const START_PAUSE_MS = 200;

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The first of `events` that comes within the limit. */
function within(what, ...events) {
  const late = pause(START_LIMIT_MS, undefined, { ref: false }).then(() => {
    throw new Error(`${what} was not ready in time`);
  });
  return Promise.race([...events, late]);
}

async function killed(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** `pasarela dev`, always at the same addresses and with the same data. */
export class Platform {
  #addresses = { http: '127.0.0.1:0', https: '127.0.0.1:0', proxy: '127.0.0.1:0' };
  #child;

  constructor(directory) {
    this.directory = directory;
    this.data = `${directory}/data`;
  }

  async start() {
    for (let tries = 1; !(await this.#startOnce()); tries += 1) {
      if (tries === START_TRIES) throw new Error(`the platform did not start: ${readFileSync(`${this.directory}/platform.err`, 'utf8').slice(-2000)}`);
      await pause(START_PAUSE_MS);
    }
  }

  async #startOnce() {
    const { http, https, proxy } = this.#addresses;
    const log = openSync(`${this.directory}/platform.err`, 'a');
    const child = spawn(
      process.env.PASARELA_BINARY,
      ['dev', '--data', this.data, '--listen', http, '--https', '--https-listen', https, '--proxy', proxy, '--json', '--log', 'info'],
      { stdio: ['ignore', 'pipe', log] },
    );
    closeSync(log);
    this.#child = child;
    const line = await within('the platform', once(createInterface(child.stdout), 'line'), once(child, 'exit').then(() => undefined));
    if (!line) return false;
    this.ready = JSON.parse(line[0]);
    for (const door of ['http', 'https', 'proxy']) this.#addresses[door] = new URL(this.ready[door]).host;
    return true;
  }

  kill() {
    return killed(this.#child);
  }

  /** What `pasarela doctor` says of the data of the platform, which is not running. */
  doctor() {
    const { status, stdout, stderr } = spawnSync(process.env.PASARELA_BINARY, ['doctor', '--data', this.data], { encoding: 'utf8' });
    return status === 0 ? undefined : `the doctor says ${stdout}${stderr}`;
  }
}

/** What both processes with a channel have in common. */
class Forked {
  /** Starts it, and waits for its port. */
  async launch(name, environment) {
    this.child = fork(here(name), { env: environment, execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const gone = once(this.child, 'exit').then(() => {
      throw new Error(`${name} did not start`);
    });
    // It also ends when it is meant to.
    gone.catch(() => {});
    return (await within(name, once(this.child, 'message'), gone))[0].port;
  }

  kill() {
    return killed(this.child);
  }
}

export class Shop extends Forked {
  #port = 0;

  constructor(platform, defect) {
    super();
    this.platform = platform;
    this.journal = `${platform.directory}/shop.journal`;
    this.defect = defect;
  }

  async start() {
    const { ready } = this.platform;
    for (let tries = 1; ; tries += 1) {
      try {
        this.#port = await this.launch('shop.mjs', {
          PATH: process.env.PATH,
          SHOP_PORT: String(this.#port),
          SHOP_JOURNAL: this.journal,
          SHOP_NOTIFICATION_URL: this.notificationUrl ?? '',
          SHOP_ACCESS_TOKEN: seller().access_token,
          SHOP_WEBHOOK_SECRET: seller().webhook_secret,
          ...(this.defect && { SHOP_DEFECT: this.defect }),
          // The SDK has the API's address built in; it reaches the platform through the platform's own forward proxy.
          HTTPS_PROXY: ready.proxy,
          NO_PROXY: '127.0.0.1',
          NODE_USE_ENV_PROXY: '1',
          NODE_EXTRA_CA_CERTS: ready.ca,
          NODE_OPTIONS: `--import=${here('../environment-proxy.mjs')}`,
          // The proxy agent of Node before 24 says at each start that it is experimental.
          NODE_NO_WARNINGS: '1',
        });
        return;
      } catch (error) {
        if (tries === START_TRIES) throw error;
        await pause(START_PAUSE_MS);
      }
    }
  }

  get port() {
    return this.#port;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }
}

export class Storm extends Forked {
  #counted = 0;

  async start(seed, shopPort) {
    const port = await this.launch('storm.mjs', { PATH: process.env.PATH, STORM_SEED: String(seed), STORM_SHOP_PORT: String(shopPort) });
    this.url = `http://127.0.0.1:${port}/notifications`;
    this.child.on('message', ({ came }) => {
      this.#counted = came ?? this.#counted;
    });
  }

  /** How many deliveries came so far. */
  get came() {
    return this.#counted;
  }

  /** Says a word to it, and waits for the answer of that name. */
  ask(word, answer) {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`the storm did not answer ${word}`)), 300_000);
      this.child.on('message', (message) => {
        if (!(answer in message)) return;
        clearTimeout(limit);
        resolve(message[answer]);
      });
      this.child.send(word);
    });
  }
}
