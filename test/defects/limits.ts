// Stop limits, exit codes, repeated sweeps and submits: the rules as the command line shows them, each broken once.
import type { Defect } from './defect.ts';

export const defects: Defect[] = [
  {
    name: 'a sweep whose deadline stopped it ends as one with failures only',
    file: 'coordinator/cli/output.ts',
    find: 'yield EXIT.stopped;',
    replace: 'yield EXIT.failures;',
    test: {
      file: 'test/e2e/exit.test.ts',
      title: 'ends with 6 when its deadline passes, and says which devices were never touched',
    },
  },
  {
    name: 'a submit that arrives while the same one is on its way to the disk makes a second sweep',
    file: 'coordinator/service.ts',
    find: 'const submitted = this.#submits.get(key) ?? this.#add(submission, who);',
    replace: 'const submitted = this.#add(submission, who);',
    test: {
      file: 'test/e2e/exit.test.ts',
      title: 'is one sweep however often its submit is repeated, also at the same moment',
    },
  },
  {
    name: 'one more device than --max-fail says may fail before the sweep stops',
    file: 'coordinator/sweep/stops.ts',
    find: 'this.#failed < maxFail) return null',
    replace: 'this.#failed <= maxFail) return null',
    test: {
      file: 'test/sweep/stops.test.ts',
      title: 'lets nothing begin once so many have failed, and what is under way ends as it will',
    },
  },
  {
    name: 'an interrupted device does not count as failed',
    file: 'coordinator/sweep/stops.ts',
    find: 'status === Status.FAILED || status === Status.INTERRUPTED',
    replace: 'status === Status.FAILED',
    test: { file: 'test/sweep/stops.test.ts', title: 'counts what was interrupted' },
  },
  {
    name: 'a suspect canary passes for a good one',
    file: 'coordinator/sweep/stops.ts',
    find: 'device.index < this.limits.canary && status !== Status.OK',
    replace: 'device.index < this.limits.canary && status === Status.FAILED',
    test: {
      file: 'test/sweep/stops.test.ts',
      title: 'that ends %s stops the sweep, which says which device it was',
    },
  },
  {
    name: 'the place of a lost lease is free before the lock delay is over',
    file: 'coordinator/sweep/activesweep.ts',
    find: 'Number.isFinite(free) ? free : 0',
    replace: '0',
    test: {
      file: 'test/sweep/pace.test.ts',
      title: 'counts the session of a lost lease until the lock delay is over',
    },
  },
  {
    name: 'a coordinator that starts again takes sites with leased devices for empty',
    file: 'coordinator/sweep/activesweep.ts',
    find: 'for (const place of state.track.places) shared.pace.caps.take(place);',
    replace: '',
    test: { file: 'test/sweep/pace.test.ts', title: 'is as full as before after a restart' },
  },
  {
    name: 'a second may have more logins than the rate, after a pause',
    file: 'coordinator/sweep/slots.ts',
    find: ', first + SECOND_MS)',
    replace: ')',
    test: {
      file: 'test/sweep/slots.test.ts',
      title: 'no second has more than the rate, whenever somebody comes and goes (seeds 1 to 100)',
    },
  },
  {
    name: 'an agent lets a login leave as soon as it has leave',
    file: 'agent/intime.ts',
    find: 'ms > 0; ms =',
    replace: 'ms > 1e9; ms =',
    test: { file: 'test/agent/intime.test.ts', title: 'a login leaves at its moment, not before' },
  },
  {
    name: 'what was late counts as if it had been in time',
    file: 'coordinator/sweep/slots.ts',
    find: 'if (place < 0) return;',
    replace: 'if (place < 0 || byMs > 0) return;',
    test: {
      file: 'test/sweep/slots.test.ts',
      title:
        'a second after a login that was late has no more than the rate, and neither has one around it (seeds 1 to 100)',
    },
  },
  {
    name: 'devices of later stages are offered with the canary',
    file: 'coordinator/sweep/activesweep.ts',
    find: 'if (stage > this.stops.stage) lineOf(this.#held',
    replace: 'if (stage < 0) lineOf(this.#held',
    test: {
      file: 'test/e2e/limits.test.ts',
      title:
        '--canary and --batch begin a stage when the one before has ended, also over a death of the coordinator',
    },
  },
  {
    name: 'a batch begins before the last device of the one before has ended',
    file: 'coordinator/sweep/stops.ts',
    find: 'while (this.#left[this.#stage] === 0)',
    replace: 'while ((this.#left[this.#stage] ?? 9) <= 1)',
    test: {
      file: 'test/sweep/stops.test.ts',
      title: 'begins when the batch before it has ended, in all segments',
    },
  },
  {
    name: 'a sweep that may write has more under way than may fail',
    file: 'coordinator/sweep/stops.ts',
    find: 'return allowWrites && maxFail > 0 ?',
    replace: 'return !allowWrites && maxFail > 0 ?',
    test: {
      file: 'test/sweep/stops.test.ts',
      title: 'holds back a sweep that may write: under way and failed are never more than may fail',
    },
  },
  {
    name: 'a sweep that was cancelled goes on after a restart of its coordinator',
    file: 'coordinator/sweep/ledger.ts',
    find: 'if (sweep.row.state === SweepState.CANCELLED) sweep.halt',
    replace: 'if (sweep.row.state === SweepState.PAUSED) sweep.halt',
    test: { file: 'test/sweep/stops.test.ts', title: 'a cancelled sweep begins nothing after a restart' },
  },
  {
    name: 'a restarted coordinator takes a device that waits to be tried again for one that is held',
    file: 'coordinator/sweep/ledger.ts',
    find: 'shard.row = { ...shard.row, devices: [...lease.left] };',
    replace: '',
    test: {
      file: 'test/sweep/stops.test.ts',
      title:
        'a device that waits to be tried again is tried again after a restart, while others of its shard are under way',
    },
  },
  {
    name: 'a device that a stopped sweep does not try again loses the record of its attempt',
    file: 'coordinator/sweep/outcomes.ts',
    find: 'this.limits(sweep, when.wallMs, writes);',
    replace: '',
    test: {
      file: 'test/sweep/stops.test.ts',
      title: 'withholds another attempt, and keeps the record of the one before',
    },
  },
  {
    name: 'a share of the selection is rounded down',
    file: 'coordinator/sweep/stops.ts',
    find: 'Math.max(1, Math.ceil(',
    replace: 'Math.max(1, Math.floor(',
    test: {
      file: 'test/sweep/stops.test.ts',
      title: 'a share %j of %i devices is %i: rounded up, at least one',
    },
  },
  {
    name: 'a client that comes back to its sweep shows again what it has shown',
    file: 'coordinator/cli/follow.ts',
    find: 'reportsOf(body).filter(({ device }) => !seen.has(device?.index ?? -1));',
    replace: 'reportsOf(body);',
    test: {
      file: 'test/e2e/client.test.ts',
      title: 'comes back to its sweep, says once what it waits for, and shows each device once',
    },
  },
  {
    name: 'a client gives up when the coordinator is away for longer than a moment',
    file: 'coordinator/cli/link.ts',
    find: 'Number.POSITIVE_INFINITY,',
    replace: '1_000,',
    test: {
      file: 'test/e2e/client.test.ts',
      title: 'comes back to its sweep, says once what it waits for, and shows each device once',
    },
  },
  {
    name: 'a submit whose answer was lost with the coordinator makes a second sweep',
    file: 'coordinator/service.ts',
    find: 'const same = await this.books.store.sweepByKey(header.key);',
    replace: 'header.key += ulid();\n    const same = await this.books.store.sweepByKey(header.key);',
    test: {
      file: 'test/e2e/client.test.ts',
      title:
        'makes one sweep of each of 140 submits of which 60 are repeated, while the coordinator dies three times (SEED=%i npx vitest run test/e2e/client.test.ts)',
    },
  },
  {
    name: 'the command line does not submit again when the coordinator dies with its submit',
    file: 'coordinator/cli/submit.ts',
    find: 'await patience.pause(error, signal);',
    replace: 'throw error;',
    test: {
      file: 'test/e2e/client.test.ts',
      title:
        'submits again by itself where the coordinator dies before or after it took the sweep, and names its devices again after a restart',
    },
  },
  {
    name: '--rerun --failed takes those that ended ok as well',
    file: 'coordinator/cli/earlier.ts',
    find: 'kinds.size === 0 ? !failed ||',
    replace: 'kinds.size === 0 ? failed ||',
    test: {
      file: 'test/e2e/client.test.ts',
      title: 'a self-contained run names the devices of an earlier one again, which another process ran',
    },
  },
  {
    name: 'a sweep goes on when the output of its run is closed',
    file: 'coordinator/cli/attend.ts',
    find: 'if (error instanceof OutputClosed) await cancel(',
    replace: 'if (error === null) await cancel(',
    test: {
      file: 'test/e2e/client.test.ts',
      title: 'cancels its sweep quietly when its output is closed',
    },
  },
  {
    name: 'a device whose command may have been sent is done again after its agent was killed',
    file: 'coordinator/sweep/outcomes.ts',
    find: 'if (state.row.started) return sweep.end(state, interrupted(back.reason), writes);',
    replace: '',
    test: {
      file: 'test/e2e/restarts.test.ts',
      title:
        'that may write sends nothing twice while NATS is wiped and the coordinator and all agents are killed, and only what nobody knows of ends interrupted',
    },
  },
  {
    name: 'an agent that is told to end cuts the sessions it has open',
    file: 'agent/agent.ts',
    find: 'held.drain();',
    replace: 'held.drain();\n  held.abandonAll();',
    test: {
      file: 'test/e2e/restarts.test.ts',
      title:
        'goes on while all agents are replaced one after the other: nothing fails and nothing is done again',
    },
  },
  {
    name: 'a restarted coordinator forgets why a device is to be tried again',
    file: 'coordinator/sweep/activesweep.ts',
    find: 'state.lastFailure = lastFailure;',
    replace: '',
    test: {
      file: 'test/sweep/stops.test.ts',
      title: 'ends what waits to be tried again with its last failure also after a restart',
    },
  },
  {
    name: 'a failure decides over the limit that stopped the sweep',
    file: 'coordinator/cli/exit.ts',
    find: '[70, 130, 5, 2, 4, 6, 1, 3]',
    replace: '[70, 130, 5, 2, 4, 1, 6, 3]',
    test: {
      file: 'test/cli/conclude.test.ts',
      title: 'has several reasons to end so is that of the first of 70, 130, 5, 2, 4, 6, 1',
    },
  },
];
