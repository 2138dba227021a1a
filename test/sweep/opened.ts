// A ledger with one sweep for the tests of the lease rules, on a clock of the test's own.
import type { Write } from '../../coordinator/store/store.js';
import { Ledger } from '../../coordinator/sweep/ledger.js';
import { HandedBack, Result } from '../../proto/gen/netsweep/v1/agent.js';
import {
  Device,
  Failure,
  Kind,
  type Report,
  Stage,
  Status,
  SweepOptions,
} from '../../proto/gen/netsweep/v1/model.js';
import { Attempt } from '../../proto/gen/netsweep/v1/session.js';
import { SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';

export const TERMS = { termMs: 10_000, lockDelayMs: 5_000 };

export function device(index: number, over: Partial<Device> = {}): Device {
  return Device.create({
    index,
    name: `R${index}`,
    host: `10.0.0.${index}`,
    port: 22,
    segment: 's',
    commands: ['show version'],
    ...over,
  });
}

export function open(devices: Device[], options: Partial<SweepOptions> = {}) {
  const ledger = new Ledger('inc', TERMS, () => 0);
  const writes: Write[] = [];
  const row = {
    id: 'S1',
    key: 'k',
    state: SweepState.RUNNING,
    options: SweepOptions.create({ forks: 100, retries: 2, ...options }),
    startedAtMs: 0,
    endedAtMs: 0,
    reason: '',
    lastShard: 0,
    refusedResults: 0,
    repeatedResults: 0,
  };
  const sweep = ledger.add(row, devices, [], writes);
  const form = (now: number, most = 100) => ledger.form(sweep, 's', most, now, writes);
  const claim = (shard: number, now: number, over: Partial<Parameters<Ledger['claim']>[0]> = {}) =>
    ledger.claim({ instance: 'a', claimId: 'c1', sweep: 'S1', shard, offer: 1, ...over }, now, writes);
  const result = (shard: number, epoch: string, index: number, end: Result['end'], now: number) =>
    ledger.result(Result.create({ sweep: 'S1', shard, epoch, index, end }), 'agent-1', now, 0, writes);
  const start = (epoch: string, index: number, now: number) =>
    ledger.start({ sweep: 'S1', epoch, index }, now, now, writes);
  const reports = (): Report[] => writes.flatMap((write) => (write.write === 'report' ? [write.report] : []));
  return { ledger, sweep, writes, form, claim, result, start, reports };
}

/** The same ledger as a coordinator finds it that starts after this one has died; nothing has ended yet. */
export function reopened(
  { ledger: before, sweep }: Pick<ReturnType<typeof open>, 'ledger' | 'sweep'>,
  now: number,
) {
  const ledger = new Ledger('second', TERMS, () => 0);
  const writes: Write[] = [];
  const restored = ledger.restore(
    {
      row: sweep.row,
      devices: sweep.states.map(({ device, row, lastFailure }) => ({
        device,
        row: { index: device.index, ...row },
        report: null,
        lastFailure,
      })),
      shards: [...before.shards()].map(({ row }) => row),
      credentials: [],
      bastions: [...sweep.bastions.keys()],
      taken: sweep.states.flatMap(({ device, epochs }) =>
        epochs.map((epoch) => ({ index: device.index, epoch })),
      ),
    },
    now,
    writes,
  );
  const reports = (): Report[] => writes.flatMap((write) => (write.write === 'report' ? [write.report] : []));
  return { ledger, sweep: restored, writes, reports };
}

export function granted(answer: ReturnType<Ledger['claim']>): { epoch: string; indexes: number[] } {
  if (answer.answer !== 'grant') throw new Error(`expected a grant, got ${JSON.stringify(answer)}`);
  return { epoch: answer.epoch, indexes: answer.devices.map((state) => state.device.index) };
}

export const ok: Result['end'] = {
  $case: 'attempt',
  value: Attempt.create({ status: Status.OK, leftClean: true, durationMs: 5 }),
};

export function failing(over: Partial<Failure> = {}, secretSent = false): Result['end'] {
  const failure = Failure.create({
    kind: Kind.REFUSED,
    stage: Stage.CONNECT,
    message: 'no',
    retryable: true,
    ...over,
  });
  return {
    $case: 'attempt',
    value: Attempt.create({ status: Status.FAILED, failure, leftClean: true, secretSent }),
  };
}

export function handedBack(touched: boolean, over: Partial<HandedBack> = {}): Result['end'] {
  return { $case: 'handedBack', value: HandedBack.create({ reason: 'test', touched, ...over }) };
}
