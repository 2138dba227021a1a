// What may happen to a good text: a slip of the finger, or of an editor. Each says whether a device may go with it.
import { type Dice, pick } from './dice.ts';

export interface Mutation {
  text: string;
  /** What was taken away may have been devices; else everything that was there is still there. */
  mayLose: boolean;
  /** Text stands where other text was, perhaps a secret where a name stands. */
  moves: boolean;
  /** How much of the good text is whole before the first change. */
  whole: number;
}

const CHARACTERS = [...'"\'{}[](),:;=-*&!|>%@`\\/\t\n\r\u0000\u001b\ufeff\u2028éx0X7. <#~^$'];

/** One character changed or two exchanged, a line's indentation, a line twice, CRLF; cuts, splices, comments. */
export function mutate(good: string, random: Dice): Mutation {
  const at = Math.floor(random() * good.length);
  const whole = at;
  const kept = { mayLose: false, moves: false, whole };
  const lost = { mayLose: true, moves: false, whole };
  const [before, after] = [good.slice(0, at), good.slice(at)];
  switch (Math.floor(random() * 11)) {
    case 0:
      return { ...kept, text: before + after.slice(1) };
    case 1:
      return { ...kept, text: before + pick(CHARACTERS, random) + after };
    case 2:
      return { ...kept, text: before + pick(CHARACTERS, random) + after.slice(1) };
    case 3:
      return { ...kept, text: before + after.slice(1, 2) + after.slice(0, 1) + after.slice(2) };
    case 4:
      return { ...kept, whole: 0, text: indented(good, at, pick([1, 2, 4, -1, -2, -4], random)) };
    case 5:
      return { ...kept, whole: 0, text: twice(good, at) };
    case 6:
      return { ...kept, whole: 0, text: `${before}${after.replaceAll('\n', '\r\n')}` };
    case 7:
      return { ...lost, text: before };
    case 8:
      return { ...lost, moves: true, text: before + good.slice(Math.floor(random() * good.length)) };
    case 9:
      return { ...lost, text: `${before}#${after}` };
    default:
      return {
        ...lost,
        whole: 0,
        text: good.slice(0, lineAt(good, at).start) + good.slice(lineAt(good, at).end),
      };
  }
}

function lineAt(text: string, at: number): { start: number; end: number } {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', at);
  return { start, end: end === -1 ? text.length : end + 1 };
}

function indented(text: string, at: number, by: number): string {
  const { start } = lineAt(text, at);
  const line = text.slice(start);
  const spaces = line.length - line.replace(/^ +/, '').length;
  return text.slice(0, start) + ' '.repeat(Math.max(0, spaces + by)) + line.slice(spaces);
}

function twice(text: string, at: number): string {
  const { start, end } = lineAt(text, at);
  return text.slice(0, end) + text.slice(start);
}
