// Where the examples are run: a machine and a home of its own, a fleet of every platform, one coordinator that all commands
// join, and for each page a directory with its files. On the machine the addresses of a page's devices lead to the
// fleet, so that its inventories are read as they stand there.
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PLATFORMS } from '../../agent/fleet/plan.ts';
import { Fleet } from '../fleet.ts';
import { sealed } from '../inventory/ansible/seal.ts';
import { type Device, type Standin, startDcim, TOKEN } from '../inventory/dcim.ts';
import { Place } from '../place.ts';
import { type Finished, root, run } from '../process.ts';
import { Desk, type Seat } from './desk.ts';
import { Devices } from './devices.ts';
import { Exchange, socketOf } from './exchange.ts';
import { checking, memberOf } from './files.ts';
import { Gates, gatesMissing } from './gates.ts';
import { Machine } from './machine.ts';
import { type Block, netsweepWords, plainWords } from './page.ts';
import { Programs } from './programs.ts';
import { Receivers } from './receivers.ts';
import { Site } from './site.ts';
import { DCIM, GIVEN, NAMES, SMALLER, STOCK } from './stock.ts';

/** Of every login and vault of the pages. */
const PASSWORD = 'access123';
/** Commands that connect to devices, or name what one of them shows. */
const TOUCHING =
  /^(netsweep (run|backup|audit run|hostkeys (scan|accept)|platforms learn|doctor \w)|ssh-keyscan) (?!.* (--(list-hosts|from|check)|-C)\b)/;
/** Commands for a coordinator that serves: where they name none they are typed on its host, where netsweep.yaml does. */
const SERVED = /\bnetsweep (agents|enroll|token|schedule) /;
/** A NATS that pages take for granted. */
const NATS = 'nats://127.0.0.1:4222';
/** Where a page's commands say that one is. */
const SERVING =
  /--coordinator (unix:\S*var\/lib|netsweep\.example\.net|10\.0\.0\.5)|--state \S*var\/lib\/netsweep/;

export class World implements AsyncDisposable {
  /** Join tokens that were printed and that nobody has used. */
  readonly #tokens: { operator: boolean; text: string }[] = [];
  readonly #devices: Devices;
  /** What the page has started. */
  readonly #programs: Programs;
  readonly #site: Site;
  /** The page has asked for the coordinator that it takes for granted. */
  #isServed = false;
  /** It is away, because the block that is run starts one itself. */
  #isAlone = false;
  #folder = '';

