// The coordinator's books: ledger, logins and host keys in memory, and the store beneath them. Stations change
// the books and hand the resulting writes to `commit`, in the order in which they were made; an answer leaves
// only after its commit. A store that fails ends the process: nothing may be told that is not on disk.
import { EventEmitter, once } from 'node:events';
import { failpoint } from '../proto/failpoint.js';
import type { Hello } from '../proto/gen/netsweep/v1/agent.js';
import { Credential, type Device, SecretField } from '../proto/gen/netsweep/v1/model.js';
import { SecretUse } from '../proto/gen/netsweep/v1/session.js';
import { CredentialState } from '../proto/gen/netsweep/v1/sweeps.js';
import { type Host, machine } from './host.js';
import { HostKeys } from './intake/hostkeys.js';
import { KnownHostsFiles } from './intake/knownhosts.js';
import { Counted } from './operation/counted.js';
import { Pause } from './pause.js';
import type { Store, Write } from './store/store.js';
import { Ledger, type StartRequest, type Terms } from './sweep/ledger.js';
import { Logins, type Standing } from './sweep/logins.js';
import { Starts } from './sweep/starts.js';

export class Books {
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #standings = new Map<string, CredentialState>();
  /** By credential: who watches over its secrets. */
  readonly #guards = new Map<string, Guards>();
  readonly #failed = new AbortController();
  readonly logins = new Logins((standing) => this.#keepStanding(standing));
  readonly starts = new Starts((request, writes) => this.#start(request, writes));
  readonly pause: Pause;
  readonly counted = new Counted();
  /** Told of all that is on the disk, together. */
  committed: (writes: readonly Write[]) => void = () => undefined;
  /** The highest commit of the store. */
  lastCommit: number;
  #isBehind = false;
  /** The latest commit that is under way or done. */
  #latest = Promise.resolve(0);
  /** What has been changed in this turn. */
  #gathered: Write[][] = [];

  private constructor(
    readonly store: Store,
    readonly ledger: Ledger,
    readonly hostKeys: HostKeys,
    readonly terms: Terms,
    readonly host: Host,
    /** Of this start of the coordinator; random. */
    readonly incarnation: string,
    /** The highest commit that was found in the store. */
    private readonly foundCommit: number,
  ) {
    this.lastCommit = foundCommit;
    this.pause = new Pause(store, ledger, host);
  }

  static async open(store: Store, terms: Terms, host: Host = machine): Promise<Books> {
    const [hosts, states, commit] = await Promise.all([
      store.hostKeys(),
      store.credentials(),
      store.lastCommit(),
    ]);
    const hostKeys = new HostKeys(hosts, new KnownHostsFiles());
    const incarnation = host.id();
    const ledger = new Ledger(incarnation, terms, () => host.random());
    const books = new Books(store, ledger, hostKeys, terms, host, incarnation, commit);
    for (const state of states) books.#standings.set(state.id, state);
    return books;
  }

  /** Aborted once a commit has failed. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /**
   * Resolves with the commit's number when the writes are on disk. Without any, when those before them are: a repeat
   * is answered by what its first try has changed, which may still be under way. Never rejects: after a failure the
   * books are closed, the promise stays open and `failed` ends the process.
   */
  commit(writes: Write[]): Promise<number> {
    if (writes.length === 0) return this.#latest;
    // What one message of an agent changes is one call to the store.
    if (this.#gathered.push(writes) === 1) this.#latest = Promise.resolve().then(() => this.#write());
    return this.#latest;
  }

  async #write(): Promise<number> {
    const writes = this.#gathered.splice(0).flat();
    const began = this.host.monotonicMs();
    try {
      const commit = await this.store.commit(writes);
      this.counted.committed(writes, this.host.monotonicMs() - began);
      this.committed(writes);
      this.lastCommit = Math.max(this.lastCommit, commit);
      this.#changes.emit('change');
      this.lookAtStarts();
      return commit;
    } catch (error) {
      this.#failed.abort(error);
      return new Promise<never>(() => undefined);
    }
  }

  /**
   * An agent has seen this commit. One that an earlier coordinator told of and that was not in the store at the start
   * was lost with a rollback, however many have been made since. Leases that were lost have ended with the first hold.
   */
  compare({ storeId, commit, coordinator }: Pick<Hello, 'storeId' | 'commit' | 'coordinator'>): void {
    if (storeId !== this.store.id || coordinator === this.incarnation || this.#isBehind) return;
    // An older agent does not say who told it.
    if (commit <= (coordinator === '' ? this.lastCommit : this.foundCommit)) return;
    this.#isBehind = true;
    const writes: Write[] = [];
    this.ledger.holdAll(this.host.monotonicMs(), this.host.wallMs(), writes);
    void this.commit(writes);
  }

  /** What agents are told of a commit; 0: nothing, so that whoever starts during a hold hears of the lost ones too. */
  told(commit: number): number {
    return this.ledger.isHeld(this.host.monotonicMs()) ? 0 : commit;
  }

  /** Asks for leave to start a device's commands; `answer` is called once, when it is decided and on disk. */
  askStart(request: StartRequest, answer: (granted: boolean) => void): void {
    this.starts.ask(request, answer);
    this.lookAtStarts();
  }

  #start(request: StartRequest, writes: Write[]): 'granted' | 'refused' | 'later' {
    const decided = this.ledger.start(request, this.host.monotonicMs(), this.host.wallMs(), writes);
    const { sweep, epoch, index } = request;
    const device = this.ledger.sweeps.get(sweep)?.states[index]?.device.name ?? '';
    if (decided === 'granted')
      writes.push({ write: 'act', act: { act: 'permit-writes', sweep, device, epoch } });
    return decided;
  }

  /** Who waits for leave to start is looked at again after every change. */
  lookAtStarts(): void {
    for (const { writes, answer } of this.starts.look()) {
      failpoint('start.decided');
      void this.commit(writes).then(answer);
    }
  }

  /** The next committed change, or `signal`'s abort, whichever comes first. */
  async change(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await once(this.#changes, 'change', { signal }).catch(() => undefined);
  }

  /**
   * Who watches over a credential's secrets. What locks accounts is a user name with a password, and an enable
   * secret: credentials that share one share its guard, whatever else they hold.
   */
  async guardsOf(credential: Credential): Promise<Guards> {
    const { id, name, username, password, enableSecret } = credential;
    const left = (field: SecretField) => credential.references.filter((one) => one.field === field);
    const passwordLeft = { username, password, references: left(SecretField.PASSWORD) };
    const login = hasPassword(credential) ? await this.store.identify(Credential.create(passwordLeft)) : id;
    const enableLeft = { enableSecret, references: left(SecretField.ENABLE_SECRET) };
    const enable = await this.store.identify(Credential.create(enableLeft));
    return { name, username, login, enable };
  }

  /** Makes a submitted credential known, with the standing that earlier sweeps gave it. */
  useCredential(
    credential: Credential,
    guards: Guards,
    authFailMax: number,
    wallMs: number,
    writes: Write[],
  ): void {
    // Together with the sweep that names it, or it would be forgotten as unused in between.
    this.#guards.set(credential.id, guards);
    const login = this.guardOf(credential.id, SecretUse.LOGIN);
    if (!this.#standings.has(login)) {
      const { name, username } = credential;
      const state = CredentialState.create({ id: login, name, username, changedAtMs: wallMs });
      this.#standings.set(login, state);
      writes.push({ write: 'credential', state });
    }
    for (const use of USES) {
      const guard = this.guardOf(credential.id, use);
      this.logins.use(guard, this.#standings.get(guard), authFailMax);
    }
  }

  /** The login password, the same once more inside the session, and the enable secret are guarded apart. */
  guardOf(credential: string, use: SecretUse): string {
    const { login, enable } = this.#guards.get(credential) ?? { login: credential, enable: credential };
    if (use === SecretUse.ENABLE) return `${enable}:enable`;
    return use === SecretUse.CHANNEL ? `${login}:channel` : login;
  }

  /** A device that ended well has taken its login, and its enable secret where it was asked for; its bastions theirs. */
  prove(device: Device, credentials: ReadonlyMap<string, Credential>): void {
    for (const id of credentialsOf(device)) {
      const credential = credentials.get(id);
      // With a key beside the password nobody knows which of them it was.
      if (credential === undefined) continue;
      const isOnly = !hasKey(credential) && credential.sshAgent === '';
      if (isOnly || !hasPassword(credential)) this.logins.prove(this.guardOf(id, SecretUse.LOGIN));
    }
    if (device.enable) this.logins.prove(this.guardOf(device.credential, SecretUse.ENABLE));
  }

  /** The devices' work under this epoch is over: their places in line and their turns are free again. */
  endLogins(devices: Device[], epoch: string, now: number): void {
    const keys = new Map<string, Set<string>>();
    const add = (credential: string, index: number, use: SecretUse, hop: number) => {
      const guard = this.guardOf(credential, use);
      if (!this.logins.isAsked(guard)) return;
      const gone = keys.get(guard) ?? new Set();
      keys.set(guard, gone.add(loginKey(epoch, index, use, hop)));
    };
    for (const device of devices) {
      credentialsOf(device).forEach((credential, hop) => {
        add(credential, device.index, SecretUse.LOGIN, hop);
      });
      for (const use of [SecretUse.CHANNEL, SecretUse.ENABLE]) add(device.credential, device.index, use, 0);
    }
    for (const [guard, gone] of keys) this.logins.drop(guard, gone, now);
  }

  /** Credentials that no open sweep names are proved afresh by the next one. */
  forgetUnused(): void {
    const used = new Set([...this.ledger.sweeps.values()].flatMap((sweep) => [...sweep.credentials.keys()]));
    this.logins.retain(new Set([...used].flatMap((id) => USES.map((use) => this.guardOf(id, use)))));
    for (const id of this.#guards.keys()) if (!used.has(id)) this.#guards.delete(id);
  }

  standings(): CredentialState[] {
    return [...this.#standings.values()];
  }

  /** Lets a stopped credential be used again; by name or id. */
  release(name: string, wallMs: number, writes: Write[]): number {
    let released = 0;
    for (const state of this.#standings.values()) {
      if (state.name !== name && state.id !== name) continue;
      const free = { ...state, stopped: false, refusals: 0, changedAtMs: wallMs };
      this.#standings.set(state.id, free);
      this.logins.release(state.id);
      writes.push({ write: 'credential', state: free });
      released += 1;
    }
    return released;
  }

  #keepStanding({ credential: guard, refusals, stopped }: Standing): void {
    const [login = '', what] = guard.split(':');
    const known = this.#standings.get(guard) ?? this.#standings.get(login);
    const owner = [...this.#guards.values()].find((one) => one.login === login || one.enable === login);
    const name = owner === undefined ? (known?.name ?? guard) : owner.name + inWords(what);
    const username = owner?.username ?? known?.username ?? '';
    const state = CredentialState.create({
      ...{ id: guard, name, username, refusals, stopped },
      changedAtMs: this.host.wallMs(),
    });
    this.#standings.set(guard, state);
    void this.commit([{ write: 'credential', state }]);
  }
}

/** Here, or where its agent finds it. */
function hasPassword({ password, references }: Credential): boolean {
  return password.length > 0 || references.some(({ field }) => field === SecretField.PASSWORD);
}

function hasKey({ privateKey, references }: Credential): boolean {
  return privateKey.length > 0 || references.some(({ field }) => field === SecretField.PRIVATE_KEY);
}

export interface Guards {
  name: string;
  username: string;
  login: string;
  enable: string;
}

const USES = [SecretUse.LOGIN, SecretUse.CHANNEL, SecretUse.ENABLE] as const;

function inWords(use: string | undefined): string {
  if (use === undefined) return '';
  return use === 'enable' ? ' (enable)' : ' (inside the session)';
}

/** The credentials of a device and of the bastions on the way to it, by their hop: the device's own comes first. */
export function credentialsOf({ credential, jump }: Device): string[] {
  return [credential, ...jump.map((hop) => hop.credential || credential)];
}

/** Names one login of one lease: at the device, or at the nth bastion on the way to it. */
export function loginKey(epoch: string, index: number, use: SecretUse, hop: number): string {
  return `${epoch}/${index}/${use}/${hop}`;
}
