// What a shop remembers: lines of JSON in a file, each on the disk before anything is built on it.
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';

export class Journal {
  #file;

  /** Opens the file, and cuts off a last line that the process did not live to finish. */
  constructor(path) {
    this.entries = readJournal(path);
    const whole = this.entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    this.#file = openSync(path, 'a');
    ftruncateSync(this.#file, Buffer.byteLength(whole));
  }

  append(entry) {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    for (let written = 0; written < line.length; ) written += writeSync(this.#file, line, written);
    fsyncSync(this.#file);
    this.entries.push(entry);
  }

  close() {
    closeSync(this.#file);
  }
}

/** The finished lines of a journal. */
export function readJournal(path) {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
