// The tree of commands with their help. Each command's own file is loaded only when it is run, so that
// `--help` is fast.
import { Command } from 'commander';
import { version } from '../version.js';
import { addAgents } from './agentscommands.js';
import { addAuditLog } from './auditlogcommands.js';
import { addCommand, addPassThrough, type Edge } from './command.js';
import { EXIT } from './exit.js';
import { addHistory } from './historycommands.js';
import { addInventory } from './inventorycommands.js';
import { addMembers } from './membercommands.js';
import { addReference } from './referencecommands.js';
import { addBackup, addSchedules } from './schedulecommands.js';
import {
  AUDIT_RUN,
  AUDIT_RUNS,
  AUDIT_TEST,
  CONNECTION,
  DOCTOR,
  ENDPOINT,
  LEARN,
  OWN_PLATFORMS,
  PARSE,
  RUN,
  SCAN,
  SERVE,
  TABLE,
  WATCH,
} from './settings.js';

export function buildProgram(edge: Edge): Command {
  const program = new Command('netsweep')
    .description('Runs commands over SSH on any number of devices, with an answer for every one of them.')
    .enablePositionalOptions()
    .exitOverride()
    // What is wrong is said once, by whoever turns errors into an exit code.
    .configureOutput({ outputError: () => {} })
    .version(`netsweep ${version()}`, '-V, --version', 'print the version');
  addCommand(program, edge, {
    usage: 'run [command...]',
    about: "run commands on an inventory's devices; without a command, show their configurations",
    settings: RUN,
    examples: [
      "netsweep run -i lab.yaml 'show version'",
      "netsweep run -i lab.csv -l 'core:!sw9' -u admin -k 'show clock' 'show version' --format ndjson",
      "netsweep run -i lab.yaml -t configs/        # every device's configuration into files",
      'netsweep run -i lab.yaml --rerun last --failed',
    ],
    act: async (call) => (await import('./run.js')).run(call),
  });
  addCommand(program, edge, {
    usage: 'parse [file]',
    about: 'rows of an output through a TextFSM template; FILE or - for stdin',
    settings: PARSE,
    examples: [
      "netsweep parse --platform cisco_ios --command 'show version' --templates ntc-templates R1.txt",
      'netsweep parse --template my_show_clock.textfsm - < clock.txt',
      'netsweep parse --batch < outputs.ndjson > rows.ndjson',
    ],
    act: async (call) => (await import('./parse.js')).parseOutput(call),
  });
  addSweeps(program, edge);
  addHistory(program, edge);
  addAgents(program, edge);
  addInventory(program, edge);
  addHostKeys(program, edge);
  addCredentials(program, edge);
  addPlatforms(program, edge);
  addAudit(program, edge);
  addBackup(program, edge);
  addSchedules(program, edge);
  addMembers(program, edge);
  addAuditLog(program, edge);
  addCommand(program, edge, {
    usage: 'serve',
    about: 'be the coordinator of agents and clients elsewhere',
    settings: SERVE,
    examples: [
      'netsweep serve --nats nats://127.0.0.1:4222    # for this host alone',
      'netsweep serve --init --host netsweep.example.net,10.0.0.5 --state /var/lib/netsweep',
      'netsweep serve --init --renew --state /var/lib/netsweep    # certificates of coordinator and nats-server',
    ],
    act: async (call) => (await import('./service.js')).runService(call),
  });
  addCommand(program, edge, {
    usage: 'doctor [device]',
    about:
      'whether all is as it should be, and from which agents a DEVICE is reached; exit code 1 where something is wrong',
    settings: DOCTOR,
    examples: [
      'netsweep doctor --coordinator 10.0.0.5:7440',
      'netsweep doctor R7 -i lab.yaml --coordinator 10.0.0.5:7440    # nobody logs in',
      'netsweep doctor --json',
      'netsweep doctor --audit-log    # whether the audit log is what was written to it',
    ],
    act: async (call) => (await import('./doctor.js')).seeDoctor(call),
  });
  addPassThrough(program, edge, {
    usage: 'fleet',
    about: 'simulated devices on loopback, to rehearse with (fleet --help)',
    hidden: false,
    act: async (args) => (await import('./fleet.js')).runFleet(args, edge.stop),
  });
  addCommand(program, edge, {
    usage: 'version',
    about: 'print the version',
    settings: TABLE,
    examples: ['netsweep version --json'],
    act: async ({ values }) => printVersion(values.json),
  });
  addReference(program, edge);
  addPassThrough(program, edge, {
    usage: 'demo',
    about: 'sweep the rehearsal fleet',
    hidden: true,
    act: async () => (await import('./demo.js')).runDemo(edge.stop),
  });
  addPassThrough(program, edge, {
    usage: 'check-scheduled',
    about: 'whether a command line could be scheduled',
    hidden: true,
    act: async (args) => (await import('./scheduled.js')).checkScheduled(args),
  });
  return program;
}