  private constructor(
    private readonly place: Place,
    private readonly machine: Machine,
    private readonly desk: Desk,
    private readonly dcim: { name: string; standin: Standin }[],
    { fleet, exchange }: { fleet: Fleet; exchange: Exchange },
    private readonly receivers: Receivers,
    /** What ends with it. */
    private readonly owned: AsyncDisposable[],
  ) {
    this.#devices = new Devices(fleet, exchange, (words) => this.#ask(words));
    this.#programs = new Programs(machine);
    this.#site = new Site(
      machine,
      { cwd: place.path('site'), env: place.env },
      (words, seat) => desk.ask(words, seat),
      place.path('.config/netsweep/identity'),
    );
  }

  static async open(): Promise<World> {
    const place = await Place.open();
    const machine = await Machine.open(place.path('hosts'));
    const exchange = await Exchange.open(machine);
    const gates = gatesMissing === null ? await Gates.open(machine, exchange) : null;
    const fleet = await Fleet.open({
      ...(gates === null ? {} : { authorizedKey: `${gates.key}.pub` }),
      ...{ devices: 12 * PLATFORMS.length, platforms: [...PLATFORMS], siteSize: 0, unprivileged: 0 },
      ...{ password: PASSWORD, configLines: 60, inside: machine },
    });
    for (const [name, address] of Object.entries(NAMES)) await exchange.addressOf(name, address);
    const dcim = await Promise.all(
      (['netbox', 'nautobot'] as const).map(async (tool) => ({
        name: `https://${tool}.example.com`,
        standin: await startDcim(tool, DCIM[tool] satisfies Device[]),
      })),
    );
    const receivers = await Receivers.open(exchange, place.folder);
    const owned: AsyncDisposable[] = gates === null ? [receivers] : [receivers, gates];
    for (const { standin } of dcim) {
      const port = Number(new URL(standin.url).port);
      const socket = await socketOf(port, place.folder);
      owned.push(socket, standin);
      await exchange.lead('127.0.0.1', port, socket);
    }
    await shims(place);
    await mkdir(place.path('site'));
    const env = place.environment({
      PATH: `${place.path('bin')}:${process.env.PATH}`,
      ...{ XDG_STATE_HOME: place.path('state'), NETBOX_TOKEN: TOKEN, NAUTOBOT_TOKEN: TOKEN },
      ...{ LAB_PASSWORD: PASSWORD, NET_PASSWORD: PASSWORD, LAB_ENABLE: PASSWORD, LC_ALL: 'C.UTF-8' },
      ...{ GIT_AUTHOR_NAME: 'x', GIT_AUTHOR_EMAIL: 'x@example.com' },
      ...{ GIT_COMMITTER_NAME: 'x', GIT_COMMITTER_EMAIL: 'x@example.com', NO_COLOR: '1' },
    });
    Object.assign(env, gates?.env, { BRANCH_PHRASE: PASSWORD });
    Object.assign(env, { CHAT_SECRET: PASSWORD, NODE_EXTRA_CA_CERTS: receivers.ca });
    Object.assign(place.env, env);
    const desk = await Desk.open(machine, { cwd: place.folder, env });
    return new World(place, machine, desk, dcim, { fleet, exchange }, receivers, [
      ...[desk, ...owned],
      ...[fleet, exchange, machine, place],
    ]);
  }

  /** An empty directory and home for a page, with what its commands take for granted. */
  async turnTo(page: string): Promise<void> {
    await this.#programs[Symbol.asyncDispose]();
    await this.#site.clear();
    this.#folder = this.place.path(`pages/${page}`);
    this.#devices.clear();
    this.#isServed = false;
    await mkdir(join(this.#folder, 'srv'), { recursive: true, mode: 0o700 });
    await symlink(join(root, '.cache'), join(this.#folder, '.cache')); // as in a checkout
    for (const [name, text] of Object.entries(STOCK)) await this.put(name, text);
    for (const command of GIVEN[page] ?? []) {
      if (command === '# R1') {
        await this.#devices.change('10.0.0.1');
        continue;
      }
      const { status, stderr } = await this.run(command);
      if (status !== 0) throw new Error(`${command}: ${stderr}`);
    }
  }

  /** Writes what a block shows; `~/` and `/etc/` are the page's own, and so they are in our own configuration. */
  async write({ file, kinds, text: shown }: Block): Promise<void> {
    const text = /(^|\/)netsweep\.yaml$/.test(file ?? '') ? await this.#real(shown) : shown;
    const secret = kinds.includes('vault') ? `${sealed(text, PASSWORD)}\n` : text;
    await this.put(file ?? '', secret);
    if (kinds.includes('executable')) await chmod(join(this.#folder, file ?? ''), 0o700);
  }

  /** What the program says against a file of the page; null: nothing. */
  async wrongFile(block: Block): Promise<string | null> {
    const { file, language, text, kinds } = block;
    if (file === null) return null;
    if (language === 'ts') return this.#script(file, text);
    if (kinds.includes('agent')) return this.#agent(text);
    const words = checking(block);
    if (words === null) return null;
    if (kinds.includes('part')) await this.put(file, `${text}${memberOf(text)}`);
    const { status, stderr, stdout } = await this.#ask(words);
    return status === 0 ? null : `${words.join(' ')} ended with ${status}\n${stdout}${stderr}`;
  }

  /** An agent that reads this as its netsweep.yaml. */
  async #agent(text: string): Promise<string | null> {
    await this.put('netsweep.yaml', await this.#real(text));
    const { status, stderr } = await this.start('netsweep-agent');
    return status === 0 ? null : stderr;
  }

  /** A script beside which the package is installed. */
  async #script(file: string, text: string): Promise<string | null> {
    const inventory = /inventory: '([^']+)'/.exec(text)?.[1];
    if (inventory !== undefined) await this.#devices.lead(['-i', inventory]);
    await this.put('package.json', JSON.stringify({ type: 'module' }));
    await mkdir(join(this.#folder, 'node_modules'), { recursive: true });
    await symlink(root, join(this.#folder, 'node_modules/netsweep')).catch(() => {}); // by an earlier block
    const compile = [
      ...['--target', 'es2022', '--lib', 'es2023,esnext.disposable', '--module', 'nodenext', '--strict'],
      ...['--noUncheckedIndexedAccess', '--types', 'node', '--typeRoots', join(root, 'node_modules/@types')],
      ...['--outDir', 'out', file],
    ];
    const compiled = await run(join(root, 'node_modules/.bin/tsc'), compile, this.#seat());
    if (compiled.status !== 0) return compiled.stdout;
    const script = [`out/${file.replace(/ts$/, 'js')}`];
    const { status, stderr } = await this.#there(process.execPath, script);
    return status === 0 ? null : stderr;
  }

  private async put(name: string, text: string): Promise<void> {
    const path = join(this.#folder, name.replace(/^~?\//, ''));
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, text, { mode: 0o600 });
  }

  /** A command of the page; what it printed says the page's own names. */
  async run(text: string): Promise<Finished> {
    let line = await this.#real(text);
    const parts = line.split(/\s(?:&&|\|)\s/).map((part) => {
      const { words } = plainWords(part) ?? { words: [] };
      const own = netsweepWords(words);
      return { words, whole: own === null ? part : `netsweep ${own.join(' ')}`, own: own ?? [] };
    });
    if (parts.some(({ own }) => own[0] === 'serve')) await this.#alone();
    else if (SERVED.test(line) || SERVING.test(line)) await this.#serve();
    for (const { words, whole } of parts)
      if (TOUCHING.test(whole) && !this.#programs.has(' --rehearse ')) await this.#devices.lead(words);
    // What asks on a terminal has one.
    const typed = / -k\b/.test(line) || (await this.#isAsked(line)) ? `${PASSWORD}\n` : '';
    if (typed !== '') line = `script -qec ${JSON.stringify(line)} /dev/null`;
    const plain = plainWords(line);
    const words = plain && netsweepWords(plain.words);
    const finished =
      // A fleet is a program of its own.
      plain !== null && words !== null && words[0] !== 'fleet' && typed === ''
        ? await this.#atDesk(words, plain)
        : await this.#there('bash', ['-c', `set -o pipefail; ${line}`], typed);
    const named = /^netsweep (?!schedule ).* --notify (\S+)$/.exec(line)?.[1]?.split(',') ?? [];
    const untold = named.filter((name) => !this.receivers.take(name));
    if (untold.length > 0) throw new Error(`no notice has come to ${untold}`);
    return { ...finished, stdout: this.#told(finished.stdout), stderr: this.#told(finished.stderr) };
  }

  /** Starts a command that runs until the page is turned; resolves when it can be used, with what it has said. */
  async start(text: string): Promise<Finished> {
    const line = await this.#real(text);
    if (/\bnetsweep serve\b|\bnats-server\b/.test(line)) await this.#alone();
    // The page's next host has one, and all hosts are this machine.
    if (line.includes('nats-server -c ')) await this.#programs.end('nats-server -c ');
    const ended = { status: 0, signal: null, stdout: '', stderr: '' };
    try {
      if (line.includes(`serve --nats ${NATS}`) && !this.#programs.has('nats-server'))
        await this.#programs.start(`nats-server -a 127.0.0.1 -js -sd ${this.#folder}/nats`, this.#seat());
      return { ...ended, stdout: this.#told(await this.#programs.start(line, this.#seat(line))) };
    } catch (error) {
      return { ...ended, status: 1, stderr: (error as Error).message };
    }
  }

  /** A block has been run. What it has started in place of the page's coordinator ends, and that is there again. */
  async leave(): Promise<void> {
    if (!this.#isAlone) return;
    await this.#programs[Symbol.asyncDispose]();
    await rm(join(this.#folder, 'var/lib/netsweep'), { recursive: true, force: true });
    this.#isAlone = false;
  }

  /** Has the page start a coordinator itself. */
  async #alone(): Promise<void> {
    if (!this.#site.isUp) return;
    await this.#site.go(this.#folder);
    this.#isAlone = this.#isServed;
  }

  /** Has the coordinator that the page takes for granted be there, if it has not started that itself. */
  async #serve(): Promise<void> {
    if (this.#programs.has(`serve --state ${this.#folder}/var/lib/netsweep `)) return;
    await this.#programs[Symbol.asyncDispose]();
    await this.#site.come(this.#folder);
    this.#isServed = true;
  }

  /** A program in the page's directory. */
  #there(file: string, args: string[], input = ''): Promise<Finished> {
    const { env } = this.#seat(args.at(-1));
    return run(...this.machine.command(file, args, this.#folder), { env, input });
  }

  async #atDesk(
    words: string[],
    { input, into }: { input: string | null; into: string | null },
  ): Promise<Finished> {
    const isKey = words[0] === 'hostkeys' && words.at(-1) === '-';
    const typed = isKey ? `${await this.#keyOf('10.0.0.1')}\n` : '';
    const from = input === null ? typed : await readFile(join(this.#folder, input), 'utf8');
    const finished = await this.#ask(words, from);
    if (words[0] === 'enroll' && finished.status === 0)
      this.#tokens.push({ operator: words.includes('--operator'), text: finished.stdout.trim() });
    if (into === null) return finished;
    await mkdir(dirname(join(this.#folder, into)), { recursive: true });
    await writeFile(join(this.#folder, into), finished.stdout);
    return { ...finished, stdout: '' };
  }

  /** Whether the page's inventory has a password asked for. */
  async #isAsked(line: string): Promise<boolean> {
    if (!/ run -i lab\.yaml (?!--check)/.test(line)) return false;
    return (await readFile(join(this.#folder, 'lab.yaml'), 'utf8')).includes('password: ask');
  }

  #ask(words: string[], input = ''): Promise<Finished> {
    return this.desk.ask(words, this.#seat(`netsweep ${words.join(' ')}`), input);
  }

  /** Where a command line is typed. */
  #seat(line = ''): Seat {
    const cwd = this.#folder;
    // Where man looks for the pages of this home, too.
    const PATH = `${this.place.env.PATH}:${cwd}/.local/bin`;
    const own = { HOME: cwd, PATH, STATE_DIRECTORY: join(cwd, 'var/lib/netsweep-agent') };
    const env = { ...this.place.env, ...own, NET_TEXTFSM: join(cwd, 'ntc-templates') };
    if (SERVED.test(line) && !/ --(coordinator|state) /.test(line))
      Object.assign(env, { NETSWEEP_COORDINATOR: `unix:${cwd}/var/lib/netsweep/serve/coordinator.sock` });
    return { cwd, env };
  }

  /** What the page calls by a name of its own. */
  async #real(text: string): Promise<string> {
    let line = text.replace(/(?<=^|[\s'"=@:])(~|(?=\/(?:etc|evidence|srv|var|tmp)\b))/g, this.#folder);
    for (const { name, standin } of this.dcim) line = line.replaceAll(name, standin.url);
    for (const [large, small] of SMALLER) line = line.replaceAll(large, small);
    if (line.includes('netsweep1-...'))
      line = line.replace('netsweep1-...', await this.#token(/\bnetsweep join /.test(line)));
    if (line.includes('GeO66qtW...')) line = line.replace('GeO66qtW...', await this.#auditKey());
    if (line.includes('3f2a')) line = line.replace('3f2a', await this.#tokenId());
    const [, host] = / (\S+) ssh-ed25519 AAAA\S*\.\.\./.exec(line) ?? [];
    if (host !== undefined) line = line.replace(/ssh-ed25519 AAAA\S*\.\.\./, await this.#keyOf(host));
    if (!/\b01K[AB]?\b/.test(line)) return line;
    const { stdout } = await this.#ask(['sweeps', 'list', '--json']);
    const ids = (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id);
    return line
      .replace(/\b01KB\b/g, ids[0] ?? '')
      .replace(/\b01KA\b/g, ids[1] ?? '')
      .replace(/\b01K\b/g, ids[0] ?? '');
  }

  /** The one that was printed last for such a member; else one that the page does not tell of. */
  async #token(operator: boolean): Promise<string> {
    const at = this.#tokens.findLastIndex((token) => token.operator === operator);
    if (at >= 0) return this.#tokens.splice(at, 1)[0]?.text ?? '';
    const name = `member-${randomUUID()}`;
    const about = operator ? ['--operator'] : ['--segment', 'default'];
    return (await this.#ask(['enroll', name, ...about])).stdout.trim();
  }

  /** Of one that nobody has used. */
  async #tokenId(): Promise<string> {
    const { stdout } = await this.#ask(['token', 'list', '--json']);
    const [token] = JSON.parse(stdout) as { id: string }[];
    return token?.id ?? '';
  }

  /** The public half of the one that signs the audit log, as its heads name it. */
  async #auditKey(): Promise<string> {
    const head = await readFile(join(this.#folder, 'heads.jsonl'), 'utf8');
    return (JSON.parse(head) as { key: string }).key;
  }

  /** What a device shows, as somebody has copied it. */
  async #keyOf(host: string): Promise<string> {
    await this.#devices.lead([]);
    const { stdout } = await this.#there('ssh-keyscan', ['-t', 'ed25519', host]);
    return stdout.trim().split(' ').slice(1).join(' ');
  }

  #told(text: string): string {
    let told = text.replaceAll(`${this.#folder}/`, '/').replaceAll(this.#folder, '~');
    for (const { name, standin } of this.dcim) told = told.replaceAll(standin.url, name);
    for (const [large, small] of SMALLER) told = told.replaceAll(small, large);
    return told;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#programs[Symbol.asyncDispose]();
    await this.#site[Symbol.asyncDispose]();
    for (const one of this.owned) await one[Symbol.asyncDispose]();
  }
}

/** The programs for what takes a shell. */
async function shims(place: Place): Promise<void> {
  const script = (line: string) => `#!/bin/sh\nexec ${line}\n`;
  for (const [name, line] of Object.entries({
    netsweep: `"${process.execPath}" "${root}/dist/coordinator/main.js" "$@"`,
    'netsweep-agent': `"${process.execPath}" "${root}/dist/agent/main.js" "$@"`,
    npx: '"$@"',
  })) {
    await place.write(`bin/${name}`, script(line));
    await chmod(place.path(`bin/${name}`), 0o700);
  }
}
