// What a login's steps look like in ssh2: passwords as buffers that are zeroed, keys that sign elsewhere, answers to
// questions. ssh2 knows no certificates, takes SHA-1 for an RSA key where a device is silent, and can't wait for an
// ssh-agent without losing what the device says; so it only shows keys here, and never gets to sign.
import ssh2, { type AnyAuthMethod, type NextAuthHandler, type ParsedKey } from 'ssh2';
import { Secret } from '../credentials.js';
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
  /** The connection has gone, and nothing is to be said any more. */
  isClosed(): boolean;
  failed(error: unknown): void;
  /** The host key algorithms that the device offers. */
  hostKeyAlgorithms(): readonly string[];
}

/** The part of ssh2's protocol that this needs; it has no public face. */
export interface AuthenticationProtocol {
  _handlers: {
    SERVICE_ACCEPT(protocol: unknown, service: string): void;
    EXT_INFO(protocol: unknown, extensions: { name: string; algs: string[] }[]): void;
    USERAUTH_PK_OK(): void;
  };
  /** Without `sign` it only shows the key; `sign` gets what is to be signed. */
  authPK(
    user: string,
    key: ParsedKey,
    algorithm: undefined,
    sign: (data: Buffer, send: (signature: Buffer) => void) => void,
  ): void;
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

export class Authentication {
  readonly #username: string;
  readonly #protocol: AuthenticationProtocol;
  readonly #packets: SecretPackets;
  readonly #events: AuthenticationEvents;
  /** The signature algorithms that the device says it takes. */
  #signatures: readonly string[] | null = null;
  #turn: Omit<Turn, 'accepts'> = { left: null, partial: false };
  /** The device has opened its login service. */
  #served = false;
  /** The step that waits for that. */
  #waiting: NextAuthHandler | null = null;

  constructor(
    username: string,
    protocol: AuthenticationProtocol,
    packets: SecretPackets,
    events: AuthenticationEvents,
  ) {
    this.#username = username;
    this.#protocol = protocol;
    this.#packets = packets;
    this.#events = events;
    protocol._handlers.EXT_INFO = (_, extensions) => {
      this.#signatures ??= extensions.find(({ name }) => name === 'server-sig-algs')?.algs ?? null;
    };
  }

  /**
   * To be called once the login service has been asked for. The first step goes with the request, as Dropbear does it:
   * with a proved host key nothing has to wait for the answer (RFC 4253, section 10).
   */
  begin(): void {
    const { _handlers: handlers } = this.#protocol;
    const { SERVICE_ACCEPT: start } = handlers;
    handlers.SERVICE_ACCEPT = (_, service) => {
      if (service !== SERVICE) return;
      this.#served = true;
      if (this.#waiting) void this.#step(this.#waiting);
      this.#waiting = null;
    };
    start(this.#protocol, SERVICE);
  }

  /** ssh2 wants the next step, with what the device has said. */
  proceed(left: readonly string[] | null, partial: boolean, next: NextAuthHandler): void {
    this.#turn = { left, partial };
    if (left === null || this.#served) void this.#step(next);
    else this.#waiting = next;
  }

  async #step(next: NextAuthHandler): Promise<void> {
    this.#packets.forget();
    await this.#during(async () => {
      const events = this.#events;
      const accepts = {
        signatures: this.#signatures,
        // Read from what the device has said, which only logins by RSA keys want to know.
        get hostKey() {
          return events.hostKeyAlgorithms();
        },
      };
      const step = await this.#events.method({ ...this.#turn, accepts });
      if (!this.#events.isClosed()) this.#take(step, next);
    });
  }

  #take(step: Step, next: NextAuthHandler): void {
    const { type } = step;
    const username = this.#username;
    if (type === 'password') {
      // ssh2 takes a Buffer, its types know only text.
      const password = step.password.bytes as unknown as string;
      this.#packets.capture(() => next({ type, username, password }));
    } else if (type === 'publickey') {
      const key = shownKey(step);
      this.#protocol._handlers.USERAUTH_PK_OK = () => this.#prove(step, key, next);
      next({ type, username, key });
    } else if (type === 'keyboard-interactive') {
      const prompt = (_: string, _instructions: string, _language: string, ...rest: KeyboardRest) =>
        void this.#answer(...rest);
      next({ type, username, prompt } as AnyAuthMethod);
    } else next({ type, username });
  }

  /** The device would take the key; it gets one signature, whatever it says next. */
  #prove(proof: Proof, key: ParsedKey, next: NextAuthHandler): void {
    this.#protocol._handlers.USERAUTH_PK_OK = () => undefined;
    void this.#during(async () =>
      this.#protocol.authPK(this.#username, key, undefined, (data, send) => {
        void this.#during(() => this.#sign(proof, data, send, next));
      }),
    );
  }

  async #sign(
    proof: Proof,
    data: Buffer,
    send: (signature: Buffer) => void,
    next: NextAuthHandler,
  ): Promise<void> {
    const signature = await proof.sign(data);
    if (this.#events.isClosed()) return;
    if (signature === null) return this.#step(next);
    // ssh2 names a signature like the request, which is wrong for certificates, so its packet is made again here:
    // what was signed, behind the id of the session, and the signature.
    const request = data.subarray(4 + data.readUInt32BE(0));
    this.#packets.capture(
      () => send(Buffer.of(0)),
      () => this.#packets.packet(Buffer.concat([request, string(signature)])),
    );
  }

  #answer(...[questions, finish]: KeyboardRest): Promise<void> {
    return this.#during(async () => {
      const answers = await this.#events.answer(questions);
      if (this.#events.isClosed()) return;
      // ssh2 takes only text here, which would stay on the heap: stand-ins of the same length are replaced in the
      // packet, behind its type and the number of answers.
      const texts = answers.map((answer) =>
        answer instanceof Secret ? '\0'.repeat(answer.bytes.length) : answer,
      );
      this.#packets.capture(
        () => finish(texts),
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

type KeyboardRest = [questions: Question[], finish: (answers: string[]) => void];
