// Finds the blocks of ssh's configuration that may hold for a name without trying each of them, for there may be
// hundreds of blocks and a hundred thousand names.
import type { Hint } from './sshmatch.js';

export class BlockIndex {
  private readonly anyName: number[] = [];
  private readonly whole = new Map<string, number[]>();
  private readonly starts = new Map<number, Map<string, number[]>>();
  private readonly ends = new Map<number, Map<string, number[]>>();

  /** `hints`: null where any name may fit. */
  add(block: number, hints: readonly Hint[] | null): void {
    if (hints === null) this.anyName.push(block);
    for (const { part, text } of hints ?? []) {
      const table =
        part === 'whole' ? this.whole : byLength(part === 'start' ? this.starts : this.ends, text);
      table.set(text, [...(table.get(text) ?? []), block]);
    }
  }

  /** Numbers of blocks, ascending. */
  find(name: string): readonly number[] {
    const found = [this.whole.get(name)];
    for (const [length, table] of this.starts) found.push(table.get(name.slice(0, length)));
    for (const [length, table] of this.ends)
      if (length <= name.length) found.push(table.get(name.slice(-length)));
    const blocks = found.filter((one) => one !== undefined);
    if (blocks.length === 0) return this.anyName;
    return Array.from(new Set([...this.anyName, ...blocks.flat()])).sort((a, b) => a - b);
  }
}

function byLength(tables: Map<number, Map<string, number[]>>, { length }: string): Map<string, number[]> {
  const table = tables.get(length) ?? new Map<string, number[]>();
  tables.set(length, table);
  return table;
}
