// The coordinator that pages take for granted: netsweep.example.net, with an authority, a NATS and agents of its own. It is
// started by the first command that asks for it. A page that starts one itself has the machine to itself meanwhile.
import { cp, mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Finished } from '../process.ts';
import type { Seat } from './desk.ts';
import type { Machine } from './machine.ts';
import { Programs } from './programs.ts';
import { AGENTS, NAMES } from './stock.ts';

type Ask = (words: string[], seat: Seat) => Promise<Finished>;

export class Site implements AsyncDisposable {
  readonly #programs: Programs;
  #isMade = false;
  #isUp = false;

  constructor(
    machine: Machine,
    private readonly seat: Seat,
    private readonly ask: Ask,
    /** Where operators keep theirs. */
    private readonly identity: string,
  ) {
    this.#programs = new Programs(machine);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Starts it where it does not run, and has a page find it: its state directory, and an operator's identity. */
  async come(folder: string): Promise<void> {
    if (!this.#isUp) await this.#start();
    const state = join(folder, 'var/lib/netsweep');
    await mkdir(dirname(state), { recursive: true });
    await symlink(this.#path('state'), state).catch(() => {}); // from an earlier command
    await cp(this.#path('operator'), this.identity, { recursive: true });
  }

  /** Ends what runs of it; it is as it was when it is asked for again. */
  async go(folder: string): Promise<void> {
    await this.#programs[Symbol.asyncDispose]();
    await rm(join(folder, 'var/lib/netsweep'), { force: true });
    this.#isUp = false;
  }

  /** What a page has left of itself there. */
  async clear(): Promise<void> {
    if (!this.#isUp) return;
    const { stdout } = await this.#local('schedule', 'list', '--json');
    for (const { name } of JSON.parse(stdout) as { name: string }[])
      await this.#local('schedule', 'rm', name);
    await this.#local('agents', 'undrain', ...Object.keys(AGENTS));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#programs[Symbol.asyncDispose]();
  }

  async #start(): Promise<void> {
    const state = this.#path('state');
    const [name = '', address = ''] = Object.entries(NAMES)[0] ?? [];
    if (!this.#isMade) await this.#asked('serve', '--init', '--host', `${name},${address}`, '--state', state);
    await this.#programs.start(
      `nats-server -c ${state}/serve/nats/servers/nats-1/nats-server.conf`,
      this.seat,
    );
    await this.#programs.start(`netsweep serve --state ${state} --listen 0.0.0.0:7440`, this.seat);
    this.#isUp = true;
    if (!this.#isMade) await this.#enrol();
    this.#isMade = true;
    for (const agent of Object.keys(AGENTS))
      await this.#programs.start(`netsweep-agent --workers 1 --identity ${this.#path(agent)}`, this.seat);
  }

  async #enrol(): Promise<void> {
    const token = await this.#local('enroll', '--operator', 'noc');
    await this.#asked('join', '--identity', this.#path('operator'), token.stdout.trim());
    for (const [agent, segments] of Object.entries(AGENTS)) {
      const { stdout } = await this.#local('enroll', agent, '--segment', segments);
      await this.#asked('join', '--identity', this.#path(agent), stdout.trim());
    }
  }

  /** On its own host. */
  #local(command: string, ...words: string[]): Promise<Finished> {
    const socket = `unix:${this.#path('state')}/serve/coordinator.sock`;
    const at = command === 'enroll' ? 1 : 2;
    const all = [command, ...words];
    return this.#asked(...all.slice(0, at), '--coordinator', socket, ...all.slice(at));
  }

  async #asked(...words: string[]): Promise<Finished> {
    const finished = await this.ask(words, this.seat);
    if (finished.status !== 0) throw new Error(`netsweep ${words.join(' ')}: ${finished.stderr}`);
    return finished;
  }

  #path(name: string): string {
    return join(this.seat.cwd, name);
  }
}
