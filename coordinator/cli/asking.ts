// Questions to the person at the terminal, always on /dev/tty: stdin may be an inventory, stdout a pipe.
import { openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { Ended, EXIT, UsageError } from './exit.js';

const INTERRUPT = 0x03;
const END_OF_INPUT = 0x04;
const BACKSPACES = [0x08, 0x7f];
const KILL_LINE = 0x15;
const ENTERS = [0x0a, 0x0d];

/** Asks without echo. Throws UsageError where there is no terminal to ask on. */
export async function askHidden(question: string): Promise<Buffer> {
  const terminal = openTerminal(question);
  const line: number[] = [];
  try {
    writeSync(terminal.fd, question);
    terminal.setRawMode(true);
    for await (const chunk of terminal as AsyncIterable<Buffer>) {
      for (const byte of chunk) {
        if (ENTERS.includes(byte) || byte === END_OF_INPUT) return Buffer.from(line);
        if (byte === INTERRUPT) throw new Ended(EXIT.interrupted, '');
        if (byte === KILL_LINE) line.length = 0;
        else if (BACKSPACES.includes(byte)) line.pop();
        else line.push(byte);
      }
    }
    throw new UsageError(`${question.trim()} was not answered`);
  } finally {
    line.fill(0);
    terminal.setRawMode(false);
    writeSync(terminal.fd, '\n');
    terminal.destroy();
  }
}

/** Asks for a yes; anything else is a no. */
export async function askYes(question: string): Promise<boolean> {
  const terminal = openTerminal(question);
  try {
    writeSync(terminal.fd, `${question} [y/N] `);
    for await (const chunk of terminal as AsyncIterable<Buffer>)
      return /^y(es)?$/i.test(chunk.toString('utf8').trim());
    return false;
  } finally {
    terminal.destroy();
  }
}

function openTerminal(question: string): ReadStream & { fd: number } {
  const fd = openFile(question);
  return Object.assign(new ReadStream(fd), { fd });
}

function openFile(question: string): number {
  try {
    return openSync('/dev/tty', 'r+');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new UsageError(
      `there is no terminal to ask ${JSON.stringify(question.trim())} on (${code}; expected one, or a reference such as env:VAR or file:PATH in its place)`,
    );
  }
}
