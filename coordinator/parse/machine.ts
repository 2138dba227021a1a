// Runs a text through a template, line by line. What options do, and in which order, is what TextFSM does, down to its
// corners: people's templates lean on them.
import { linesOf } from './lines.js';
import type { Captures } from './pattern.js';
import type { Rule } from './rule.js';
import { type Cell, Slot } from './slot.js';
import type { Template } from './template.js';

/** Cells in the order of the template's Values. */
export type Cells = Cell[];

/** The text is not one for the template: a rule said Error, or it gives too much. */
export class ParseError extends Error {
  constructor(
    message: string,
    /** In the template; null: no rule said so. */
    readonly ruleLine: number | null,
    /** In the text, from 1. */
    readonly textLine: number,
  ) {
    super(message);
    this.name = 'ParseError';
  }
}

/** Lists that fill down are copied into every row, so that a small text can grow without end. */
const MOST_CELLS = 1_000_000;
const MOST_CHARACTERS = 32_000_000;
const QUOTED_CHARACTERS = 100;

export function parseText(template: Template, text: string): Cells[] {
  return new Machine(template).run(text);
}

class Machine {
  readonly #slots: Slot[];
  readonly #rows: (Cell | null)[][] = [];
  #state: string = 'Start';
  #rules: Rule[];
  #line = 0;
  #cells = 0;
  #characters = 0;

  constructor(private readonly template: Template) {
    this.#slots = template.values.map((value, index) => new Slot(value, (cell) => this.#fillUp(index, cell)));
    this.#rules = template.states.get('Start') ?? [];
  }

  run(text: string): Cells[] {
    for (const line of linesOf(text)) {
      this.#line++;
      this.#take(line);
      if (this.#state === 'End' || this.#state === 'EOF') break;
    }
    // A state EOF that is written down, and is empty, says that nothing is recorded at the end.
    if (this.#state !== 'End' && !this.template.states.has('EOF')) this.#record();
    return this.#rows.map((row) => row.map((cell) => cell ?? ''));
  }

  #take(line: string): void {
    for (const rule of this.#rules) {
      const captures = rule.pattern.match(line);
      if (captures === null) continue;
      this.#assign(rule, captures);
      this.#act(rule, line);
      if (rule.lineAction === 'Continue') continue;
      if (rule.target !== null) this.#enter(rule.target);
      return;
    }
  }

  #assign({ assigns }: Rule, captures: Captures): void {
    for (const { value, group } of assigns) this.#slots[value]?.assign(captures[group] ?? null);
  }

  #act({ recordAction, lineAction, target, line: ruleLine }: Rule, line: string): void {
    if (recordAction === 'Record') this.#record();
    else if (recordAction === 'Clear') for (const slot of this.#slots) slot.clear();
    else if (recordAction === 'Clearall') for (const slot of this.#slots) slot.clearAll();
    if (lineAction !== 'Error') return;
    const said = target === null ? '' : `${target.replace(/^"|"$/g, '')}: `;
    throw new ParseError(`${said}${JSON.stringify(line.slice(0, QUOTED_CHARACTERS))}`, ruleLine, this.#line);
  }

  #enter(state: string): void {
    this.#state = state;
    this.#rules = this.template.states.get(state) ?? this.#rules;
  }

  /** A row, unless something required is missing or all of it is empty. */
  #record(): void {
    const row: (Cell | null)[] = [];
    for (const slot of this.#slots) {
      if (!slot.save()) {
        for (const other of this.#slots) other.clear();
        return;
      }
      row.push(slot.cell);
    }
    if (row.every((cell) => cell === null || (Array.isArray(cell) && cell.length === 0))) return;
    this.#count(row);
    this.#rows.push(row);
    for (const slot of this.#slots) slot.clear();
  }

  #fillUp(index: number, cell: Cell): void {
    for (let row = this.#rows.length - 1; row >= 0; row--) {
      const cells = this.#rows[row];
      const above = cells?.[index];
      if (cells === undefined || (above !== null && above !== '' && above?.length !== 0)) break;
      cells[index] = cell;
    }
  }

  #count(row: (Cell | null)[]): void {
    for (const cell of row) {
      this.#cells += Array.isArray(cell) ? cell.length + 1 : 1;
      this.#characters += typeof cell === 'string' ? cell.length : 0;
      if (Array.isArray(cell))
        for (const item of cell)
          this.#characters += typeof item === 'string' ? item.length : QUOTED_CHARACTERS;
    }
    if (this.#cells > MOST_CELLS) throw new ParseError(`more than ${MOST_CELLS} values`, null, this.#line);
    if (this.#characters > MOST_CHARACTERS)
      throw new ParseError(`more than ${MOST_CHARACTERS} characters in its values`, null, this.#line);
  }
}
