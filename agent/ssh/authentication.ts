// What a login's steps look like in ssh2: passwords as buffers that are zeroed, keys that sign elsewhere, answers to
// questions. ssh2 knows no certificates, takes SHA-1 for an RSA key where a device is silent, and can't wait for an
// ssh-agent without losing what the device says; so it only shows keys here, and never gets to sign.
import ssh2, { type ParsedKey } from 'ssh2';
import type Protocol from 'ssh2/lib/protocol/Protocol.js';
import { Secret } from '../credentials.js';
import type { Accepts } from './algorithms.js';
import type { LoginEvents } from './connection.js';
import type { Answer, Proof, Step, Turn } from './login.js';
import { ANY_KEY, string } from './publickey.js';
import type { Question } from './questions.js';
import type { SecretPackets } from './secretpackets.js';

/** Who decides, and who hears of what goes wrong. */
export interface AuthenticationEvents {
  /** What to log in with next; rejects with a DeviceFailure to give up. */
  method(turn: Turn): Promise<Step>;
  /** One answer to each question; rejects with a DeviceFailure to give up. */
  answer(questions: readonly Question[]): Promise<Answer[]>;
  passwordExpired(): void;
  /** The device has let us in. */
  admitted(): void;
  /** The connection has gone, and nothing is to be said any more. */
  isClosed(): boolean;
  failed(error: unknown): void;
  /** The host key algorithms that the device offers. */
  hostKeyAlgorithms(): readonly string[];
}

const SERVICE = 'ssh-userauth';

/** ssh2 knows its keys by a symbol of its own, which an object inherits from any key that it has read. */
function shownKey({ algorithm, blob }: Proof): ParsedKey {
  const read = ssh2.utils.parseKey(ANY_KEY);
  if (read instanceof Error) throw read;
  return Object.create(read, {
    type: { value: algorithm },
    isPrivateKey: { value: () => true },
    getPublicSSH: { value: () => blob },
  });
}

export class Authentication implements LoginEvents, Accepts {
  readonly #username: string;
  readonly #protocol: Protocol;
  readonly #packets: SecretPackets;
  readonly #events: AuthenticationEvents;
  /** The signature algorithms that the device says it takes. */
  #signatures: readonly string[] | null = null;
  #turn: Omit<Turn, 'accepts'> = { left: null, partial: false };
  /** The device has opened its login service. */
  #served = false;
  /** A step waits for that. */
  #waiting = false;
  /** What the device has been sent and has not answered; null: it is our turn. */
  #sent: Step['type'] | null = null;
  /** A key that it may take. */
  #shown: { proof: Proof; key: ParsedKey } | null = null;
  #over = false;

  constructor(username: string, protocol: Protocol, packets: SecretPackets, events: AuthenticationEvents) {
    this.#username = username;
    this.#protocol = protocol;
    this.#packets = packets;
    this.#events = events;
  }

  /** What it says of the signatures it takes; null: nothing. */
  get signatures(): readonly string[] | null {
    return this.#signatures;
  }

  /** The host key algorithms that it offers: read from what it has said, which only logins by RSA keys want to know. */
  get hostKey(): readonly string[] {
    return this.#events.hostKeyAlgorithms();
  }

  /**
   * Asks for the login service. The first step goes with the request, as Dropbear does it: with a proved host key
   * nothing has to wait for the answer (RFC 4253, section 10).
   */
  begin(): void {
    this.#protocol.service(SERVICE);
    void this.#step();
  }

  // What the device says.

  extended(extensions: { name: string; algs: string[] }[]): void {
    this.#signatures ??= extensions.find(({ name }) => name === 'server-sig-algs')?.algs ?? null;
  }

  served(service: string): void {
    if (service !== SERVICE) return;
    this.#served = true;
    if (this.#waiting) void this.#step();
    this.#waiting = false;
  }

  /** It wants the next step, with what it has said. */
  refused(left: readonly string[], partial: boolean): void {
    if (this.#over || this.#sent === null) return;
    this.#sent = null;
    this.#shown = null;
    this.#turn = { left, partial };
    if (this.#served) void this.#step();
    else this.#waiting = true;
  }

  accepted(): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.admitted();
  }

  expired(): void {
    if (this.#sent === 'password') this.#events.passwordExpired();
  }

  /** It would take the key; it gets one signature, whatever it says next. */
  keyTaken(): void {
    const shown = this.#shown;
    this.#shown = null;
    if (shown === null) return;
    void this.#during(async () =>
      this.#protocol.authPK(this.#username, shown.key, undefined, (data, send) => {
        void this.#during(() => this.#sign(shown.proof, data, send));
      }),
    );
  }

  asked(questions: readonly Question[]): void {
    if (this.#sent !== 'keyboard-interactive') return;
    if (questions.length === 0) this.#protocol.authInfoRes();
    else void this.#answer(questions);
  }

  async #step(): Promise<void> {
    this.#packets.forget();
    const events = this.#events;
    const { left, partial } = this.#turn;
    try {
      const step = await events.method({ left, partial, accepts: this });
      if (!events.isClosed()) this.#take(step);
    } catch (error) {
      events.failed(error);
    }
  }

  #take(step: Step): void {
    const username = this.#username;
    this.#sent = step.type;
    if (step.type === 'password')
      this.#packets.capture(() => this.#protocol.authPassword(username, step.password.bytes));
    else if (step.type === 'publickey') {
      this.#shown = { proof: step, key: shownKey(step) };
      this.#protocol.authPK(username, this.#shown.key);
    } else if (step.type === 'keyboard-interactive') this.#protocol.authKeyboard(username);
    else this.#protocol.authNone(username);
  }

  async #sign(proof: Proof, data: Buffer, send: (signature: Buffer) => void): Promise<void> {
    const signature = await proof.sign(data);
    if (this.#events.isClosed()) return;
    if (signature === null) {
      this.#sent = null;
      return this.#step();
    }
    // ssh2 names a signature like the request, which is wrong for certificates, so its packet is made again here:
    // what was signed, behind the id of the session, and the signature.
    const request = data.subarray(4 + data.readUInt32BE(0));
    this.#packets.capture(
      () => send(Buffer.of(0)),
      () => this.#packets.packet(Buffer.concat([request, string(signature)])),
    );
  }

  #answer(questions: readonly Question[]): Promise<void> {
    return this.#during(async () => {
      const answers = await this.#events.answer(questions);
      if (this.#events.isClosed()) return;
      // ssh2 takes only text here, which would stay on the heap: stand-ins of the same length are replaced in the
      // packet, behind its type and the number of answers.
      const texts = answers.map((answer) =>
        answer instanceof Secret ? '\0'.repeat(answer.bytes.length) : answer,
      );
      this.#packets.capture(
        () => this.#protocol.authInfoRes(texts),
        (packet, start) => {
          let at = start + 1 + 4;
          for (const answer of answers) {
            if (answer instanceof Secret) packet.set(answer.bytes, at + 4);
            at += 4 + packet.readUInt32BE(at);
          }
          return packet;
        },
      );
    });
  }

  async #during(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#events.failed(error);
    }
  }
}
