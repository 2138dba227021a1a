// Who of an agent's devices and bastions may be sent a secret now, and how it fared. The rules are those of
// `sweep/logins.ts`; here a question becomes one of them, and that the secret is spent is on disk before leave is
// given: nobody who comes after a crash may take a device for one that has not had it.
import type { LoginAsk, LoginLate, LoginOutcome } from '../../proto/gen/netsweep/v1/agent.js';
import type { Device } from '../../proto/gen/netsweep/v1/model.js';
import { LoginResult, Permit, SecretUse } from '../../proto/gen/netsweep/v1/session.js';
import { type Books, credentialsOf, loginKey } from '../books.js';
import type { Write } from '../store/store.js';
import type { ActiveSweep, DeviceState } from '../sweep/activesweep.js';
import type { Answer } from '../sweep/logins.js';

/** How answers are counted. */
const PERMITS: Partial<Record<Permit, string>> = {
  [Permit.SEND]: 'send',
  [Permit.STOPPED]: 'stopped',
  [Permit.SPENT]: 'spent',
};

/** Agents ask again instead of logging in later than this, in ms. */
const LATE_MOST_MS = 1_000;

export class LoginAsks {
  #callOff: () => void = () => undefined;

  constructor(
    private readonly books: Books,
    /** Something changed that may end devices or let more work be offered. */
    private readonly kick: () => void,
  ) {}

  /**
   * Answers once, now or when the turn has come. `at`: when the login is to leave, on our monotonic clock; 0: at once.
   * Who does not heed that is answered at that moment.
   */
  ask(ask: LoginAsk, heeds: boolean, reply: (permit: Permit, at: number) => void): void {
    const answer = (permit: Permit, at = 0) => {
      this.books.counted.logins.add(PERMITS[permit] ?? 'lost');
      reply(permit, at);
    };
    const send = (at: number) => (heeds ? answer(Permit.SEND, at) : this.#at(at, () => answer(Permit.SEND)));
    const { ledger, logins } = this.books;
    const now = this.books.host.monotonicMs();
    const working = () => ledger.working(ask.sweep, ask.epoch, ask.index, this.books.host.monotonicMs());
    const sweep = ledger.sweeps.get(ask.sweep);
    const state = working();
    if (sweep === undefined || state === null || !isOwn(state.device, ask)) return answer(Permit.LOST);
    const guard = this.books.guardOf(ask.credential, ask.use);
    const key = keyOf(ask);
    const leave = (at: number) => {
      if (working() === null) return answer(Permit.LOST);
      if (ask.use === SecretUse.KEY) return send(at);
      if (logins.isStopped(guard)) {
        logins.outcome(guard, key, 'unsent', this.books.host.monotonicMs());
        return answer(Permit.STOPPED);
      }
      const writes: Write[] = [];
      spend(sweep, state, ask, true, writes);
      void this.books.commit(writes).then(() => send(at));
    };
    const { pace } = ledger;
    const paced = pace.isPaced(state.track) && ask.use !== SecretUse.ENABLE ? state.track.paced : null;
    if (ask.use === SecretUse.KEY && paced === null) return send(0);
    // It is connected, and counts as such while it waits for a turn that has nothing to do with the pace.
    if (paced !== null) pace.logins.asks(paced, ask.index);
    const decided = (permit: Answer) => {
      if (permit === 'stopped') return answer(Permit.STOPPED);
      if (permit === 'spent') return answer(Permit.SPENT);
      if (paced === null) return leave(0);
      pace.logins.ask(paced, ask.index, leave);
      this.#pass();
    };
    if (ask.use === SecretUse.KEY) return decided('send');
    // Spent without a result: its agent died with the outcome. It is repeated only once the credential is proved.
    const repeat = isSpent(sweep, state, ask) && !logins.isUnderWay(guard, key);
    logins.ask(guard, key, now, decided, repeat);
  }

  /**
   * Leave for the login that follows, while its lease is live, for a device that has shown its host key: only with a
   * credential that has proved good, as others are asked for when it is their turn. `writes` are to be on disk before
   * anybody is told.
   */
  lend(
    { sweep: id, epoch, index }: { sweep: string; epoch: string; index: number },
    writes: Write[],
  ): boolean {
    const { ledger, logins, host } = this.books;
    const sweep = ledger.sweeps.get(id);
    const state = sweep?.states[index];
    if (sweep === undefined || state === undefined || state.row.loginSpent) return false;
    // Its turn is another moment's.
    if (ledger.pace.isPaced(state.track)) return false;
    const { credential } = state.device;
    const guard = this.books.guardOf(credential, SecretUse.LOGIN);
    const key = loginKey(epoch, index, SecretUse.LOGIN, 0);
    if (credential === '' || !logins.lend(guard, key, host.monotonicMs())) return false;
    sweep.change(state, { loginSpent: true }, writes);
    this.books.counted.logins.add('send');
    return true;
  }

  /** An agent that leaves out what it has to say of it, or makes it up, makes nobody's logins come sooner. */
  late({ sweep, index, atMs, lateMs }: LoginLate): void {
    const { ledger } = this.books;
    const paced = ledger.sweeps.get(sweep)?.states[index]?.track.paced;
    if (paced != null) ledger.pace.logins.late(paced, atMs, Math.min(lateMs, LATE_MOST_MS));
  }

  /** Gives leave to those whose turn is soon, and comes again for the others. */
  #pass(): void {
    const { ledger, host } = this.books;
    this.#callOff();
    const now = host.monotonicMs();
    const again = ledger.pace.logins.pass(now);
    this.#callOff =
      again < Number.POSITIVE_INFINITY
        ? host.after(Math.max(1, again - now), () => this.#pass())
        : () => undefined;
    this.kick(); // others may be handed out
  }

  #at(at: number, call: () => void): void {
    const ms = at - this.books.host.monotonicMs();
    if (ms <= 0) call();
    else this.books.host.after(ms, call);
  }

