// Where the examples are run: a home of its own, a fleet of every platform, one coordinator that all commands join, and
// for each page a directory with its files. The addresses of a page's devices lead to the fleet by ssh's configuration,
// so that its inventories are read as they stand there.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PLATFORMS } from '../../agent/fleet/plan.ts';
import { Fleet } from '../fleet.ts';
import { sealed } from '../inventory/ansible/seal.ts';
import { type Device, type Standin, startDcim, TOKEN } from '../inventory/dcim.ts';
import { Place } from '../place.ts';
import { type Finished, root, run } from '../process.ts';
import { type Block, plainWords } from './page.ts';
import { DCIM, STOCK } from './stock.ts';

/** Of every login and vault of the pages. */
const PASSWORD = 'access123';
/** Options that say which devices there are. */
const SELECTING = new Set(['-i', '--inventory', '-w', '--hosts', '--platform', '--map', '--columns']);
/** Commands that connect to devices. */
const TOUCHING = /^(run|backup|audit run|hostkeys scan|platforms learn)\b/;

export class World implements AsyncDisposable {
  /** Names and addresses of the page that is open, and what they are in the fleet. */
  readonly #homes = new Map<string, string>();
  #folder = '';

  private constructor(
    private readonly place: Place,
    private readonly fleet: Fleet,
    private readonly dcim: { name: string; standin: Standin }[],
    private readonly desk: ChildProcess,
  ) {}

  static async open(): Promise<World> {
    const place = await Place.open();
    const fleet = await Fleet.open({
      ...{ devices: 12 * PLATFORMS.length, platforms: [...PLATFORMS], siteSize: 0, unprivileged: 0 },
      ...{ password: PASSWORD, configLines: 60, bad: { refuse: 1 / (12 * PLATFORMS.length) } },
    });
    const dcim = await Promise.all(
      (['netbox', 'nautobot'] as const).map(async (tool) => ({
        name: `https://${tool}.example.com`,
        standin: await startDcim(tool, DCIM[tool] satisfies Device[]),
      })),
    );
    await shims(place);
    const env = place.environment({
      PATH: `${place.path('bin')}:${process.env.PATH}`,
      ...{ XDG_STATE_HOME: place.path('state'), NETBOX_TOKEN: TOKEN, NAUTOBOT_TOKEN: TOKEN },
      ...{ LAB_PASSWORD: PASSWORD, NET_PASSWORD: PASSWORD, LAB_ENABLE: PASSWORD, LC_ALL: 'C.UTF-8' },
      ...{ GIT_AUTHOR_NAME: 'x', GIT_AUTHOR_EMAIL: 'x@example.com', NO_COLOR: '1' },
    });
    Object.assign(place.env, env);
    const desk = fork(join(root, 'test/docs/desk.mjs'), { cwd: place.folder, env, stdio: 'inherit' });
    await once(desk, 'message');
    return new World(place, fleet, dcim, desk);
  }

