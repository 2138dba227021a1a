import type { Defect } from './defect.ts';

const START = 'test/sweep/start.test.ts';
const RESULTS = 'test/intake/results.test.ts';
const SUSPICION = 'test/sweep/suspicion.test.ts';
const FITNESS = 'test/sweep/fitness.test.ts';
const SPENT = 'test/intake/spent.test.ts';

export const defects: Defect[] = [
  {
    name: 'A started device is tried again',
    file: 'coordinator/sweep/outcomes.ts',
    find: 'state.row.attempts > options.retries || state.row.started) return false;',
    replace: 'state.row.attempts > options.retries) return false;',
    test: {
      file: START,
      title: 'is not tried again whatever its failure, and never ends cancelled or skipped',
    },
  },
  {
    name: 'A started device whose lease is lost is leased again',
    file: 'coordinator/sweep/outcomes.ts',
    find: 'if (state.row.started) return sweep.end(state, interrupted(back.reason), writes);',
    replace: '',
    test: { file: START, title: 'ends interrupted when its lease is lost' },
  },
  {
    name: 'Leave to begin is granted again before its first commit is on disk',
    file: 'coordinator/sweep/ledger.ts',
    find: "    sweep.change(state, { started: true }, writes);\n    return 'granted';",
    replace:
      "    if (!state.row.started) sweep.change(state, { started: true }, writes);\n    return 'granted';",
    test: {
      file: START,
      title: 'is granted again to the session whose answer was lost, and written again before that',
    },
  },
  {
    name: 'The first command is sent while the answer is awaited',
    file: 'agent/session/walk.ts',
    find: 'this.#started = await this.#course.during(this.#ports.start());',
    replace: 'this.#started = true;\n      void this.#ports.start();',
    test: {
      file: 'test/agent/start.test.ts',
      title:
        'the first command waits at the prompt for leave, however long that takes, and is asked for once',
    },
  },
  {
    name: 'A digest of what the store has is believed without its bytes',
    file: 'coordinator/intake/bodies.ts',
    find: "if (this.#brought.has(sha256.toString('hex')) || isOffered(result, sha256))",
    replace: 'if (isOffered(result, sha256) || sha256.length > 0)',
    test: { file: RESULTS, title: 'a digest alone is no output: its bytes have to come on the same stream' },
  },
  {
    name: 'A digest is taken that was never offered',
    file: 'coordinator/intake/known.ts',
    find: 'return offered?.epoch === epoch && offered.outputs.some((one) => one.sha256.equals(sha256));',
    replace: 'return offered?.epoch === epoch && sha256.length > 0;',
    test: {
      file: RESULTS,
      title:
        'an output that was offered with the lease is taken by its digest, as what this session says of it',
    },
  },
  {
    name: 'A digest is taken that another lease has offered',
    file: 'coordinator/intake/known.ts',
    find: 'return offered?.epoch === epoch && offered.outputs.some((one) => one.sha256.equals(sha256));',
    replace: 'return epoch.length > 0 && offered?.outputs.some((one) => one.sha256.equals(sha256)) === true;',
    test: {
      file: RESULTS,
      title:
        'an output that was offered with the lease is taken by its digest, as what this session says of it',
    },
  },
  {
    name: 'An offered digest is taken though its bytes are gone',
    file: 'coordinator/intake/bodies.ts',
    find: 'if (body == null) missing.add(result);\n      else output.body = body;',
    replace: 'output.body = body ?? output.body;',
    test: {
      file: RESULTS,
      title: 'an offered output whose bytes are gone, or whose offer a restart has forgotten, is asked for',
    },
  },
  {
    name: 'Bytes that the coordinator asks for stay with the agent',
    file: 'agent/results.ts',
    find: 'if (verdict === Verdict.NEED_BODY) kept.asked = true;',
    replace: '',
    test: {
      file: 'test/agent/results.test.ts',
      title:
        'an output that the coordinator has travels as its digest; its bytes follow when they are asked for',
    },
  },
  {
    name: 'A suspect output becomes a version',
    file: 'coordinator/store/rows.ts',
    find: 'if (output?.proof !== Proof.COMPLETE || output.refused) return false;',
    replace: 'if (output === undefined || output.refused) return false;',
    test: {
      file: 'test/store/versions.test.ts',
      title:
        'only what is complete makes a version: no suspect, truncated or refused output comes between two',
    },
  },
  {
    name: 'A version goes with the sweep that brought it',
    file: 'coordinator/store/bodies.ts',
    find: 'mayBeVersion ? 2 : 1',
    replace: 'mayBeVersion ? 1 : 1',
    test: {
      file: 'test/store/versions.test.ts',
      title: 'a sweep that is removed leaves its versions with their bytes, without its name',
    },
  },
  {
    name: 'An output that a report is about to name is removed with its last sweep',
    file: 'coordinator/store/bodies.ts',
    find: 'uses = 0 AND id NOT IN (SELECT output FROM held)',
    replace: 'uses = 0',
    test: {
      file: 'test/store/pieces.test.ts',
      title:
        'an output that a report is about to name stays, also when the last sweep that used it is removed',
    },
  },
  {
    name: 'An output that was checked once is believed whatever its bytes are later',
    file: 'coordinator/store/checked.ts',
    find: 'if (this.#young.get(digest) === sum) return true;',
    replace: 'if (this.#young.has(digest)) return true;',
    test: {
      file: 'test/store/checked.test.ts',
      title: 'a body that a disk changes after it was checked is not taken for what it was',
    },
  },
  {
    name: 'Results that were taken are forgotten with the process',
    file: 'coordinator/sweep/activesweep.ts',
    find: 'for (const { index, epoch } of found.taken) sweep.took(sweep.state(index), epoch);',
    replace: '',
    test: {
      file: RESULTS,
      title:
        'what comes again is a repeat whatever its epoch, also after a restart; what comes too late is refused',
    },
  },
  {
    name: 'Leave to send a secret is given before the store has it',
    file: 'coordinator/intake/loginasks.ts',
    find: 'void this.books.commit(writes).then(() => send(at));',
    replace: 'send(at);\n      void this.books.commit(writes);',
    test: { file: SPENT, title: 'leave for %s leaves only when the store has it' },
  },
  {
    name: 'That a bastion had its secret is forgotten with the process',
    file: 'coordinator/sweep/activesweep.ts',
    find: "for (const login of found.bastions) sweep.bastions.set(login, '');",
    replace: '',
    test: {
      file: SPENT,
      title: 'that a bastion or a login inside the session had its secret is known after a restart',
    },
  },
  {
    name: 'A device is tried again by the agent that could not connect to it',
    file: 'coordinator/sweep/claims.ts',
    find: 'mayLeave && missed?.instance === claim.instance && missed.until > now;',
    replace: 'mayLeave && missed?.instance !== undefined && missed.until <= now;',
    test: { file: FITNESS, title: 'is tried from another instance, while there is one' },
  },
  {
    name: 'What an agent has too little of is charged to the device',
    file: 'coordinator/sweep/outcomes.ts',
    find: 'this.fitness.failed(row.holder, now);\n    state.localFailures += 1;',
    replace: 'state.row = { ...state.row, attempts: state.row.attempts + 1 };\n    state.localFailures += 1;',
    test: { file: FITNESS, title: 'is not charged to the device, which another agent may try' },
  },
  {
    name: 'An agent that reaches nothing goes on eating the line',
    file: 'coordinator/sweep/claims.ts',
    find: 'const restMs = mayLeave ? this.fitness.restMs(claim.instance, now) : 0;',
    replace: 'const restMs = mayLeave ? 0 : this.fitness.restMs(claim.instance, now);',
    test: { file: FITNESS, title: 'is granted nothing while it rests, unless it is the only one' },
  },
  {
    name: 'Three deaths convict whoever was there',
    file: 'coordinator/sweep/suspicion.ts',
    find: 'if (length < DEATHS_MOST && !(alone && length > ALONE_FROM)) return null;',
    replace: 'if (length <= ALONE_FROM) return null;',
    test: { file: SUSPICION, title: 'is not convicted by a death among others, but by many of them' },
  },
  {
    name: 'A suspect is leased together with others',
    file: 'coordinator/sweep/activesweep.ts',
    find: 'taken.length < most && !alone; ) {',
    replace: 'taken.length < most; ) {',
    test: { file: SUSPICION, title: 'does not stand in the way of the others' },
  },
  {
    name: 'Nobody tells the agent that a suspect is to run alone',
    file: 'coordinator/intake/agents.ts',
    find: 'alone: runsAlone(state)',
    replace: 'alone: false',
    test: { file: 'test/intake/insession.test.ts', title: 'a suspect is granted as one to run alone' },
  },
  {
    name: 'An agent that was only cut off is held for dead',
    file: 'coordinator/sweep/suspicion.ts',
    find: 'this.#lost.delete(instance);\n    for (const { sweep, state } of devices) {',
    replace: 'this.#lost.delete(instance);\n    for (const { sweep, state } of [...devices].slice(1)) {',
    test: {
      file: SUSPICION,
      title: 'raises suspicion of the devices in session, if its agent does not come back',
    },
  },
];
