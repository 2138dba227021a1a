// A netsweep whose coordinator has an authority of its own: fleet, nats-server and `netsweep serve`; agents and operators
// join it by the tokens that it prints, each in a home of its own.
import { readFile } from 'node:fs/promises';
import { AgentProgram, Serve } from './cluster.ts';
import { Fleet, type FleetOptions } from './fleet.ts';
import { type Nats, startNats } from './nats.ts';
import { Place } from './place.ts';
import { type Finished, root, run } from './process.ts';

export class Enrolled implements AsyncDisposable {
  readonly agents: AgentProgram[] = [];

  private constructor(
    readonly fleet: Fleet,
    /** The coordinator's; operators and agents have others. */
    readonly place: Place,
    readonly nats: Nats,
    readonly serve: Serve,
  ) {}

  static async open(options: FleetOptions): Promise<Enrolled> {
    const [fleet, place] = await Promise.all([Fleet.open(options), Place.open()]);
    const state = place.path('coordinator');
    const made = await place.netsweep(['serve', '--init', '--host', 'localhost', '--state', state]);
    if (made.status !== 0) throw new Error(made.stderr);
    const conf = await readFile(`${state}/serve/nats/servers/nats-1/nats-server.conf`, 'utf8');
    // Others on this machine may look at the same port.
    const nats = await startNats({ config: conf.replace(/^http:.*$/m, '').replace(/^ *store_dir:.*$/m, '') });
    return new Enrolled(fleet, place, nats, await Serve.open(place, nats.url));
  }

  /** On the coordinator's host, by its user. */
  local(...words: string[]): Promise<Finished> {
    return this.place.netsweep([...words, '--state', this.place.path('coordinator')]);
  }

  /** A join token. */
  async token(...words: string[]): Promise<string> {
    const made = await this.local('enroll', ...words, '--address', this.serve.address);
    if (made.status !== 0) throw new Error(made.stderr);
    return made.stdout.trim();
  }

  /** Somebody else's home, on whatever host. */
  join(place: Place, token: string): Promise<Finished> {
    return run(process.execPath, [`${root}/dist/agent/main.js`, 'join', '-', '--dir', place.path('agent')], {
      cwd: place.folder,
      env: place.environment(),
      input: `${token}\n`,
    });
  }

  /** An enrolled agent, started with nothing but its identity and NATS. */
  async agent(place: Place, name: string, ...words: string[]): Promise<AgentProgram> {
    const joined = await this.join(place, await this.token(name, '--segment', 'default', ...words));
    if (joined.status !== 0) throw new Error(joined.stderr);
    const agent = this.start(place, name);
    await agent.ready();
    return agent;
  }

  start(place: Place, name: string): AgentProgram {
    const identity = ['--identity', place.path('agent')];
    const to = this.serve.address;
    const about = { name, segments: ['default'], words: identity, nats: this.nats.url, to };
    const agent = new AgentProgram(place, about);
    this.agents.push(agent);
    return agent;
  }

  /** An operator's home: `netsweep` there reaches the coordinator. */
  async operator(place: Place, name: string, ...words: string[]): Promise<void> {
    const joined = await place.netsweep(['join', await this.token('--operator', name, ...words)]);
    if (joined.status !== 0) throw new Error(joined.stderr);
    place.env.NETSWEEP_COORDINATOR = this.serve.address;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.agents) await agent.stop('SIGKILL');
    await this.serve.stop('SIGKILL');
    await this.nats[Symbol.asyncDispose]();
    await this.place[Symbol.asyncDispose]();
    await this.fleet[Symbol.asyncDispose]();
  }
}
