// Identical outputs once, under the folded names of all devices that gave them; the largest group first.
// Devices are grouped by the outputs' digests, so that only one output of each group is ever read.
import type { Output, Report } from '../../../proto/gen/netsweep/v1/model.js';
import { firstLines, prefixed, shownOutputs } from '../../combine/lines.js';
import { foldNames } from '../../combine/nodeset.js';
import type { ReadOutput } from '../../combine/result.js';
import type { Sink } from '../sink.js';
import { harmlessLine } from '../terminal.js';
import type { View } from './view.js';

/** Groups, and lines of each, in the brief form. */
const BRIEF_GROUPS = 20;
const BRIEF_LINES = 20;
const RULE = '-'.repeat(15);

interface Fold {
  command: string;
  names: string[];
  /** Without its body: read by digest. */
  output: Output;
}

/** Outputs gathered by command and digest. */
export class Folds {
  readonly #folds = new Map<string, Fold>();
  readonly #commands = new Set<string>();

  get size(): number {
    return this.#folds.size;
  }

  add({ device }: Report, outputs: Output[]): void {
    for (const output of outputs) {
      const key = `${output.command}\0${output.sha256.toString('hex')}`;
      const fold = this.#folds.get(key) ?? {
        command: output.command,
        names: [],
        output: { ...output, body: Buffer.alloc(0) },
      };
      fold.names.push(device?.name ?? '');
      this.#folds.set(key, fold);
      this.#commands.add(output.command);
    }
  }

  /** By command as first seen, then the largest first. */
  *ordered(): Generator<{ title: string; output: Output }> {
    for (const command of this.#commands) {
      const folds = [...this.#folds.values()].filter((fold) => fold.command === command);
      for (const { names, output } of folds.sort((a, b) => b.names.length - a.names.length)) {
        const title = `${foldNames(names)}${names.length > 1 ? ` (${names.length})` : ''}`;
        yield { title: this.#commands.size > 1 ? `${title}: ${command}` : title, output };
      }
    }
  }
}

export interface FoldLook {
  sink: Sink;
  read: ReadOutput;
  /** Only the first groups and lines. */
  brief: boolean;
}

export function foldView(look: Omit<FoldLook, 'brief'>): View {
  const folds = new Folds();
  return {
    bodies: false,
    async report(report) {
      folds.add(report, shownOutputs(report));
    },
    async end() {
      await showFolds(folds, { ...look, brief: false });
    },
  };
}

export async function showFolds(folds: Folds, { sink, read, brief }: FoldLook): Promise<void> {
  let left = brief ? BRIEF_GROUPS : Number.POSITIVE_INFINITY;
  for (const { title, output } of folds.ordered()) {
    if (left-- <= 0) continue;
    await sink.writeOwn(`${sink.paint(`${RULE}\n${harmlessLine(title)}\n${RULE}`, 'bold')}\n`);
    const lines = prefixed(read(output), '');
    const more = `... (${output.bytes} bytes in all)\n`;
    for await (const piece of brief ? firstLines(lines, BRIEF_LINES, more) : lines) await sink.write(piece);
  }
  if (left < 0) await sink.write(`... and ${-left} more groups\n`);
}