  outcome(outcome: LoginOutcome): void {
    if (outcome.use === SecretUse.KEY) return; // nothing of it was lent
    const { ledger, logins } = this.books;
    const sweep = ledger.sweeps.get(outcome.sweep);
    const state = sweep?.states[outcome.index];
    if (state !== undefined && !isOwn(state.device, outcome)) return;
    if (sweep !== undefined && state !== undefined && outcome.result === LoginResult.UNSENT) {
      const writes: Write[] = [];
      spend(sweep, state, outcome, false, writes);
      void this.books.commit(writes);
    }
    const guard = this.books.guardOf(outcome.credential, outcome.use);
    const word = loginWord(outcome.result);
    this.books.counted.loginOutcomes.add(word);
    logins.outcome(guard, keyOf(outcome), word, this.books.host.monotonicMs());
    if (logins.isStopped(guard)) this.kick();
  }
}

/** What is said of the secret from now on: it may have been sent, or it was not sent after all. */
function spend(
  sweep: ActiveSweep,
  state: DeviceState,
  login: LoginAsk | LoginOutcome,
  spent: boolean,
  writes: Write[],
): void {
  // Many devices share a bastion, and whichever agent or worker asks for it may send the secret there.
  if (login.hop > 0)
    return sweep.spendAtBastion(loginPlace(state.device, login), keyOf(login), spent, writes);
  // What an earlier lease may have sent stays spent.
  if (login.use === SecretUse.CHANNEL)
    return sweep.change(state, { channelSpent: spent || state.channelUnknown }, writes);
  // Whether these were sent is said by the attempt.
  if (spent)
    sweep.change(
      state,
      login.use === SecretUse.ENABLE ? { enableSpent: true } : { loginSpent: true },
      writes,
    );
}

function isSpent(sweep: ActiveSweep, { device, row }: DeviceState, ask: LoginAsk): boolean {
  if (ask.hop > 0) return sweep.bastions.has(loginPlace(device, ask));
  if (ask.use === SecretUse.CHANNEL) return row.channelSpent;
  return ask.use === SecretUse.ENABLE ? row.enableSpent : row.loginSpent;
}

function keyOf({ epoch, index, use, hop }: LoginAsk | LoginOutcome): string {
  return loginKey(epoch, index, use, hop);
}

/** Names a bastion and what logs in there. */
function loginPlace(device: Device, { hop, credential }: LoginAsk | LoginOutcome): string {
  const way = device.jump.slice(0, hop).map(({ host, port }) => `${host} ${port}`);
  return [device.segment, ...way, credential].join('\n');
}

/** Whether a login is one that this device, or a bastion on the way to it, takes. */
function isOwn(device: Device, { credential, use, hop }: LoginAsk | LoginOutcome): boolean {
  return (
    credentialsOf(device)[hop] === credential &&
    (hop === 0 || use === SecretUse.LOGIN || use === SecretUse.KEY)
  );
}

function loginWord(result: LoginResult): 'accepted' | 'refused' | 'hung-up' | 'unknown' | 'unsent' {
  switch (result) {
    case LoginResult.ACCEPTED:
      return 'accepted';
    case LoginResult.REFUSED:
      return 'refused';
    case LoginResult.HUNG_UP:
      return 'hung-up';
    case LoginResult.UNSENT:
      return 'unsent';
    case LoginResult.UNKNOWN:
    case LoginResult.UNRECOGNIZED:
      return 'unknown';
    default:
      return result satisfies never;
  }
}
