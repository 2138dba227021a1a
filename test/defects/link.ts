// The links between the programs and what waits for them: spool, holds, keepalives, leases over bad links.
import type { Defect } from './defect.ts';

const RESULTS = 'test/agent/results.test.ts';
const HOLD = 'test/agent/hold.test.ts';
const UNHEARD = 'test/e2e/unheard.test.ts';
const LINKS = 'test/e2e/links.test.ts';

export const defects: Defect[] = [
  {
    name: 'A session begins whether or not its output has room',
    file: 'agent/results.ts',
    find: 'while (!this.#fits() && !signal.aborted) await this.#freed(signal);\n    this.#reserved += 1;',
    replace: 'this.#reserved += 1;',
    test: {
      file: RESULTS,
      title: 'a session begins only when what it may bring has room, and one always may',
    },
  },
  {
    name: 'What memory has no room for stays in memory',
    file: 'agent/results.ts',
    find: 'const [parcel] = this.#inMemory.keys();',
    replace: 'const [parcel] = [...this.#inMemory].slice(0, 0);',
    test: {
      file: RESULTS,
      title:
        'what memory has no room for comes back from the spool as it was, in its order, and its place is used again',
    },
  },
  {
    name: 'The place of an acknowledged result in the spool is never free again',
    file: 'agent/spool.ts',
    find: 'this.#used -= length;\n    const next',
    replace: 'const next',
    test: {
      file: RESULTS,
      title:
        'what memory has no room for comes back from the spool as it was, in its order, and its place is used again',
    },
  },
  {
    name: 'The spool keeps its name',
    file: 'agent/spool.ts',
    find: '    await unlink(path);\n',
    replace: '    void unlink;\n',
    test: {
      file: RESULTS,
      title: 'the spool is a file of its owner alone that has no name and is gone with its process',
    },
  },
  {
    name: 'The spool can be read by others',
    file: 'agent/spool.ts',
    find: "'wx+', 0o600",
    replace: "'wx+', 0o644",
    test: {
      file: RESULTS,
      title: 'the spool is a file of its owner alone that has no name and is gone with its process',
    },
  },
  {
    name: 'A disk that fails under the spool ends the agent',
    file: 'agent/spool.ts',
    find: 'this.free(place);\n      this.#failedAt',
    replace: 'throw error;\n      this.#failedAt',
    test: { file: RESULTS, title: 'a disk that takes nothing is a spool without room, and said to be' },
  },
  {
    name: 'Pieces of a session that was handed back are sent all the same',
    file: 'agent/results.ts',
    find: "if (result.end?.$case !== 'attempt') this.#forget(kept.parcels.splice(0));",
    replace: '',
    test: { file: RESULTS, title: 'pieces of a session that came to nothing are forgotten' },
  },
  {
    name: 'A new stream does not get again what the last one was sent',
    file: 'agent/results.ts',
    find: '    this.#sentParcels.clear();\n  }',
    replace: '  }',
    test: { file: RESULTS, title: 'a new stream gets everything unacknowledged from the start' },
  },
  {
    name: 'A device is read while there is no room for what it says',
    file: 'agent/ssh/shell.ts',
    find: '    this.wire.hold();\n',
    replace: '',
    test: {
      file: HOLD,
      title: 'a device that is not read is slowed by TCP alone, no clock of it runs, and its output is whole',
    },
  },
  {
    name: 'The clocks of a device that is not read run on',
    file: 'agent/watch.ts',
    find: 'this.#frozenAt ??= performance.now();',
    replace: '',
    test: {
      file: HOLD,
      title: 'a device that is not read is slowed by TCP alone, no clock of it runs, and its output is whole',
    },
  },
  {
    name: 'A command begins while devices are not read',
    file: 'agent/session/reading.ts',
    find: 'if (this.#ports.hold?.on !== true) return null;',
    replace: 'if (this.#ports.hold?.on !== true || this.#deviceMs > 0) return null;',
    test: {
      file: HOLD,
      title: 'no command begins while devices are not read, on a command line and by exec',
    },
  },
  {
    name: 'A device is kept waiting without end',
    file: 'agent/session/reading.ts',
    find: 'this.#unread = setTimeout(() => this.#ports.heldTooLong?.(), this.#deviceMs);',
    replace: 'this.#unread = setTimeout(() => undefined, this.#deviceMs);',
    test: {
      file: HOLD,
      title:
        'a pause that outlasts what a session may take is told once, and a device that is let go meanwhile is closed',
    },
  },
  {
    name: 'Workers are not told to hold',
    file: 'agent/pool.ts',
    find: "for (const { process } of this.#workers) process.send({ say: 'hold', hold });",
    replace: '',
    test: {
      file: UNHEARD,
      title: 'a device that is held back for longer than it may take is given back without an attempt',
    },
  },
  {
    name: 'A device that was held too long is charged an attempt',
    file: 'agent/worker.ts',
    find: "return hindered === 'unread' ? 'unread' : 'cut';",
    replace: "return hindered === 'unread' ? 'done' : 'cut';",
    test: {
      file: UNHEARD,
      title: 'a device that is held back for longer than it may take is given back without an attempt',
    },
  },
  {
    name: 'The coordinator does not ask whether an agent is still there',
    file: 'coordinator/intake/server.ts',
    find: "'grpc.keepalive_time_ms': 10_000,",
    replace: "'grpc.keepalive_time_ms': 60_000,",
    test: { file: LINKS, title: 'over a bad link: %s: %s' },
  },
  {
    name: 'An attempt to connect that hangs is waited for',
    file: 'proto/line.ts',
    find: 'else if (++this.#looks >= LOOKS) this.#attempt();',
    replace: '',
    test: { file: 'test/line.test.ts', title: '%i attempts that hang do not keep the next from connecting' },
  },
  {
    name: 'An agent that is cut off goes on with its devices after its lease',
    file: 'proto/subjects.ts',
    find: 'export const STOP_SHARE = 0.7;',
    replace: 'export const STOP_SHARE = 1.7;',
    test: {
      file: LINKS,
      title: 'when an agent is cut off from its coordinator alone: it lets go of its devices by its lease',
    },
  },
  {
    name: 'A long session is written down without a pause',
    file: 'agent/breath.ts',
    find: 'const WORK_MS = 20;',
    replace: 'const WORK_MS = 20_000;',
    test: {
      file: 'test/agent/transcript.test.ts',
      title: 'of a long session is written down in turns, so that the worker goes on with all else',
    },
  },
  {
    name: 'A long output is unpacked in small steps',
    file: 'coordinator/cli/body.ts',
    find: 'createGunzip({ chunkSize: STEP })',
    replace: 'createGunzip()',
    test: { file: 'test/cli/body.test.ts', title: 'a long output is read whole, in steps that are few' },
  },
];
