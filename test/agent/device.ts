// A device for the session's tests: a real SSH server on loopback whose behaviour is a script, and the ports
// that stand for the coordinator. What the device saw and what the ports were asked is kept for the test.
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import {
  type AuthContext,
  type Connection,
  Server,
  type ServerChannel,
  type ServerConfig,
  type Session,
  utils,
} from 'ssh2';
import type { SessionPorts, SessionTask } from '../../agent/session/seam.js';
import { runSession } from '../../agent/session/session.js';
import type { Hop } from '../../agent/ssh/bastion.js';
import { Bastions } from '../../agent/ssh/bastions.js';
import { Credential, Device, type Output, SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import type { Attempt, HostKey, HostMarks } from '../../proto/gen/netsweep/v1/session.js';
import { type LoginResult, Permit, type SecretUse } from '../../proto/gen/netsweep/v1/session.js';

export const PASSWORD = 'correct horse';

/** Talks to whoever logged in; typed lines come one by one. */
export interface Line {
  write(text: string | Buffer): void;
  /** The next line typed, without its end; null when there is none to come. */
  read(): Promise<string | null>;
  /** One key. */
  key(): Promise<string | null>;
  /** Ends the session as a device does after `exit`. */
  close(): void;
  /** Breaks the connection. */
  drop(): void;
  channel: ServerChannel;
}

export interface Script {
  /** Login methods named to the client. */
  methods?: string[];
  authenticate?: (context: AuthContext, seen: Seen) => void;
  /** The interactive command line. */
  shell?: (line: Line) => Promise<void>;
  exec?: (command: string, channel: ServerChannel, connection: Connection) => void;
  /** Answers the request for a terminal; without it everybody is given one. */
  pty?: (accept: () => void, reject: () => void, session: Session) => void;
  server?: Partial<ServerConfig>;
  onConnection?: (connection: Connection, socket: Socket) => void;
}

/** What the device saw. */
export interface Seen {
  connections: number;
  logins: string[];
  passwords: string[];
  /** Asked for, whatever was to run on them. */
  channels: number;
  lines: string[];
  closed: number;
}

export class ScriptedDevice implements AsyncDisposable {
  readonly seen: Seen = { connections: 0, logins: [], passwords: [], channels: 0, lines: [], closed: 0 };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(script: Script, hostKeys: string[]) {
    this.#server = new Server({ hostKeys, ...script.server }, (connection) =>
      this.#serve(connection, script),
    );
    this.#server.on('error', () => {});
  }

  static async start(script: Script, hostKeys: string[] = [hostKeyPem('ed25519')]): Promise<ScriptedDevice> {
    const device = new ScriptedDevice(script, hostKeys);
    device.#server.listen(0, '127.0.0.1');
    await once(device.#server, 'listening');
    return device;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(connection: Connection, script: Script): void {
    const { seen } = this;
    const socket = (connection as unknown as { _sock: Socket })._sock; // ssh2 keeps it to itself
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      seen.closed++;
    });
    seen.connections++;
    connection.on('error', () => {});
    script.onConnection?.(connection, socket);
    connection.on('authentication', (context) => {
      seen.logins.push(context.method);
      if (context.method === 'password') seen.passwords.push(context.password);
      if (script.authenticate) return script.authenticate(context, seen);
      if (context.method === 'password' && context.password === PASSWORD) return context.accept();
      context.reject((script.methods ?? ['password']) as never); // names that ssh2 only passes on
    });
    connection.on('session', (accept) => {
      seen.channels++;
      const session = accept();
      session.on('pty', (yes, no) =>
        script.pty
          ? script.pty(
              () => yes?.(),
              () => no?.(),
              session,
            )
          : yes?.(),
      );
      session.on('shell', (yes) => {
        const channel = yes();
        void script.shell?.(this.#line(channel, socket));
      });
      session.on('exec', (yes, no, { command }) => {
        seen.lines.push(command);
        if (script.exec) script.exec(command, yes(), connection);
        else no?.();
      });
    });
  }

  #line(channel: ServerChannel, socket: Socket): Line {
    let typed = '';
    let over = false;
    let wake = () => {};
    channel.on('data', (chunk: Buffer) => {
      typed += chunk.toString('utf8');
      wake();
    });
    channel.on('close', () => {
      over = true;
      wake();
    });
    const more = () =>
      new Promise<void>((resolve) => {
        wake = resolve;
      });
    return {
      channel,
      write: (text) => void channel.write(text),
      read: async () => {
        for (;;) {
          const end = typed.search(/[\r\n]/);
          if (end >= 0) {
            const line = typed.slice(0, end);
            typed = typed.slice(end + 1);
            this.seen.lines.push(line);
            return line;
          }
          if (over) return null;
          await more();
        }
      },
      key: async () => {
        while (typed === '') {
          if (over) return null;
          await more();
        }
        const key = typed[0] as string; // not empty
        typed = typed.slice(1);
        return key;
      },
      close: () => {
        channel.exit(0);
        channel.end();
      },
      drop: () => socket.destroy(),
    };
  }
}

