// Who may send a secret now. A wrong password in an inventory must not lock an account on every device, so
// each credential is first proved: until one login with it has succeeded, a single one is under way at a time,
// and those that failed and those under way together never exceed the limit. After that many refusals in a
// row it is stopped, here and in later sweeps. Pure: time is passed in, answers go out through callbacks.

/** How long a login may keep the turn before the next device may try, in ms. Its answer still counts later. */
export const TURN_MS = 5_000;

/** How long a device that may have had the secret waits for another to prove it, in ms. */
export const PROOF_MS = 5_000;

/** `spent`: the device may have had the secret, and nobody has proved that it is good. */
export type Answer = 'send' | 'stopped' | 'spent';

interface Waiting {
  key: string;
  answer: (answer: Answer) => void;
  /** Since when; null unless the device may have had the secret, with an outcome that nobody knows. */
  repeatSince: number | null;
}

interface Guard {
  proved: boolean;
  stopped: boolean;
  /** Refusals in a row. */
  refusals: number;
  limit: number;
  /** Permitted logins without an answer, by key, and since when. */
  underWay: Map<string, number>;
  waiting: Waiting[];
}

/** A change of a credential's standing that the store must keep. */
export interface Standing {
  credential: string;
  refusals: number;
  stopped: boolean;
}

export class Logins {
  readonly #guards = new Map<string, Guard>();

  constructor(private readonly changed: (standing: Standing) => void) {}

  /** Makes a credential known for a sweep that starts; what is proved stays proved while sweeps use it. */
  use(credential: string, known: { refusals: number; stopped: boolean } | undefined, limit: number): void {
    const guard = this.#guards.get(credential);
    if (guard !== undefined) {
      guard.limit = Math.min(guard.limit, limit);
      guard.stopped ||= guard.refusals >= guard.limit;
      return;
    }
    this.#guards.set(credential, {
      proved: false,
      stopped: known !== undefined && (known.stopped || known.refusals >= limit),
      refusals: known?.refusals ?? 0,
      limit,
      underWay: new Map(),
      waiting: [],
    });
  }

  /** Sweeps use no others any more; the next one proves those afresh. */
  retain(credentials: ReadonlySet<string>): void {
    for (const credential of this.#guards.keys())
      if (!credentials.has(credential)) this.#guards.delete(credential);
  }

  isProved(credential: string): boolean {
    return this.#guards.get(credential)?.proved ?? false;
  }

  /** A login with it is known to have succeeded. */
  prove(credential: string): void {
    const guard = this.#guards.get(credential);
    if (guard !== undefined) guard.proved = true;
  }

  isStopped(credential: string): boolean {
    return this.#guards.get(credential)?.stopped ?? false;
  }

  /**
   * Asks for leave; `answer` is called once, now or when the turn comes. `key` names this login: asked again, its
   * first answer was lost on the way. `repeat`: the device may have had the secret, so it proves nothing for others.
   */
  ask(credential: string, key: string, now: number, answer: (answer: Answer) => void, repeat = false): void {
    const guard = this.#guards.get(credential);
    if (guard === undefined || guard.stopped) return answer('stopped');
    if (guard.underWay.has(key)) return answer('send');
    if (guard.proved && guard.waiting.length === 0) {
      guard.underWay.set(key, now);
      return answer('send');
    }
    const again = guard.waiting.findIndex((waiting) => waiting.key === key);
    if (again >= 0) guard.waiting.splice(again, 1);
    // Who stands behind others has nothing to hope for before they have been answered; there may be thousands.
    const isBehind = guard.waiting.some(({ repeatSince }) => repeatSince === null);
    guard.waiting.push({ key, answer, repeatSince: repeat ? now : null });
    if (!isBehind || guard.proved) this.#pass(guard, now);
  }

  /** Leave before it is asked for; false: it has to be asked for. */
  lend(credential: string, key: string, now: number): boolean {
    const guard = this.#guards.get(credential);
    if (guard === undefined || guard.stopped || !guard.proved || guard.waiting.length > 0) return false;
    guard.underWay.set(key, now);
    return true;
  }

  /** Whether anybody waits for leave, or has it and has not said how it went. */
  isAsked(credential: string): boolean {
    const guard = this.#guards.get(credential);
    return guard !== undefined && guard.waiting.length + guard.underWay.size > 0;
  }

  isUnderWay(credential: string, key: string): boolean {
    return this.#guards.get(credential)?.underWay.has(key) ?? false;
  }

  /** How a permitted login fared. `hung-up`: sent, and the device closed the connection. `unknown`: sent, no answer; `unsent`: the turn was not used. */
  outcome(
    credential: string,
    key: string,
    result: 'accepted' | 'refused' | 'hung-up' | 'unknown' | 'unsent',
    now: number,
  ): void {
    const guard = this.#guards.get(credential);
    if (guard === undefined) return;
    // What a device has said of the secret is true, whoever has forgotten meanwhile that it was asked.
    guard.underWay.delete(key);
    if (result === 'accepted') {
      const changed = guard.refusals > 0;
      guard.proved = true;
      guard.refusals = 0;
      if (changed) this.changed({ credential, refusals: 0, stopped: false });
    }
    // Many devices refuse a password by hanging up; of a proved one it means something else.
    if (result === 'refused' || (result === 'hung-up' && !guard.proved)) {
      guard.refusals += 1;
      guard.stopped ||= guard.refusals >= guard.limit;
      this.changed({ credential, refusals: guard.refusals, stopped: guard.stopped });
    }
    this.#pass(guard, now);
  }

  /** The askers are gone: their places in line and their turns are free again. */
  drop(credential: string, keys: ReadonlySet<string>, now: number): void {
    const guard = this.#guards.get(credential);
    if (guard === undefined) return;
    if (guard.waiting.length > 0) guard.waiting = guard.waiting.filter(({ key }) => !keys.has(key));
    for (const key of keys) guard.underWay.delete(key);
    this.#pass(guard, now);
  }

  /** Hands turns on that were kept too long. */
  tick(now: number): void {
    for (const guard of this.#guards.values()) this.#pass(guard, now);
  }

  /** A person has released it. */
  release(credential: string): void {
    const guard = this.#guards.get(credential);
    if (guard === undefined) return;
    guard.stopped = false;
    guard.refusals = 0;
  }

  #pass(guard: Guard, now: number): void {
    if (guard.waiting.length === 0) return;
    const line = guard.waiting.splice(0);
    for (const waiting of line) {
      const answer = answerNow(guard, waiting, now);
      if (answer === 'send') guard.underWay.set(waiting.key, now);
      if (answer === null) guard.waiting.push(waiting);
      else waiting.answer(answer);
    }
  }
}

/** Null: not yet. */
function answerNow(guard: Guard, { repeatSince }: Waiting, now: number): Answer | null {
  if (guard.stopped) return 'stopped';
  if (guard.proved) return 'send';
  if (repeatSince !== null) return now - repeatSince >= PROOF_MS ? 'spent' : null;
  return mayProve(guard, now) ? 'send' : null;
}

function mayProve(guard: Guard, now: number): boolean {
  if (guard.refusals + guard.underWay.size >= guard.limit) return false;
  return [...guard.underWay.values()].every((since) => now - since >= TURN_MS);
}
