// What the pages show and examples.test.ts does not run, each with the reason. Command lines of netsweep among it
// are still held against the program's options (test/deploy/words.test.ts).
import { program } from '../process.ts';
import { gatesMissing } from './gates.ts';

export interface Elsewhere {
  /** Of a command's beginning, or of a file's name. */
  what: RegExp;
  why: string;
}

export const ELSEWHERE: readonly Elsewhere[] = [
  { what: /^git clone /, why: 'the set-up: npm run newcomer' },
  { what: /^npm (start|test)$/, why: 'the set-up and the demonstration: test/e2e/rehearsal.test.ts' },
  { what: /^(alias netsweep=|npm link$)/, why: 'the set-up: npm run newcomer' },
  { what: /^npm run bench\b/, why: 'half an hour: npm run bench itself' },
  { what: /^(scp|ssh) /, why: 'other hosts: test/segments' },
  { what: /^journalctl /, why: 'the log of a service of systemd' },
  ...(program('man') === null ? [{ what: /^man /, why: 'there is no man here' }] : []),
  ...(gatesMissing === null ? [] : [{ what: / (-J|--ssh-agent|-x bastion1) /, why: gatesMissing }]),
  { what: /^prometheus\.yml$/, why: "Prometheus's own file" },
];
