// One secure field on the shop's page: a frame of the platform, and the channel to it.
import type { Context } from '../context';
import { pageOrigin } from '../origin';
import { EVENTS, type EventName, type FieldOptions, type FieldType, type FromFrame, type ToFrame, type TokenRequest, type Welcome } from '../protocol';
import { randomHex } from '../random';
import { words } from '../words';
import { hubOf, isInShadow } from './hub';

type Listener = (data: Record<string, unknown>) => void;

/** How long a frame may take to make a token, its call of the API included. */
const TIME_LIMIT_MS = 35_000;
/** How long a frame may take to say hello. */
const LOADING_LIMIT_MS = 10_000;
/** What is shown in a container without a height. */
const DEFAULT_HEIGHT = '24px';

export class Field {
  /** What the library itself wants to hear, before the page. */
  onEnter: ((at: number) => void) | undefined;
  private readonly listeners = new Map<EventName, Listener[]>();
  private frame: HTMLIFrameElement | undefined;
  private port: MessagePort | undefined;
  private channel = '';
  private loading: ReturnType<typeof setTimeout> | undefined;
  private waiting: ToFrame[] = [];
  private readonly answers = new Map<number, (message: { value?: unknown; error?: unknown }) => void>();
  private lastAnswer = 0;

  constructor(
    private readonly context: Context,
    readonly type: FieldType,
    private options: FieldOptions,
    private readonly mounted: Set<Field>,
  ) {}

  get group(): string {
    return this.options.group ?? '';
  }

  on(event: EventName, listener: Listener): this {
    if (!EVENTS.includes(event)) throw new Error(`${this.type}: there is no event \`${event}\``);
    if (typeof listener !== 'function') throw new Error(`${this.type}: the listener of \`${event}\` should be a function`);
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
    return this;
  }

  /** Into the element with this id; an element itself is taken too, as those in a shadow tree are not found by id. */
  mount(containerId: string | HTMLElement): this {
    if (this.frame) throw new Error(`${this.type} is already mounted`);
    const container = typeof containerId === 'string' ? document.getElementById(containerId) : containerId;
    if (!container) throw new Error(`Could not find HTML element for provided id: ${containerId}`);
    if (container.tagName !== 'DIV') {
      throw new Error(`${this.type}: wrong HTML Element type: expected DIV, got ${container.tagName}`);
    }
    this.refuseRival();
    const frame = document.createElement('iframe');
    this.channel = randomHex(16);
    frame.name = this.type;
    frame.title = this.options.srLabel ?? words(this.context.locale).labels[this.type];
    frame.src = this.address();
    const height = container.clientHeight > 0 ? '100%' : DEFAULT_HEIGHT;
    frame.style.cssText = `border:0;display:block;height:${height};width:100%;background:transparent;color-scheme:light`;
    addEventListener('message', this.greet);
    this.frame = frame;
    this.mounted.add(this);
    this.loading = setTimeout(() => this.tell('error', { error: `${this.type} could not be loaded: it timed out` }), LOADING_LIMIT_MS);
    const append = () => this.frame === frame && container.appendChild(frame);
    if (isInShadow(container)) void hubOf(this.context).then(append);
    else append();
    return this;
  }

  unmount(): void {
    if (!this.frame) throw new Error(`${this.type} is not mounted`);
    removeEventListener('message', this.greet);
    clearTimeout(this.loading);
    this.frame.remove();
    this.frame = undefined;
    this.port?.close();
    this.port = undefined;
    this.waiting = [];
    this.mounted.delete(this);
    for (const answer of this.answers.values()) answer({ error: [{ code: 'default', message: `${this.type} was unmounted` }] });
  }

  update(changes: Pick<FieldOptions, 'placeholder' | 'style' | 'settings' | 'invalid' | 'brand'>): this {
    const { style, settings, ...rest } = changes;
    this.options = {
      ...this.options,
      ...rest,
      ...(style && { style: { ...this.options.style, ...style } }),
      ...(settings && { settings: { ...this.options.settings, ...settings } }),
      // Said once: what is typed next is judged anew.
      invalid: changes.invalid,
    };
    this.say({ kind: 'options', options: plain(this.options) });
    return this;
  }

  focus(): void {
    this.frame?.focus();
    this.say({ kind: 'focus' });
  }

  blur(): void {
    this.say({ kind: 'blur' });
  }

  /** Has the frame make a token of what its group holds. */
  token(request: TokenRequest): Promise<unknown> {
    const id = (this.lastAnswer += 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.answers.get(id)?.({ error: [{ code: 'default', message: `${this.type} timed out` }] }), TIME_LIMIT_MS);
      this.answers.set(id, ({ value, error }) => {
        clearTimeout(timer);
        this.answers.delete(id);
        if (error === undefined) resolve(value);
        else reject(error);
      });
      this.say({ kind: 'token', id, request });
    });
  }

  private address(): string {
    const introduction = new URLSearchParams({
      type: this.type,
      instance: this.context.instance,
      group: this.group,
      channel: this.channel,
      page: pageOrigin(),
      locale: this.context.locale,
    });
    return `${this.context.origins.frames}/secure-fields/v2#${introduction}`;
  }

  /** A frame says hello each time that it loads; a container that is moved loads its frame again. */
  private greet = (event: MessageEvent): void => {
    const window = this.frame?.contentWindow;
    const isFrame = window && event.source === window && event.origin === this.context.origins.frames;
    if (!isFrame || event.data?.pasarela !== this.channel) return;
    clearTimeout(this.loading);
    this.port?.close();
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    port1.onmessage = (message: MessageEvent<FromFrame>) => this.hear(message.data);
    const welcome: Welcome = { pasarela: this.channel, options: plain(this.options) };
    window.postMessage(welcome, this.context.origins.frames, [port2]);
    for (const message of this.waiting.splice(0)) port1.postMessage(message);
  };

  private hear(message: FromFrame): void {
    if (message.kind === 'answer') this.answers.get(message.id)?.(message);
    else if (message.kind === 'enter') this.onEnter?.(message.at);
    else this.tell(message.name, message.data);
  }

  private tell(event: EventName, data: Record<string, unknown>): void {
    for (const listener of this.listeners.get(event) ?? []) listener({ field: this.type, ...data });
  }

  private say(message: ToFrame): void {
    if (this.port) this.port.postMessage(message);
    else if (this.frame) this.waiting.push(message);
  }

  /** A date and a month or year would contradict each other. */
  private refuseRival(): void {
    const parts: FieldType[] = ['expirationMonth', 'expirationYear'];
    const rivals = this.type === 'expirationDate' ? parts : parts.includes(this.type) ? ['expirationDate'] : [];
    for (const field of this.mounted) {
      if (field.group === this.group && rivals.includes(field.type)) {
        throw new Error(`${this.type} cannot be mounted together with ${field.type}`);
      }
    }
  }
}

/** Without functions and what else can't be sent to a frame. */
function plain(options: FieldOptions): FieldOptions {
  return JSON.parse(JSON.stringify(options)) as FieldOptions;
}
