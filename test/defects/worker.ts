import type { Defect } from './defect.ts';

const POOL = 'test/agent/pool.test.ts';
const IPC = 'test/agent/ipc.test.ts';
const CLOCKS = 'test/agent/clocks.test.ts';
const DEATH = '%s costs what it held, and the next one works';
const BROKEN = '%s ends, and its devices are handed back';

export const defects: Defect[] = [
  {
    name: 'A worker that is silent is waited for',
    file: 'agent/workerprocess.ts',
    find: 'if (now - this.#heardAt >= WORKER_SILENCE_MS)',
    replace: 'if (now - this.#heardAt >= 20 * WORKER_SILENCE_MS)',
    test: { file: POOL, title: DEATH },
  },
  {
    name: 'What a dead worker held is told to have been alone in it',
    file: 'agent/pool.ts',
    find: 'alone: lost.length === 1',
    replace: 'alone: true',
    test: { file: POOL, title: DEATH },
  },
  {
    name: 'The death of a worker is not counted as one',
    file: 'agent/pool.ts',
    find: 'touched: true, workerLost: true,',
    replace: 'touched: true,',
    test: { file: POOL, title: DEATH },
  },
  {
    name: 'Memory outside the heap is not looked at',
    file: 'agent/workerprocess.ts',
    find: 'this.#weigh(message.memory);',
    replace: '',
    test: { file: POOL, title: 'once it has grown, while what it holds runs to its end' },
  },
  {
    name: 'A worker that is to be replaced ends with what it holds',
    file: 'agent/pool.ts',
    find: 'if (worker.jobs.size === 0 && (worker.alone || worker.process.leaving)) worker.process.end();',
    replace: 'if (worker.alone || worker.process.leaving) worker.process.end();',
    test: { file: POOL, title: 'after so many devices, and no result is lost' },
  },
  {
    name: 'A device that runs alone shares its worker',
    file: 'agent/pool.ts',
    find: 'if (task.options.isolation === Isolation.DEVICE) return this.#fork(true);',
    replace: '',
    test: { file: POOL, title: 'that runs alone has a process of its own, and harms nobody' },
  },
  {
    name: 'A worker that never came up counts against its devices',
    file: 'agent/pool.ts',
    find: 'if (worker.process.up) job.end',
    replace: 'if (worker.process.pid > 0) job.end',
    test: {
      file: POOL,
      title: 'a worker program that is not there, or ends before it has come up, is no fault of a device',
    },
  },
  {
    name: 'A message of any length is waited for',
    file: 'agent/frames.ts',
    find: 'if (length > FRAME_BYTES) throw',
    replace: 'if (length < 0) throw',
    test: { file: IPC, title: BROKEN },
  },
  {
    name: 'A worker may report what another holds',
    file: 'agent/pool.ts',
    find: "else if (message.say !== 'loggedIn')",
    replace: "else if (message.say === 'chunk')",
    test: { file: IPC, title: BROKEN },
  },
  {
    name: 'What a worker writes to stderr is repeated in reports',
    file: 'agent/workerprocess.ts',
    find: "const words = (uncaught ?? native)?.[0].replace('FATAL ERROR: ', '') ?? '';",
    replace: 'const words = lastWords;',
    test: { file: IPC, title: BROKEN },
  },
  {
    name: 'What a worker says is taken as it is',
    file: 'agent/ipc.ts',
    find: 'if (!Number.isSafeInteger(value) || (value as number) < 0) throw',
    replace: "if (value === 'nothing') throw",
    test: { file: IPC, title: BROKEN },
  },
  {
    name: 'Bytes leave for a device whether or not there is a lease',
    file: 'agent/ssh/wire.ts',
    find: 'if (this.#events.mayWrite()) {',
    replace: 'if (this.#connected || this.#events.mayWrite()) {',
    test: {
      file: CLOCKS,
      title: 'a session whose lease has ended lets no byte leave, though no step of it looked',
    },
  },
  {
    name: 'A lease outlives a sleep of the machine',
    file: 'agent/worker.ts',
    find: ' && !jumped(clock.ahead, Date.now() - now)',
    replace: '',
    test: {
      file: CLOCKS,
      title:
        'a session ends when Unix time jumps against the monotonic clock, as after a sleep of the machine',
    },
  },
  {
    name: 'Commands are begun until the very end of a lease',
    file: 'agent/worker.ts',
    find: "mayStart: () => may('startUntil'),",
    replace: "mayStart: () => may('stopAt'),",
    test: {
      file: CLOCKS,
      title: 'past half of its term a lease begins no command, and the device is handed back',
    },
  },
  {
    name: 'A device whose lease ended in its midst has failed',
    file: 'agent/worker.ts',
    find: "return hindered === 'unread' ? 'unread' : 'cut';",
    replace: "return hindered === 'unread' ? 'unread' : 'done';",
    test: { file: CLOCKS, title: 'sends no further command, whatever the device has answered' },
  },
  {
    name: 'What our own kernel refuses is the device that fails',
    file: 'agent/failure.ts',
    find: "  'EMFILE',",
    replace: '',
    test: {
      file: 'test/e2e/workers.test.ts',
      title: 'by a worker that runs out of descriptors in the midst',
    },
  },
  {
    name: 'Once something is lacking, as much is tried again at once',
    file: 'agent/headroom.ts',
    find: 'nowMs - this.#since - HOLD_MS',
    replace: 'nowMs - this.#since',
    test: {
      file: 'test/agent/headroom.test.ts',
      title: 'grows slowly after a while, and to no more than before',
    },
  },
  {
    name: 'An agent that is told twice to stop just dies',
    file: 'agent/main.ts',
    find: "process.on('SIGTERM', end);",
    replace: "process.once('SIGTERM', end);",
    test: {
      file: 'test/e2e/drain.test.ts',
      title:
        'when an agent is told twice to stop: it cuts its sessions, hands everything back and ends with 0',
    },
  },
  {
    name: 'A device that made two processes die goes on among others',
    file: 'agent/task.ts',
    find: 'const options = work.alone ?',
    replace: 'const options = work.alone && work.index < 0 ?',
    test: {
      file: 'test/e2e/workers.test.ts',
      title:
        'fails exactly the devices that kill their worker each time, with evidence, and charges nobody else',
    },
  },
];
