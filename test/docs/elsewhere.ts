// What the pages show and examples.test.ts does not run, or only plans (`--check`), each with the reason. Command lines of
// netsweep among it are still held against the program's options (test/deploy/words.test.ts).
export interface Elsewhere {
  /** Of a command's beginning, or of a file's name. */
  what: RegExp;
  why: string;
}

const own = (rest: string) => new RegExp(`^(npx )?netsweep ${rest}`);

export const ELSEWHERE: readonly Elsewhere[] = [
  { what: /^git clone /, why: 'the set-up: npm run newcomer' },
  { what: /^npm (start|test)$/, why: 'the set-up and the demonstration: test/e2e/rehearsal.test.ts' },
  { what: /^(alias netsweep=|npm link$)/, why: 'the set-up: npm run newcomer' },
  { what: /^npm run bench\b/, why: 'half an hour: npm run bench itself' },
  { what: own('(audit run|backup) .* --notify\\b'), why: 'servers with TLS of their own: test/notices' },
  { what: / --ssh-agent\b/, why: 'wants an ssh-agent: test/inventory/keys.test.ts' },
  { what: /^git -C .* show /, why: 'a version of last week' },
  { what: /^(scp|ssh) /, why: 'other hosts: test/segments' },
  { what: /^cd \/etc\/netsweep\/nats-1 /, why: 'another host: test/e2e/natscluster.test.ts' },
  { what: / --audit-heads heads\.jsonl$/, why: 'heads that were kept elsewhere: test/auditlog' },
  { what: /^journalctl /, why: 'the log of a service of systemd' },
  { what: /^man /, why: 'a pager on a terminal' },
  { what: /^prometheus\.yml$/, why: "Prometheus's own file" },
];

/** Commands of which only the plan is made. */
export const PLANNED: readonly Elsewhere[] = [
  { what: / (-J|-x bastion1) /, why: 'jump hosts: test/inventory/jump.test.ts' },
  { what: own('run -i network\\.yaml -C'), why: 'ten thousand devices' },
];
