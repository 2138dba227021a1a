// Two sweeps side by side: each output of each device, with what the other sweep has of it. The first one is held in
// memory, without bytes; the second streams past it.
import { type Output, Proof, type Report, Status } from '../../proto/gen/netsweep/v1/model.js';
import { label } from '../../proto/label.js';
import { platformOf } from '../combine/result.js';
import type { Connection } from '../connect.js';
import type { Kept } from './comparer.js';
import { finished } from './follow.js';

export interface Both {
  segment: string;
  device: string;
  command: string;
  platform: string;
  state: 'both';
  before: Kept;
  after: Kept;
}

/** One output on both sides; `why`: it is on one side only, or can't be compared. */
export type Pair =
  | Both
  | (Omit<Both, 'state' | 'before' | 'after'> & { state: 'new' | 'gone' | 'unclear'; why: string });

interface Side {
  sweep: string;
  /** The device has ended so, in a word; empty: ok. */
  failed: string;
  platform: string;
  /** That it was asked for. */
  commands: readonly string[];
  outputs: ReadonlyMap<string, Output>;
}

const NO_BODY = Buffer.alloc(0);

/** In the order of the second sweep; what it has no more comes last. */
export async function* pairsOfSweeps(
  link: Connection,
  [from, to]: [string, string],
  stop: AbortSignal,
): AsyncGenerator<Pair> {
  const before = new Map<string, Side>();
  for await (const report of finished(link, { sweep: from, bodies: false }, stop))
    before.set(keyOf(report), sideOf(report));
  for await (const report of finished(link, { sweep: to, bodies: false }, stop)) {
    const key = keyOf(report);
    yield* pairsOfDevice(key, before.get(key) ?? null, sideOf(report));
    before.delete(key);
  }
  for (const [key, side] of before) yield* pairsOfDevice(key, side, null);
}

/** A device's commands, each once. */
function* pairsOfDevice(key: string, before: Side | null, after: Side | null): Generator<Pair> {
  const [segment = '', device = ''] = key.split('\n');
  const commandsOf = (side: Side | null) => [...(side?.commands ?? []), ...(side?.outputs.keys() ?? [])];
  const platform = after?.platform ?? before?.platform ?? '';
  for (const command of new Set([...commandsOf(after), ...commandsOf(before)])) {
    const pair = { segment, device, command, platform };
    const [old, now] = [outputOf(before, command), outputOf(after, command)];
    if (typeof old === 'object' && typeof now === 'object')
      yield { ...pair, state: 'both', before: bare(old), after: bare(now) };
    else if (typeof now === 'object' && old === '') yield { ...pair, state: 'new', why: '' };
    else if (typeof old === 'object' && now === '') yield { ...pair, state: 'gone', why: '' };
    else
      yield {
        ...pair,
        state: 'unclear',
        why: [old, now].filter((why) => typeof why === 'string' && why !== '').join(', '),
      };
  }
}

/** A complete output, or why there is none; empty: it was not asked for. */
function outputOf(side: Side | null, command: string): Output | string {
  if (side === null) return '';
  const output = side.outputs.get(command);
  if (output !== undefined && output.proof === Proof.COMPLETE && !output.refused) return output;
  if (output?.refused) return `the device refused the command in ${side.sweep}`;
  if (output !== undefined) return `${label('PROOF', output.proof)} in ${side.sweep}`;
  if (side.failed === '' && !side.commands.includes(command)) return '';
  return `${side.failed || 'no output'} in ${side.sweep}`;
}

function bare({ sha256, bytes }: Output): Kept {
  return { sha256, bytes, body: NO_BODY };
}

function keyOf({ device }: Report): string {
  return `${device?.segment}\n${device?.name}`;
}

function sideOf(report: Report): Side {
  const { sweep, status, failure, outputs, device } = report;
  return {
    sweep,
    failed:
      failure === undefined
        ? status === Status.OK
          ? ''
          : label('STATUS', status)
        : label('KIND', failure.kind),
    platform: platformOf(report),
    commands: device?.commands ?? [],
    outputs: new Map(outputs.map((output) => [output.command, output])),
  };
}
