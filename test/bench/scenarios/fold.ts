// 10,000 outputs folded under their names: ours beside clubak -b of ClusterShell, on the same lines, to the same text.

import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Measured, measure } from '../account/account.ts';
import type { Bench, Scenario } from '../bench.ts';
import { beside, program } from '../place.ts';
import type { Section } from '../report.ts';
import { contender, contenders, cpuEach, interleave } from '../rounds.ts';

const OUTPUTS = 10_000;
const LINES = 100;
const VARIANTS = 10;
const TIMEOUT_MS = 300_000;

/** Names as regular as a fleet's may be, and as irregular. */
const NAMES: Record<string, (index: number) => string> = {
  regular: (n) => `sw${n % 100}.site${Math.floor(n / 100)}`,
  irregular: (n) =>
    ((n * 2_654_435_761) >>> 16) % 2 === 0
      ? `r${(n * 7919) % 211}-s${(n * 104_729) % 307}-p${n % 53}-${n % 7}x${n}`
      : `host${(n * 15_485_863) % 1_000_003}`,
};

export const folded: Scenario = { about: `${OUTPUTS} outputs folded, beside clubak -b`, run };

async function run(bench: Bench): Promise<Section> {
  const clubak = program('clubak');
  const kinds = [];
  for (const [kind, nameOf] of Object.entries(NAMES)) {
    const lines = join(bench.folder, `fold-${kind}.txt`);
    await write(lines, nameOf);
    const ours = contender(`netsweep --fold, ${kind} names`, OUTPUTS, () =>
      fold(bench, { command: `'${process.execPath}' '${beside('foldlines.js')}'`, lines, kind: 'ours' }),
    );
    const theirs = contender(`clubak -b, ${kind} names`, OUTPUTS, () =>
      fold(bench, { command: `'${clubak}' -b -S ': '`, lines, kind: 'clubak' }),
    );
    kinds.push({ kind, ours, theirs: clubak === null ? [] : [theirs] });
    await interleave(bench.options.repeat, [ours, ...(clubak === null ? [] : [theirs])], bench.say);
    if (clubak !== null) same(bench.folder);
  }
  return {
    name: 'fold',
    title: 'Identical outputs folded',
    notes: [
      `${OUTPUTS} outputs of ${LINES} lines in ${VARIANTS} variants, read from a file; what both print is compared byte for byte.`,
      ...(clubak === null ? ['clubak is not installed here.'] : []),
    ],
    tables: [contenders(kinds.flatMap(({ ours, theirs }) => [ours, ...theirs]))],
    goals: kinds.flatMap(({ kind, ours, theirs }) =>
      theirs.map((other) => ({
        what: `folding ${OUTPUTS} outputs with ${kind} names: CPU to that of clubak -b`,
        limit: 1,
        measured: cpuEach(ours) / cpuEach(other),
        unit: '',
      })),
    ),
    data: kinds.flatMap(({ ours, theirs }) =>
      [ours, ...theirs].map(({ title, devices, rounds }) => ({ title, devices, rounds })),
    ),
  };
}

async function write(file: string, nameOf: (index: number) => string): Promise<void> {
  const stream = createWriteStream(file);
  for (let n = 0; n < OUTPUTS; n += 1) {
    const name = nameOf(n);
    const variant = n % 97 < 88 ? 0 : n % VARIANTS;
    const text = Array.from(
      { length: LINES },
      (_, line) => `${name}: line ${line} of ${line === 50 ? variant : 0}\n`,
    );
    if (!stream.write(text.join(''))) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'finish');
}

async function fold(
  { folder, stop }: Bench,
  { command, lines, kind }: { command: string; lines: string; kind: string },
): Promise<Measured> {
  const out = join(folder, `fold-${kind}.out`);
  const measured = await measure(
    {
      command: ['sh', '-c', `exec ${command} < '${lines}'`],
      role: kind,
      stdout: out,
      stderr: `${out}.err`,
    },
    { timeoutMs: TIMEOUT_MS, stop },
  );
  if (measured.status !== 0) throw new Error(`${kind}: ${readFileSync(`${out}.err`, 'utf8')}`);
  return measured;
}

function same(folder: string): void {
  const [ours, theirs] = ['ours', 'clubak'].map((kind) => readFileSync(join(folder, `fold-${kind}.out`)));
  if (ours === undefined || theirs === undefined || !ours.equals(theirs))
    throw new Error('clubak -b prints something else');
}
