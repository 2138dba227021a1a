// What one Value holds while a text is parsed. Its options act in the order they are written, which makes a difference:
// "Required,List" looks at the last item, "List,Required" at the list.
import type { Option, Value } from './value.js';

/** A value of a row. A list holds texts, or the groups of a pattern that has groups with names. */
export type Cell = string | ListItem[];
export type ListItem = string | Record<string, string | null>;

/** What Python makes of a group that took no part, once it stands in a list. People compare with it. */
const NONE = 'None';

export class Slot {
  /** Null: nothing since the last row. */
  cell: Cell | null = null;
  #list: ListItem[] = [];
  #filled: Cell | null = null;
  readonly #options: readonly Option[];

  constructor(
    private readonly value: Value,
    private readonly fillUp: (cell: Cell) => void,
  ) {
    this.#options = value.options;
  }

  assign(text: string | null): void {
    this.cell = text;
    for (const option of this.#options) {
      if (option === 'Filldown') this.#filled = this.cell;
      else if (option === 'Fillup' && text) this.fillUp(text);
      else if (option === 'List') this.#list.push(this.#item(text));
    }
  }

  clear(): void {
    this.cell = null;
    for (const option of this.#options) {
      if (option === 'Filldown') this.cell = this.#filled;
      else if (option === 'List' && !this.#options.includes('Filldown')) this.#list = [];
    }
  }

  clearAll(): void {
    this.cell = null;
    this.#filled = null;
    this.#list = [];
  }

  /** Before its row is made; false: there is none, because this is required. */
  save(): boolean {
    for (const option of this.#options) {
      if (option === 'Required' && (this.cell === null || this.cell.length === 0)) return false;
      if (option === 'List') this.cell = [...this.#list];
    }
    return true;
  }

  #item(text: string | null): ListItem {
    if (text === null) return NONE;
    const { nested } = this.value;
    const captures = nested?.match(text);
    if (!nested || !captures) return text;
    return Object.fromEntries(Array.from(nested.names, ([name, group]) => [name, captures[group] ?? null]));
  }
}
