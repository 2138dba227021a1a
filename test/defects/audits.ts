// Audits, history, backups and notices: what would let something wrong pass for right, broken one by one.
import type { Defect } from './defect.ts';

const JUDGE = { file: 'test/audit/judge.test.ts', title: '$title' };
const BACKUP = 'test/backup/backup.test.ts';
const NOTICES = 'test/notices/notices.test.ts';
const TELLING = 'test/schedule/telling.test.ts';
const SCOPES = 'test/audit/scopes.test.ts';

export const defects: Defect[] = [
  {
    name: 'A rule that can not be evaluated passes',
    file: 'coordinator/audit/judge.ts',
    find: 'return error(reason.message);',
    replace: "return { ...error(reason.message), status: 'pass' };",
    test: JUDGE,
  },
  {
    name: 'An output that is not proved whole is judged',
    file: 'coordinator/audit/judge.ts',
    find: "if (output.proof !== 'complete')",
    replace: "if (output.proof === 'truncated')",
    test: {
      file: 'test/audit/judge.test.ts',
      title: 'an output that is not whole is unknown whatever stands in it',
    },
  },
  {
    name: 'What a device says when it refuses a command is judged',
    file: 'coordinator/audit/judge.ts',
    find: 'if (refusal !== null) return say(',
    replace: 'if (refusal !== null && refusal.length > 1000) return say(',
    test: JUDGE,
  },
  {
    name: 'A rule that finds no block to look at passes',
    file: 'coordinator/audit/look.ts',
    find: "return { status: at.none ?? 'error', sights: [sight] };",
    replace: "return { status: at.none ?? 'pass', sights: [sight] };",
    test: JUDGE,
  },
  {
    name: 'A field that nobody knows without the inventory is taken for one that is not there',
    file: 'coordinator/audit/fieldtext.ts',
    find: 'if (Object.hasOwn(fields, NO_INVENTORY)) lookUp(name, fields);',
    replace: '',
    test: {
      file: 'test/e2e/audit.test.ts',
      title:
        'a device whose platform is found out is asked and judged by it, and what a sweep does not keep is no pass',
    },
  },
  {
    name: 'A waiver that has expired waives',
    file: 'coordinator/audit/book.ts',
    find: 'expired: isOver(waiver.expires, nowMs)',
    replace: 'expired: false',
    test: {
      file: SCOPES,
      title: 'a waiver waives to the end of its last day, one that holds goes before one that has expired',
    },
  },
  {
    name: 'A waiver ends as its last day begins',
    file: 'coordinator/audit/date.ts',
    find: 'nowMs >= start + DAY_MS',
    replace: 'nowMs >= start',
    test: {
      file: SCOPES,
      title: 'a waiver waives to the end of its last day, one that holds goes before one that has expired',
    },
  },
  {
    name: 'Rules for platforms pass over devices whose platform is yet to be found out',
    file: 'coordinator/audit/scopes.ts',
    find: "platforms.includes(platform) || (platform === '' && !surely)",
    replace: 'platforms.includes(platform)',
    test: {
      file: SCOPES,
      title:
        'a platform that is yet to be found out has all rules that may be for it, and the commands of each platform',
    },
  },
  {
    name: 'Versions of different trains are compared by their numbers',
    file: 'coordinator/audit/versions/version.ts',
    find: 'if (one.line !== other.line) return null;',
    replace: '',
    test: { file: 'test/audit/versions.test.ts', title: '%s: %s %s %s' },
  },
  {
    name: 'An audit of a part of the fleet fixes the findings of the rest',
    file: 'coordinator/report/open.ts',
    find: 'for (const device of settled) {',
    replace: 'for (const device of [...known.keys()].filter((one) => !failing.includes(one))) {',
    test: {
      file: 'test/report/open.test.ts',
      title: 'a finding is new once, open as long as it is seen or not judged, and fixed once',
    },
  },
  {
    name: 'A suspect output becomes the newest version',
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
    name: 'A digest is taken that was offered in another lease',
    file: 'coordinator/intake/known.ts',
    find: 'return offered?.epoch === epoch && offered.outputs.some((one) => one.sha256.equals(sha256));',
    replace: 'return offered?.outputs.some((one) => one.sha256.equals(sha256)) === true;',
    test: {
      file: 'test/intake/results.test.ts',
      title:
        'an output that was offered with the lease is taken by its digest, as what this session says of it',
    },
  },
  {
    name: 'An output that is new in the second sweep is no drift',
    file: 'coordinator/cli/diff.ts',
    find: 'return changed + gone + this.#fresh > 0;',
    replace: 'return changed + gone > 0;',
    test: {
      file: 'test/cli/history.test.ts',
      title:
        'two sweeps are compared device by device: noise is dropped and counted, alike changes are told once, and drift is 3',
    },
  },
  {
    name: 'A run that is taken up sweeps once more',
    file: 'coordinator/schedule/scheduler.ts',
    find: '? { ...run, why: TAKEN_UP } : run]',
    replace: '? { ...run, key: run.key.concat("!"), why: TAKEN_UP } : run]',
    test: {
      file: 'test/schedule/scheduler.test.ts',
      title:
        'at its end runs are asked to end, and at the next start taken up under the same key, as is what had not begun',
    },
  },
  {
    name: 'A schedule that is changed is late for what its new times would have been',
    file: 'coordinator/schedule/scheduler.ts',
    find: 'const own = { id, name, paused, createdAtMs, decidedToMs: this.host.wallMs() };',
    replace: 'const own = { id, name, paused, createdAtMs, decidedToMs: held.schedule.decidedToMs };',
    test: {
      file: 'test/schedule/scheduler.test.ts',
      title: 'a schedule that is changed keeps its runs, and is due by what holds now from now on',
    },
  },
  {
    name: 'Secrets go into the repository unmasked',
    file: 'coordinator/backup/backup.ts',
    find: 'const text = raw ? whole : mask.text(whole);',
    replace: 'const text = whole;',
    test: { file: BACKUP, title: 'secrets are kept raw by choice, and masked otherwise' },
  },
  {
    name: 'A configuration that comes back empty replaces the one that is kept',
    file: 'coordinator/backup/backup.ts',
    find: "if (text === '' && before !== null) {",
    replace: "if (text === ' ' && before !== null) {",
    test: {
      file: BACKUP,
      title: 'nothing that has changed is no commit, and an empty answer takes nothing away',
    },
  },
  {
    name: 'A mail server that offers no TLS is spoken to in clear',
    file: 'coordinator/notices/mail.ts',
    find: 'requireTLS: tls && !isImplicit,',
    replace: 'requireTLS: false,',
    test: {
      file: NOTICES,
      title:
        'nothing is said to a mail server with a wrong certificate, or without TLS, unless that was asked for',
    },
  },
  {
    name: 'A schedule that fails each minute is told of each minute',
    file: 'coordinator/schedule/telling.ts',
    find: "if (on === 'changes') return !isAgain;",
    replace: "if (on === 'changes') return true;",
    test: {
      file: TELLING,
      title: 'a run that has swept tells of itself; one that could not is told of, once while it stays so',
    },
  },
  {
    name: 'What netsweep serve still has to tell of schedules is lost when it ends',
    file: 'coordinator/schedule/telling.ts',
    find: '    this.#give();\n    if (this.#sending.size === 0) return;',
    replace: '    if (this.#sending.size === 0) return;',
    test: {
      file: TELLING,
      title:
        'what is still to be told when netsweep serve ends is told then, and a name that is gone is logged',
    },
  },
];