function addSweeps(program: Command, edge: Edge): void {
  const sweeps = program
    .command('sweeps')
    .description('earlier and running sweeps; ID, unique prefix or "last"');
  const lazy = () => import('./sweeps.js');
  addCommand(sweeps, edge, {
    usage: 'list',
    about: 'all sweeps, newest first',
    settings: { ...TABLE, ...CONNECTION },
    examples: ['netsweep sweeps list', 'netsweep sweeps list --json'],
    act: async (call) => (await lazy()).listSweeps(call),
  });
  addCommand(sweeps, edge, {
    usage: 'show <sweep>',
    about: 'one sweep in figures',
    settings: { ...TABLE, ...CONNECTION },
    examples: ['netsweep sweeps show last', 'netsweep sweeps show 01K --json'],
    act: async (call) => (await lazy()).showSweep(call),
  });
  addCommand(sweeps, edge, {
    usage: 'watch <sweep>',
    about: 'follow a sweep to its end, with the output options and exit code of run',
    settings: WATCH,
    examples: ['netsweep sweeps watch last --coordinator 10.0.0.5:7440'],
    act: async (call) => (await lazy()).watchSweep(call),
  });
  addCommand(sweeps, edge, {
    usage: 'cancel <sweep>',
    about: 'stop a sweep',
    settings: CONNECTION,
    examples: ['netsweep sweeps cancel last'],
    act: async (call) => (await lazy()).cancelSweep(call),
  });
  addCommand(sweeps, edge, {
    usage: 'results <sweep>',
    about: 'print what run would have printed',
    settings: WATCH,
    examples: ['netsweep sweeps results last --format csv', 'netsweep sweeps results last -t configs/'],
    act: async (call) => (await lazy()).showResults(call),
  });
  addCommand(sweeps, edge, {
    usage: 'rm <sweep...>',
    about: 'forget sweeps and their outputs',
    settings: CONNECTION,
    examples: ['netsweep sweeps rm 01KA 01KB'],
    act: async (call) => (await lazy()).removeSweeps(call),
  });
}

function addHostKeys(program: Command, edge: Edge): void {
  const keys = program.command('hostkeys').description("the devices' host keys");
  const lazy = () => import('./hostkeys.js');
  addCommand(keys, edge, {
    usage: 'list [host]',
    about: 'known keys',
    settings: { ...TABLE, ...CONNECTION },
    examples: ['netsweep hostkeys list', 'netsweep hostkeys list 10.0.0.1 --json'],
    act: async (call) => (await lazy()).listHostKeys(call),
  });
  addCommand(keys, edge, {
    usage: 'accept <device> <key...>',
    about: 'keep a key in place of the known one; as ssh-keyscan prints it, or - for stdin',
    settings: { ...ENDPOINT, ...CONNECTION },
    examples: [
      'netsweep hostkeys accept 10.0.0.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA...',
      'ssh-keyscan 10.0.0.1 | netsweep hostkeys accept 10.0.0.1 -',
      'netsweep hostkeys accept -i lab.yaml R1 -',
    ],
    act: async (call) => (await lazy()).acceptHostKey(call),
  });
  addCommand(keys, edge, {
    usage: 'rm <device>',
    about: 'forget keys',
    settings: { ...ENDPOINT, ...CONNECTION },
    examples: ['netsweep hostkeys rm 10.0.0.1 --port 22'],
    act: async (call) => (await lazy()).removeHostKeys(call),
  });
  addCommand(keys, edge, {
    usage: 'scan',
    about: "learn the keys of an inventory's devices without logging in",
    settings: SCAN,
    examples: ['netsweep hostkeys scan -i lab.yaml -l core'],
    act: async (call) => (await lazy()).scanHostKeys(call),
  });
}

