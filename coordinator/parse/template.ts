// A TextFSM template read from its text: Values, a blank line, states with their rules. All that is wrong with it is
// found at once, each with its line and column.
import { didYouMean, nearest } from '../inventory/wording.js';
import { type Flaw, FlawError, quoted, TemplateError } from './flaw.js';
import { LINE_ACTIONS, RECORD_ACTIONS, type Rule, readRule } from './rule.js';
import { LONGEST_NAME, readValue, type Value } from './value.js';

export interface Template {
  values: Value[];
  states: Map<string, Rule[]>;
}

const COMMENT = /^\s*#/;
const RESERVED: readonly string[] = [...LINE_ACTIONS, ...RECORD_ACTIONS];
/** States that end it without being written down. */
const ENDS: readonly string[] = ['End', 'EOF'];

export function readTemplate(text: string): Template {
  return new Reader(text).read();
}

class Reader {
  readonly #lines: string[];
  readonly #values: Value[] = [];
  readonly #states = new Map<string, Rule[]>();
  readonly #stateLines = new Map<string, number>();
  readonly #flaws: Flaw[] = [];
  #at = 0;

  constructor(text: string) {
    this.#lines = text.split(/\r\n|[\r\n]/).map((line) => line.trimEnd());
  }

  read(): Template {
    this.#readValues();
    while (this.#at < this.#lines.length) this.#readState();
    this.#checkStates();
    if (this.#flaws.length > 0) throw new TemplateError(this.#flaws);
    this.#states.delete('End');
    return { values: this.#values, states: this.#states };
  }

  /** They end with the first blank line. */
  #readValues(): void {
    for (const line of this.#block()) {
      if (!line.startsWith('Value '))
        this.#flaw(1, `found ${quoted(line)}, expected a Value, or a blank line before the first state`);
      else this.#inLine(() => this.#values.push(readValue(line, this.#values, this.#at)));
    }
  }

  #readState(): void {
    const block = this.#block();
    const { value: name, done } = block.next();
    if (done) return;
    this.#checkName(name);
    const rules = this.#states.get(name) ?? [];
    this.#states.set(name, rules);
    this.#stateLines.set(name, this.#at);
    for (const line of block) {
      if (/^( {1,2}|\t)\^/.test(line)) this.#inLine(() => rules.push(readRule(line, this.#values, this.#at)));
      else this.#flaw(1, `found ${quoted(line)}, expected a rule: one or two spaces, or a tab, and then ^`);
    }
  }

  #checkName(name: string): void {
    if (name.startsWith('Value '))
      this.#flaw(1, 'a Value behind a blank line (Values stand together at the beginning)');
    else if (!/^[\p{L}\p{N}_]+$/u.test(name))
      this.#flaw(1, `found ${quoted(name)}, expected the name of a state: letters, digits and _`);
    else if (name.length > LONGEST_NAME)
      this.#flaw(1, `the name of a state has at most ${LONGEST_NAME} characters`);
    else if (RESERVED.includes(name)) this.#flaw(1, `${name} is an action and can't be the name of a state`);
    else if (this.#states.has(name)) this.#flaw(1, `the state ${name} is there already`);
  }

  /** Lines up to the next blank one, without comments. A state's own line may have blank ones and comments before it. */
  *#block(): Generator<string, undefined> {
    let begun = this.#at === 0;
    while (this.#at < this.#lines.length) {
      const line = this.#lines[this.#at++] ?? '';
      if (line === '' && begun) return;
      if (line === '' || COMMENT.test(line)) continue;
      begun = true;
      yield line;
    }
  }

  #checkStates(): void {
    // Where something else is wrong, that may have been its name.
    if (this.#flaws.length === 0 && !this.#states.has('Start')) {
      const near = nearest('Start', this.#states.keys());
      const at = near === null ? this.#lines.length : this.#stateLines.get(near);
      this.#flaws.push({
        line: at ?? 1,
        column: 1,
        message: `no state Start${didYouMean(near && `Start in place of ${near}`)}`,
      });
    }
    for (const end of ENDS) {
      const [first] = this.#states.get(end) ?? [];
      if (first !== undefined)
        this.#flaws.push({
          line: first.line,
          column: 1,
          message: `the state ${end} has rules; it ends the template`,
        });
    }
    for (const rule of [...this.#states.values()].flat()) this.#checkTarget(rule);
  }

  #checkTarget({ line, lineAction, target, targetColumn }: Rule): void {
    if (lineAction === 'Error' || target === null || this.#states.has(target) || ENDS.includes(target))
      return;
    const near = nearest(target, [...this.#states.keys(), ...RESERVED]);
    this.#flaws.push({ line, column: targetColumn, message: `no state ${target}${didYouMean(near)}` });
  }

  #inLine(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof FlawError)) throw error;
      this.#flaws.push(error.flaw);
    }
  }

  #flaw(column: number, message: string): void {
    this.#flaws.push({ line: this.#at, column, message });
  }
}
