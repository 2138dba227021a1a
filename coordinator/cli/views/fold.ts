// Identical outputs once, under the folded names of all devices that gave them; the largest group first. Order and
// headers are those of `clubak -b`. Only one output of each group is ever read.
import { Folds, groupTitle } from '../../combine/folds.js';
import { firstLines, prefixed, shownOutputs } from '../../combine/lines.js';
import type { ReadOutput } from '../../combine/result.js';
import type { Sink } from '../sink.js';
import { harmlessLine } from '../terminal.js';
import type { View } from './view.js';

/** Groups, and lines of each, in the brief form. */
const BRIEF_GROUPS = 20;
const BRIEF_LINES = 20;
const RULE = '-'.repeat(15);

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
  const { commands } = folds;
  let left = brief ? BRIEF_GROUPS : Number.POSITIVE_INFINITY;
  for (const command of commands)
    for (const group of folds.groupsOf(command)) {
      if (left-- <= 0) continue;
      const { output } = group;
      const title = commands.length > 1 ? `${groupTitle(group)}: ${command}` : groupTitle(group);
      await sink.writeOwn(`${sink.paint(`${RULE}\n${harmlessLine(title)}\n${RULE}`, 'bold')}\n`);
      const lines = prefixed(read(output), '');
      const more = `... (${output.bytes} bytes in all)\n`;
      for await (const piece of brief ? firstLines(lines, BRIEF_LINES, more) : lines) await sink.write(piece);
    }
  if (left < 0) await sink.write(`... and ${-left} more groups\n`);
}
