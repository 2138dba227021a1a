import type { Defect } from './defect.ts';

const DAMAGE = 'test/store/damage.test.ts';
const PAUSE = 'test/sweep/pause.test.ts';
const FULL = 'test/store/full.test.ts';

export const defects: Defect[] = [
  {
    name: 'A full disk ends the store instead of making it wait',
    file: 'coordinator/store/queue.ts',
    find: 'if (isFull(error)) this.#waitForRoom(group);',
    replace: 'if (isFull(error) && this.#full) this.#waitForRoom(group);',
    test: {
      file: FULL,
      title:
        'commits that find the disk full wait and are written when there is room, none of them lost or written twice',
    },
  },
  {
    name: 'A group that found no room is forgotten',
    file: 'coordinator/store/queue.ts',
    find: 'this.#commits = [...group, ...this.#commits];',
    replace: 'this.#answer({ ids: group.map(({ id }) => id), value: 0 });',
    test: {
      file: FULL,
      title:
        'commits that find the disk full wait and are written when there is room, none of them lost or written twice',
    },
  },
  {
    name: 'A store that is told to close waits for room',
    file: 'coordinator/store/queue.ts',
    find: 'const done = this.#resting || this.#commits.length === 0;',
    replace: 'const done = this.#commits.length === 0;',
    test: {
      file: FULL,
      title: 'a store on a full disk closes, and opens again full, with all that was acknowledged',
    },
  },
  {
    name: 'A commit that finds no room pauses nothing',
    file: 'coordinator/pause.ts',
    find: 'const short = this.store.full || isShort(',
    replace: 'const short = isShort(',
    test: { file: PAUSE, title: 'commits that wait for room pause whatever the disk says' },
  },
  {
    name: 'A pause that is over begins again with the next byte',
    file: 'coordinator/pause.ts',
    find: 'this.#now === null ? 1 : AGAIN',
    replace: '1',
    test: {
      file: PAUSE,
      title: 'a large disk pauses below its reserve and goes on well above it, telling how much is free',
    },
  },
  {
    name: 'Shards are formed in a pause',
    file: 'coordinator/sweep/ledger.ts',
    find: "if (sweep.halt !== null || this.#paused !== '' || this.isHeld(now)) return null;",
    replace: 'if (sweep.halt !== null || this.isHeld(now)) return null;',
    test: {
      file: PAUSE,
      title: 'nothing is formed, granted or started in a pause, and everything is after it',
    },
  },
  {
    name: 'Leases are granted in a pause',
    file: 'coordinator/sweep/ledger.ts',
    find: "const paused = this.#paused === '' ? null : { ms: PAUSED_MS, reason: this.#paused };",
    replace: 'const paused = null;',
    test: {
      file: PAUSE,
      title: 'nothing is formed, granted or started in a pause, and everything is after it',
    },
  },
  {
    name: 'Devices that may be written to are started in a pause',
    file: 'coordinator/sweep/ledger.ts',
    find: "(this.#paused !== '' || !sweep.mayStart())",
    replace: '!sweep.mayStart()',
    test: {
      file: PAUSE,
      title: 'nothing is formed, granted or started in a pause, and everything is after it',
    },
  },
  {
    name: 'A pause counts as a lease without progress once it is over',
    file: 'coordinator/sweep/ledger.ts',
    find: 'if (shard.lease !== null) shard.lease.progressAt += afterMs;',
    replace: 'if (shard.lease !== null) continue;',
    test: {
      file: PAUSE,
      title:
        'a lease in which nothing ends is renewed for as long as a pause takes, and not longer than without it',
    },
  },
  {
    name: 'A pause counts as a time without an agent',
    file: 'coordinator/sweep/reconcile.ts',
    find: 'this.#noAgent(this.books.pause.clockMs(), wall, writes);',
    replace: 'this.#noAgent(now, wall, writes);',
    test: { file: PAUSE, title: 'the time without an agent does not count in a pause' },
  },
  {
    name: 'Outputs are taken in a pause',
    file: 'coordinator/intake/agents.ts',
    find: "if (pause.reason === '') return sent;",
    replace: 'if (!pause.full) return sent;',
    test: {
      file: 'test/e2e/fulldisk.test.ts',
      title:
        'a sweep pauses before the disk of its coordinator is full, and when it is, says why, and loses nothing',
    },
  },
  {
    name: 'Every call is a transaction of its own',
    file: 'coordinator/store/queue.ts',
    find: 'if (i === GROUP || bytes >= GROUP_BYTES) return true;',
    replace: 'if (i === 1) return true;',
    test: {
      file: 'test/store/store.test.ts',
      title: 'many commits at once share a transaction, and every one of them is answered',
    },
  },
  {
    name: 'A repeated claim or result is answered before its first try is on disk',
    file: 'coordinator/books.ts',
    find: 'if (writes.length === 0) return this.#latest;',
    replace: 'if (writes.length === 0) return Promise.resolve(0);',
    test: {
      file: 'test/books.test.ts',
      title: 'an answer that writes nothing waits for the writes before it',
    },
  },
  {
    name: 'Rows are told as they are found',
    file: 'coordinator/store/sums.ts',
    find: 'return sum === null || sum === sumOf(...values);',
    replace: 'return values.length > 0 || sum === null;',
    test: { file: DAMAGE, title: 'what is damaged is told in its place, and everything else as it was' },
  },
  {
    name: 'Outputs are told without a look at their digest',
    file: 'coordinator/store/reports.ts',
    find: 'if (!whole) markDamaged(report, output);',
    replace: 'if (!whole && body === undefined) markDamaged(report, output);',
    test: { file: DAMAGE, title: 'what is damaged is told in its place, and everything else as it was' },
  },
  {
    name: 'A log that is damaged in its middle is taken for one that ends there',
    file: 'coordinator/store/log.ts',
    find: 'if (!isSound) return hasOwnFrame(log, at, FRAME_HEADER + pageBytes);',
    replace: 'if (!isSound) return false;',
    test: { file: DAMAGE, title: 'a log with a flipped bit counts as a rollback' },
  },
  {
    name: 'A change of format is more than one transaction',
    file: 'coordinator/store/schema.ts',
    find: 'for (const step of STEPS.slice(schema, format)) sql.exec(step);',
    replace: 'for (const step of STEPS.slice(schema, format)) sql.exec(step + "; COMMIT; BEGIN IMMEDIATE");',
    test: {
      file: DAMAGE,
      title: 'a change of format that is cut off anywhere has not happened, and happens at the next start',
    },
  },
  {
    name: 'Half a write to a file of a tree is taken for a whole one',
    file: 'coordinator/cli/views/tree.ts',
    find: 'await file.appendFile(piece);',
    replace: 'await file.write(piece);',
    test: { file: 'test/cli/fulldisk.test.ts', title: 'no file of a tree is ever half written' },
  },
  {
    name: 'A full disk ends the run whose results it should take',
    file: 'coordinator/cli/output.ts',
    find: 'if (!(error instanceof CannotWrite)) throw error;',
    replace: 'if (!(error instanceof TypeError)) throw error;',
    test: {
      file: 'test/cli/fulldisk.test.ts',
      title: 'run goes on without what it can not write, and says which in one line',
    },
  },
  {
    name: 'The socket of a killed coordinator is in the way of the next',
    file: 'coordinator/intake/server.ts',
    find: "if (address.startsWith('unix:')) rmSync(address.slice('unix:'.length), { force: true });",
    replace: '',
    test: {
      file: 'test/e2e/standstill.test.ts',
      title:
        'a sweep that may write, killed with its coordinator, is closed at the next start: what was begun is interrupted',
    },
  },
  {
    name: 'A self-contained start leaves the leases of the processes before it to themselves',
    file: 'coordinator/coordinator.ts',
    find: "if (unfinished === 'cancel') books.ledger.lapse(Number.POSITIVE_INFINITY, wall, writes);",
    replace: '',
    test: {
      file: 'test/e2e/standstill.test.ts',
      title:
        'a sweep that may write, killed with its coordinator, is closed at the next start: what was begun is interrupted',
    },
  },
  {
    name: 'A result that is not taken now is sent again at once',
    file: 'agent/uplink.ts',
    find: 'if (verdict === Verdict.LATER) this.host.after(LATER_MS, settle);',
    replace: 'if (verdict === Verdict.LATER) this.host.after(0, settle);',
    test: {
      file: 'test/agent/later.test.ts',
      title: 'a result that the coordinator does not take now rests before it is sent again',
    },
  },
];