/** A command line in the manner of IOS: echo, prompt, and answers by command. */
export function ios(
  answers: Record<string, string | ((line: Line) => Promise<string> | string)>,
  options: { name?: string; write?: (line: Line, text: string) => Promise<void>; banner?: string } = {},
): (line: Line) => Promise<void> {
  const name = options.name ?? 'R1';
  const write = options.write ?? (async (line: Line, text: string) => line.write(text));
  return async (line) => {
    await write(line, `${options.banner ?? ''}\r\n${name}#`);
    for (;;) {
      const typed = await line.read();
      if (typed === null) return;
      if (typed === 'exit') {
        line.write('exit\r\n');
        return line.close();
      }
      const answer = answers[typed] ?? (typed === '' || typed.startsWith('terminal ') ? '' : INVALID);
      await write(line, `${typed}\r\n`);
      await write(line, `${typeof answer === 'string' ? answer : await answer(line)}${name}#`);
    }
  };
}

export const INVALID = "             ^\r\n% Invalid input detected at '^' marker.\r\n\r\n";

/** One byte after the other, each after the last has left and `ms` have passed. */
export function dripping(ms = 0): (line: Line, text: string) => Promise<void> {
  return async (line, text) => {
    for (const byte of Buffer.from(text, 'latin1')) {
      line.write(Buffer.of(byte));
      await new Promise((resolve) => (ms > 0 ? setTimeout(resolve, ms) : setImmediate(resolve)));
    }
  };
}

export function hostKeyPem(type: 'ed25519' | 'rsa' | 'ec'): string {
  if (type === 'rsa')
    return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
      type: 'pkcs1',
      format: 'pem',
    }) as string;
  if (type === 'ec')
    return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      type: 'sec1',
      format: 'pem',
    }) as string;
  // One in some hundred that ssh2 makes is one that it can't read.
  for (;;) {
    const pem = utils.generateKeyPairSync('ed25519').private;
    if (!(utils.parseKey(pem) instanceof Error)) return pem;
  }
}

/** What the session asked of the coordinator. */
export class Coordinator implements SessionPorts {
  readonly asked: SecretUse[] = [];
  readonly told: [SecretUse, LoginResult][] = [];
  readonly offered: HostKey[] = [];
  /** What was asked and told for bastions, each with its number on the way. */
  readonly hops = {
    asked: [] as number[],
    told: [] as [number, LoginResult][],
    offered: [] as [number, HostKey][],
  };
  may = { start: true, write: true };
  paced = false;
  /** How often the first command of a sweep that may write was asked for. */
  starts = 0;
  startAnswer: () => Promise<boolean> = async () => true;
  permits: (use: SecretUse) => Promise<Permit> = async () => Permit.SEND;
  accepts: (key: HostKey) => Promise<{ accepted: boolean; known: HostKey[] }> = async () => ({
    accepted: true,
    known: [],
  });

  permit(use: SecretUse, hop = 0): Promise<Permit> {
    if (hop > 0) this.hops.asked.push(hop);
    else this.asked.push(use);
    return this.permits(use);
  }

  loggedIn(use: SecretUse, result: LoginResult, hop = 0): void {
    if (hop > 0) this.hops.told.push([hop, result]);
    else this.told.push([use, result]);
  }

  acceptHostKey(key: HostKey, hop = 0): Promise<{ accepted: boolean; known: HostKey[] }> {
    if (hop > 0) this.hops.offered.push([hop, key]);
    else this.offered.push(key);
    return this.accepts(key);
  }

  start(): Promise<boolean> {
    this.starts += 1;
    return this.startAnswer();
  }

  mayStart(): boolean {
    return this.may.start;
  }

  troubled(): void {}

  mayWrite(): boolean {
    return this.may.write;
  }
}

export interface Changes {
  device?: Partial<Device>;
  options?: Partial<SweepOptions>;
  limits?: Partial<SessionTask['limits']>;
  credential?: Partial<Credential> | null;
  hostKeys?: HostKey[];
  marks?: HostMarks;
  ports?: Coordinator;
  /** The way to it; the same `bastions` are shared. */
  jump?: Hop[];
  bastions?: Bastions;
  signal?: AbortSignal;
}

/** One attempt at the device on `port`, as a sweep would make it. */
export function attempt(port: number, changes: Changes = {}): Promise<Attempt> {
  const task: SessionTask = {
    sweep: 'sweep',
    device: Device.create({
      name: 'R1',
      host: '127.0.0.1',
      port,
      platform: 'cisco_ios',
      commands: ['show version'],
      ...changes.device,
    }),
    options: SweepOptions.create({ outputLimit: 1 << 24, ...changes.options }),
    limits: {
      connectMs: 5000,
      loginMs: 10_000,
      idleMs: 10_000,
      commandMs: 20_000,
      deviceMs: 60_000,
      ...changes.limits,
    },
    credential:
      changes.credential === null
        ? null
        : Credential.create({ username: 'admin', password: Buffer.from(PASSWORD), ...changes.credential }),
    hostKeys: changes.hostKeys ?? [],
    marks: changes.marks ?? null,
    jump: changes.jump ?? [],
  };
  const signal = changes.signal ?? new AbortController().signal;
  return runSession(task, changes.ports ?? new Coordinator(), signal, changes.bastions ?? new Bastions());
}

export function textOf(output: Output | undefined): string {
  return output ? gunzipSync(output.body).toString('utf8') : '';
}