  /** An empty directory and home for a page, with what its commands take for granted. */
  async turnTo(page: string): Promise<void> {
    this.#folder = this.place.path(`pages/${page}`);
    this.#homes.clear();
    await mkdir(join(this.#folder, 'srv'), { recursive: true, mode: 0o700 });
    for (const [name, text] of Object.entries(STOCK)) await this.put(name, text);
  }

  /** Writes what a block shows; `~/` and `/etc/` are the page's own. */
  async write({ file, kinds, text }: Block): Promise<void> {
    const secret = kinds.includes('vault') ? `${sealed(text, PASSWORD)}\n` : text;
    await this.put(file ?? '', secret);
    if (kinds.includes('executable')) await chmod(join(this.#folder, file ?? ''), 0o700);
  }

  /** What the program says against a file of the page; null: nothing. */
  async wrongFile(block: Block): Promise<string | null> {
    const { file, language, text, kinds } = block;
    if (file === null) return null;
    if (language === 'ts') return this.#script(file, text);
    const words = checking(block);
    if (words === null) return null;
    if (kinds.includes('part')) await this.put(file, `${text}${memberOf(text)}`);
    const { status, stderr, stdout } = await this.#ask(words);
    return status === 0 ? null : `${words.join(' ')} ended with ${status}\n${stdout}${stderr}`;
  }

  /** A script beside which the package is installed. */
  async #script(file: string, text: string): Promise<string | null> {
    const inventory = /inventory: '([^']+)'/.exec(text)?.[1];
    if (inventory !== undefined) await this.#leadHome(['-i', inventory]);
    await this.put('package.json', JSON.stringify({ type: 'module' }));
    await mkdir(join(this.#folder, 'node_modules'), { recursive: true });
    await symlink(root, join(this.#folder, 'node_modules/netsweep')).catch(() => {}); // by an earlier block
    const compile = [
      ...['--target', 'es2022', '--lib', 'es2023,esnext.disposable', '--module', 'nodenext', '--strict'],
      ...['--noUncheckedIndexedAccess', '--types', 'node', '--typeRoots', join(root, 'node_modules/@types')],
      ...['--outDir', 'out', file],
    ];
    const options = { cwd: this.#folder, env: this.#env() };
    const compiled = await run(join(root, 'node_modules/.bin/tsc'), compile, options);
    if (compiled.status !== 0) return compiled.stdout;
    const env = { ...options.env, NETSWEEP_SET: `port=${this.fleet.port}` };
    const script = [`out/${file.replace(/ts$/, 'js')}`];
    const { status, stderr } = await run(process.execPath, script, { ...options, env });
    return status === 0 ? null : stderr;
  }

  private async put(name: string, text: string): Promise<void> {
    const path = join(this.#folder, name.replace(/^~?\//, ''));
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, text, { mode: 0o600 });
  }

  /** A command of the page; what it printed says the page's own names and addresses. */
  async run(text: string): Promise<Finished> {
    const line = await this.#real(text);
    const plain = plainWords(line);
    const words = plain && netsweepWords(plain.words);
    const finished =
      plain !== null && words !== null
        ? await this.#atDesk(words, plain)
        : await run('bash', ['-c', `set -o pipefail; ${line}`], { cwd: this.#folder, env: this.#env() });
    return { ...finished, stdout: this.#told(finished.stdout), stderr: this.#told(finished.stderr) };
  }

  async #atDesk(
    words: string[],
    { input, into }: { input: string | null; into: string | null },
  ): Promise<Finished> {
    if (TOUCHING.test(words.join(' ')) && !words.includes('--list-hosts'))
      words.push(...(await this.#leadHome(words)));
    const from = input === null ? '' : await readFile(join(this.#folder, input), 'utf8');
    const finished = await this.#ask(words, from);
    if (into === null) return finished;
    await mkdir(dirname(join(this.#folder, into)), { recursive: true });
    await writeFile(join(this.#folder, into), finished.stdout);
    return { ...finished, stdout: '' };
  }

  async #ask(words: string[], input = ''): Promise<Finished> {
    this.desk.send({ words, cwd: this.#folder, env: this.#env(), input });
    const [answer] = (await once(this.desk, 'message')) as [Finished];
    return answer;
  }

  #env(): NodeJS.ProcessEnv {
    return { ...this.place.env, HOME: this.#folder, NET_TEXTFSM: join(this.#folder, 'ntc-templates') };
  }

  /** What the page calls by a name of its own. */
  async #real(text: string): Promise<string> {
    let line = text.replace(/(?<=^|[\s'"=@])(~|(?=\/(?:etc|srv|var|tmp)\/))/g, this.#folder);
    for (const { name, standin } of this.dcim) line = line.replaceAll(name, standin.url);
    if (!/\b01K[AB]?\b/.test(line)) return line;
    const { stdout } = await this.#ask(['sweeps', 'list', '--json']);
    const ids = (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id);
    return line
      .replace(/\b01KB\b/g, ids[0] ?? '')
      .replace(/\b01KA\b/g, ids[1] ?? '')
      .replace(/\b01K\b/g, ids[0] ?? '');
  }

  #told(text: string): string {
    let told = text.replaceAll(`${this.#folder}/`, '/').replaceAll(this.#folder, '~');
    for (const { name, standin } of this.dcim) told = told.replaceAll(standin.url, name);
    for (const [host, address] of this.#homes)
      told = told
        .replaceAll(`${address}:${this.fleet.port}`, `${host}:22`)
        .replace(new RegExp(`\\b${address.replaceAll('.', '\\.')}\\b`, 'g'), host);
    told = told.replaceAll(` --set port=${this.fleet.port}`, '');
    return told;
  }

  /** Has the devices of a command's inventory lead to the fleet; gives the options for it. */
  async #leadHome(words: string[]): Promise<string[]> {
    if (words.includes('--from')) return []; // touches none
    const asked = words.flatMap((word, at) => (SELECTING.has(word) ? [word, words[at + 1] ?? ''] : []));
    const vault = words.includes('--vault-password-file') ? ['--vault-password-file', '.vault-password'] : [];
    const { stdout, stderr, status } = await this.#ask(['inventory', 'list', '--json', ...asked, ...vault]);
    if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`);
    for (const { host, platform } of JSON.parse(stdout) as { host: string; platform: string }[])
      if (!this.#homes.has(host)) this.#homes.set(host, this.#spare(host, platform));
    const hosts = Array.from(this.#homes, ([host, address]) => `Host ${host}\n  HostName ${address}\n`);
    await this.put('.ssh/config', hosts.join(''));
    return words[0] === 'platforms' ? ['--port', `${this.fleet.port}`] : ['-e', `port=${this.fleet.port}`];
  }

  /** An address that ends in .99 is one of a device that refuses. */
  #spare(host: string, platform: string): string {
    const isBad = host.endsWith('.99');
    const used = new Set(this.#homes.values());
    const fitting = this.fleet.devices.filter(
      ({ address, fault }) => !used.has(address) && (fault !== null) === isBad,
    );
    const found = fitting.find((device) => device.platform === platform) ?? fitting[0];
    if (found === undefined) throw new Error('a page has more devices than the fleet');
    return found.address;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.desk.disconnect();
    await once(this.desk, 'exit');
    for (const { standin } of this.dcim) await standin[Symbol.asyncDispose]();
    await this.fleet[Symbol.asyncDispose]();
    await this.place[Symbol.asyncDispose]();
  }
}

/** The words with which netsweep reads a file; null: a command of the page does. */
function checking({ file, language, text }: Block): string[] | null {
  if (file === null || !['yaml', 'csv', 'python', 'ini', 'text'].includes(language)) return null;
  const platform = /platforms\/([\w-]+)\.yaml$/.exec(file)?.[1];
  if (platform !== undefined) return ['platforms', 'show', platform];
  if (/(^|\/)netsweep\.yaml$/.test(file)) return ['inventory', 'list', '-w', 'R1', '--platform', 'cisco_ios'];
  if (text.includes('netsweep_policy:')) return ['audit', 'check', file];
  // Parts of one in a directory, and router.db, are read by the page's commands.
  return file.includes('/') || language === 'text' ? null : ['inventory', 'check', '-i', file];
}

/** A device that is in all groups of an inventory that has none. */
function memberOf(text: string): string {
  const groups = Array.from(text.matchAll(/^ {2}([\w-]+):/gm), ([, name]) => name);
  return `devices:\n  R1: {host: 10.0.0.1, platform: cisco_ios, groups: [${groups.join(', ')}]}\n`;
}

/** The words after `netsweep`, however it is started; null: it is another program. */
function netsweepWords(words: string[]): string[] | null {
  const text = words.join('\0');
  for (const [start, first] of [
    ['netsweep\0', []],
    ['npx\0netsweep\0', []],
    ['npm\0start\0--\0', ['run']],
    ['npm\0-s\0start\0--\0', ['run']],
  ] as [string, string[]][])
    if (text.startsWith(start)) return [...first, ...text.slice(start.length).split('\0')];
  return null;
}

/** `netsweep` and `npx netsweep` for what takes a shell. */
async function shims(place: Place): Promise<void> {
  const script = (line: string) => `#!/bin/sh\nexec ${line}\n`;
  await place.write('bin/netsweep', script(`"${process.execPath}" "${root}/dist/coordinator/main.js" "$@"`));
  await place.write('bin/npx', script('"$@"'));
  for (const name of ['netsweep', 'npx']) await chmod(place.path(`bin/${name}`), 0o700);
}