function addCredentials(program: Command, edge: Edge): void {
  const credentials = program
    .command('credentials')
    .description('logins that were used, and whether they are stopped');
  const lazy = () => import('./credentials.js');
  addCommand(credentials, edge, {
    usage: 'list',
    about: 'credentials and their refusals',
    settings: { ...TABLE, ...CONNECTION },
    examples: ['netsweep credentials list'],
    act: async (call) => (await lazy()).listCredentials(call),
  });
  addCommand(credentials, edge, {
    usage: 'release <name>',
    about: 'let a stopped credential be sent again',
    settings: CONNECTION,
    examples: ['netsweep credentials release admin'],
    act: async (call) => (await lazy()).releaseCredential(call),
  });
}

function addPlatforms(program: Command, edge: Edge): void {
  const platforms = program.command('platforms').description('kinds of devices, and what is known of each');
  const lazy = () => import('./platforms.js');
  addCommand(platforms, edge, {
    usage: 'list [filter]',
    about: 'all platforms with the names that mean them; FILTER is a part of a name or title',
    settings: { ...TABLE, ...OWN_PLATFORMS },
    examples: ['netsweep platforms list', 'netsweep platforms list cisco --json'],
    act: async (call) => (await lazy()).listPlatforms(call),
  });
  addCommand(platforms, edge, {
    usage: 'show <name>',
    about: "all of a platform's data, as a file of your own could state it",
    settings: { ...TABLE, ...OWN_PLATFORMS },
    examples: [
      'netsweep platforms show cisco_ios',
      'netsweep platforms show eos > arista_eos.yaml    # to edit, and to put into your directory of platforms',
    ],
    act: async (call) => (await lazy()).showPlatform(call),
  });
  addLearn(platforms, edge);
}

function addAudit(program: Command, edge: Edge): void {
  const audit = program
    .command('audit')
    .description('policies: what devices should be, and whether they are');
  const lazy = () => import('./audit.js');
  addCommand(audit, edge, {
    usage: 'run',
    about: 'ask devices what the rules of policies need, and judge them',
    settings: AUDIT_RUN,
    examples: [
      'netsweep audit run -p cisco-ios-baseline -i lab.yaml',
      'netsweep audit run -p campus.yaml,waivers.yaml -i lab.yaml -l core --fail-on high --format json',
      'netsweep audit run -p campus.yaml -i lab.yaml --from last    # what an earlier sweep brought',
    ],
    act: async (call) => (await import('./auditrun.js')).runAudit(call),
  });
  addCommand(audit, edge, {
    usage: 'runs',
    about: 'earlier audits, newest first, with scores and findings',
    settings: AUDIT_RUNS,
    examples: ['netsweep audit runs', 'netsweep audit runs --json'],
    act: async (call) => (await import('./auditkeep.js')).listAudits(call),
  });
  addCommand(audit, edge, {
    usage: 'check <policy...>',
    about: 'read policies and say everything that is wrong in them',
    settings: { ...TABLE, ...OWN_PLATFORMS },
    examples: ['netsweep audit check campus.yaml', 'netsweep audit check policies/ --json'],
    act: async (call) => (await lazy()).checkPolicies(call),
  });
  addCommand(audit, edge, {
    usage: 'test <policy...>',
    about:
      'run the tests that policies bring along, or judge outputs from files; exit 1 where a verdict is not as expected',
    settings: AUDIT_TEST,
    examples: [
      'netsweep audit test campus.yaml',
      "netsweep audit test campus.yaml --device platform=cisco_ios --output 'show running-config=r1.txt' --expect VTY-1=fail",
    ],
    act: async (call) => (await import('./audittest.js')).testPolicies(call),
  });
  addCommand(audit, edge, {
    usage: 'list [policy...]',
    about: 'the rules of policies; without a name, of those that ship',
    settings: { ...TABLE, ...OWN_PLATFORMS },
    examples: ['netsweep audit list', 'netsweep audit list campus.yaml --json'],
    act: async (call) => (await lazy()).listRules(call),
  });
}

function addLearn(platforms: Command, edge: Edge): void {
  addCommand(platforms, edge, {
    usage: 'learn <host>',
    about: "describe a device's command line as a first platform file; only looks",
    settings: LEARN,
    examples: [
      'netsweep platforms learn 10.0.0.7 -u admin -k',
      'netsweep platforms learn R7 -i lab.yaml --platform cisco_ios --output my_ios.yaml',
    ],
    act: async (call) => (await import('./learn.js')).learnPlatform(call),
  });
}

async function printVersion(json: boolean) {
  const text = json
    ? JSON.stringify({ netsweep: version(), node: process.version })
    : `netsweep ${version()} (node ${process.version})`;
  process.stdout.write(`${text}\n`);
  return EXIT.ok;
}
