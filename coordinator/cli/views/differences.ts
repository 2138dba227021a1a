// Each group of identical outputs against the largest, as `clush --diff` shows them: the majority's output itself is
// never printed. One text of each command is held, and one that it is compared with.
import type { Output } from '../../../proto/gen/netsweep/v1/model.js';
import { type FoldedGroup, Folds, groupTitle } from '../../combine/folds.js';
import { shownOutputs } from '../../combine/lines.js';
import type { ReadOutput } from '../../combine/result.js';
import { sizeText } from '../../combine/table.js';
import { compareTexts } from '../../history/compare.js';
import { COMPARED_BYTES } from '../../history/tasks.js';
import { count } from '../../inventory/wording.js';
import type { Progress } from '../progress.js';
import type { Sink } from '../sink.js';
import { harmlessLine, type Paint } from '../terminal.js';
import type { View } from './view.js';

interface Look {
  sink: Sink;
  read: ReadOutput;
  progress: Progress;
}

export function differencesView(look: Look): View {
  const folds = new Folds();
  return {
    bodies: false,
    async report(report) {
      folds.add(report, shownOutputs(report));
    },
    async end() {
      for (const command of folds.commands) await showCommand(command, folds.groupsOf(command), look);
    },
  };
}

async function showCommand(command: string, groups: FoldedGroup[], look: Look): Promise<void> {
  const [majority, ...others] = groups;
  if (majority === undefined) return;
  const { sink, progress } = look;
  if (others.length === 0)
    progress.note(`"${command}": ${count(majority.names.size, 'output')}, all the same`);
  const reference = others.length === 0 ? null : await textOf(majority.output, look.read);
  for (const other of others) {
    const text = reference === null ? null : await textOf(other.output, look.read);
    await sink.writeOwn(`${sink.paint(headerOf('---', majority), 'bold')}\n`);
    await sink.writeOwn(`${sink.paint(headerOf('+++', other), 'bold')}\n`);
    if (reference === null || text === null) await sink.write(tooLarge(majority, other));
    else await showLines(reference, text, sink);
  }
}

async function showLines(reference: string, text: string, sink: Sink): Promise<void> {
  const { lines, isCut } = compareTexts(reference, text, { volatile: [], context: 3 });
  for (const line of lines) {
    const colour = COLOURS[line[0] ?? ''];
    const shown = sink.isTerminal ? harmlessLine(line) : line;
    await sink.writeOwn(`${colour === undefined ? shown : sink.paint(shown, colour)}\n`);
  }
  if (isCut) await sink.write('... and more lines differ\n');
}

const COLOURS: Record<string, Parameters<Paint>[1]> = { '@': 'dim', '+': 'green', '-': 'red' };

function headerOf(sign: string, group: FoldedGroup): string {
  return `${sign} ${harmlessLine(groupTitle(group))}`;
}

function tooLarge(majority: FoldedGroup, other: FoldedGroup): string {
  const bytes = Math.max(majority.output.bytes, other.output.bytes);
  return `too large to be compared (found ${sizeText(bytes)}, expected at most ${sizeText(COMPARED_BYTES)})\n`;
}

async function textOf(output: Output, read: ReadOutput): Promise<string | null> {
  if (output.bytes > COMPARED_BYTES) return null;
  let text = '';
  for await (const piece of read(output)) text += piece;
  return text;
}
