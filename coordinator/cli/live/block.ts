// A block of lines at the bottom of a terminal, written over itself. Only what has changed is written, in one write, and
// nothing is taken away before its replacement is there.
import { stripVTControlCharacters } from 'node:util';
import { cellsOf } from '../cells.js';

const LINE_END = '\u001b[K\n';
const REST_OF_SCREEN = '\u001b[J';

export class Block {
  #text = '';
  /** Cells of each line that is on the screen. */
  #widths: number[] = [];

  constructor(private readonly stream: NodeJS.WriteStream) {}

  show(lines: string[]): void {
    const text = lines.map((line) => line + LINE_END).join('');
    if (text === this.#text) return;
    this.stream.write(`${this.#toTop()}${text}${REST_OF_SCREEN}`);
    this.#text = text;
    this.#widths = lines.map((line) => cellsOf(stripVTControlCharacters(line)));
  }

  clear(): void {
    if (this.#text === '') return;
    this.stream.write(`${this.#toTop()}${REST_OF_SCREEN}`);
    this.#text = '';
    this.#widths = [];
  }

  /** A terminal that has become narrower has wrapped what was there. */
  #toTop(): string {
    const columns = this.stream.columns || 80;
    const rows = this.#widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return rows === 0 ? '\r' : `\r\u001b[${rows}A`;
  }
}
