// The server side of SSH, the only file of the fleet with ssh2. It says yes and no, hands out channels, and
// knows nothing of command lines; what is odd about its SSH it is told. One ssh2 Server for each connection: it
// costs 20 microseconds and keeps nothing behind. Writes of one turn leave as one segment.

import { sign } from 'node:crypto';
import type { Socket } from 'node:net';
import ssh2, {
  type Algorithms,
  type AuthContext,
  type AuthenticationType,
  type Connection,
  type KeyboardAuthContext,
  type ParsedKey,
  type PublicKeyAuthContext,
  type ServerChannel,
  type Session,
} from 'ssh2';
import type { HostKey } from './hostkey.js';
import { disconnectMessage } from './noise.js';
import type { Oddity } from './oddity.js';

/** A shell or a command of a client: bytes in, bytes out, an exit status. */
export type Channel = ServerChannel;

export interface LoginTry {
  method: 'password' | 'keyboard-interactive' | 'publickey';
  user: string;
  /** A password, or whether the client proved that it holds an authorized key. */
  proof: string | boolean;
}

/** `unanswered`: the client never hears of it; `partial`: it wants more; `banned`: it is thrown out for it. */
export type Verdict = 'accepted' | 'denied' | 'unanswered' | 'partial' | 'expired' | 'banned';

export interface SshSession {
  hostKey: HostKey;
  software: string;
  banner: string;
  oddity: Oddity;
  methods: AuthenticationType[];
  /** `ssh-ed25519 AAAA...` of the key that may log in; null: none. */
  authorizedKey: string | null;
  onClient(software: string): void;
  /** The login service is open. */
  onSecured(under: Under): void;
  onLogin(login: LoginTry): Verdict;
  onReady(under: Under): void;
  onShell(channel: Channel, rows: number): { resize(rows: number): void };
  onExec(channel: Channel, command: string): void;
  onError(error: Error): void;
}

/** The SSH connection under the channels, for those who disturb it. */
export interface Under {
  /** Sends one message; not while keys are exchanged. */
  send(payload: Buffer): void;
  /** Exchanges keys again. */
  rekey(then: () => void): void;
}

const { Server, utils } = ssh2;
const MOST_TRIES = 6;
const NEVER = 2 ** 31 - 1;
const TOO_MANY_FAILURES = 'Too many authentication failures';

const ALGORITHMS: Record<'usual' | 'weak' | 'compressed', Algorithms> = {
  usual: { compress: ['none'] },
  weak: {
    kex: ['diffie-hellman-group1-sha1'],
    cipher: ['aes128-cbc', '3des-cbc'],
    hmac: ['hmac-sha1'],
    compress: ['none'],
  },
  compressed: { compress: ['zlib@openssh.com'] },
};

/** The parts of ssh2's server side that have no public face; ssh2's version is pinned. */
interface Inside {
  _identRaw: Buffer;
  _kexinit: unknown;
  _cipher: { allocPacket(length: number): Buffer; encrypt(packet: Buffer): void };
  serviceAccept(name: string): void;
  channelOpenConfirm(remote: number, local: number, window: number, packet: number): void;
}

/** Speaks SSH on an accepted connection. */
export function serveSsh(socket: Socket, session: SshSession): void {
  const { oddity, software, banner } = session;
  joinWrites(socket);
  if (oddity.oldIdent) sayOldIdent(socket);
  const server = new Server(
    {
      hostKeys: [{ key: prepareHostKey(session.hostKey, oddity.falseProof ?? session.hostKey) }],
      ident: software,
      algorithms: ALGORITHMS[oddity.algorithms ?? 'usual'],
      keepaliveInterval: NEVER,
      ...(banner === '' ? {} : { banner }),
    },
    (connection, { header }) => {
      session.onClient(header.versions.software);
      receive(connection, session);
    },
  );
  server.injectSocket(socket);
}

function receive(connection: Connection, session: SshSession): void {
  let tries = 0;
  const inside = insideOf(connection);
  const under = underneath(connection);
  distort(inside, session);
  connection.on('error', (error) => session.onError(error));
  connection.on('authentication', (context) => {
    if (context.method === 'none') session.onSecured(under);
    authenticate(context, session, (verdict) => {
      if (context.method !== 'none') tries++;
      if (verdict === 'accepted') context.accept();
      else if (verdict === 'expired' && context.method === 'password')
        context.requestChange('Your password has expired. New password: ', () => context.reject());
      else if (verdict === 'banned') under.send(disconnectMessage(2, TOO_MANY_FAILURES));
      else if (verdict === 'partial') context.reject(['keyboard-interactive', 'password'], true);
      else if (tries < MOST_TRIES) context.reject(session.methods);
      else connection.end();
    });
  });
  connection.on('ready', () => session.onReady(under));
  connection.on('session', (accept, reject) => {
    const { channel, channelAfterMs = 0 } = session.oddity;
    if (channel === 'refused') reject();
    else if (channelAfterMs > 0) setTimeout(() => openChannel(accept(), session), channelAfterMs);
    else if (channel === undefined) openChannel(accept(), session);
  });
}

/** `decide` is called at most once; a password counts as a try although the method is not on offer. */
function authenticate(context: AuthContext, session: SshSession, decide: (verdict: Verdict) => void): void {
  const user = context.username;
  const { rounds = [['Password: ']], loginAfterMs = 0 } = session.oddity;
  const judge = (login: LoginTry) => {
    const verdict = session.onLogin(login);
    if (verdict === 'unanswered') return;
    if (loginAfterMs > 0) setTimeout(decide, loginAfterMs, verdict);
    else decide(verdict);
  };
  if (context.method === 'password') {
    judge({ method: 'password', user, proof: context.password });
  } else if (context.method === 'keyboard-interactive' && session.methods.includes(context.method)) {
    askRounds(context, rounds, (first) => judge({ method: 'keyboard-interactive', user, proof: first }));
  } else if (context.method === 'publickey') {
    const known = isAuthorized(context.key.data, session.authorizedKey);
    if (known && context.signature === undefined) context.accept();
    else judge({ method: 'publickey', user, proof: known && isSigned(context, session.authorizedKey) });
  } else {
    decide('denied');
  }
}

/** Asks one round after the other; `then` gets the first answer of all. */
function askRounds(context: KeyboardAuthContext, rounds: string[][], then: (first: string) => void): void {
  const ask = ([questions, ...left]: string[][], given: string[]): void => {
    if (questions === undefined) return then(given[0] ?? '');
    const prompts = questions.map((prompt) => ({ prompt, echo: false }));
    context.prompt(prompts, (answers) => {
      // An Error instead of the answers when the client turned to another method.
      if (Array.isArray(answers)) ask(left, [...given, ...answers]);
    });
  };
  ask(rounds, []);
}

/** The key of a client, in OpenSSH's one-line format. Null: not a key. */
export function readPublicKey(text: string): string | null {
  const key = utils.parseKey(text.trim());
  if (key instanceof Error || key.isPrivateKey()) return null;
  return `${key.type} ${key.getPublicSSH().toString('base64')}`;
}

function isAuthorized(offered: Buffer, authorizedKey: string | null): boolean {
  const [, blob = ''] = authorizedKey?.split(' ') ?? [];
  return blob !== '' && offered.equals(Buffer.from(blob, 'base64'));
}

function isSigned(context: PublicKeyAuthContext, authorizedKey: string | null): boolean {
  if (context.signature === undefined || context.blob === undefined) return false;
  const key = utils.parseKey(authorizedKey ?? '');
  // A malformed signature makes verify() give an Error, whatever its type says.
  return !(key instanceof Error) && key.verify(context.blob, context.signature, context.hashAlgo) === true;
}

function openChannel(requests: Session, session: SshSession): void {
  const { refuses } = session.oddity;
  let rows = 0;
  let shell: { resize(rows: number): void } | null = null;
  requests.on('pty', (accept, reject, info) => {
    rows = info.rows;
    if (refuses === 'pty') reject?.();
    else accept?.();
  });
  requests.on('window-change', (accept, _reject, info) => {
    rows = info.rows;
    shell?.resize(rows);
    accept?.();
  });
  requests.on('shell', (accept, reject) => {
    if (refuses === 'shell') reject?.();
    else shell = session.onShell(quiet(accept()), rows);
  });
  requests.on('exec', (accept, reject, { command }) => {
    if (refuses === 'exec') reject?.();
    else session.onExec(quiet(accept()), command);
  });
}

/** A channel's own errors repeat what the connection reports. */
function quiet(channel: Channel): Channel {
  channel.on('error', () => {});
  return channel;
}

/** From now on the channel sends whether the client has room or not. */
export function ignoreWindow(channel: Channel): void {
  const { outgoing } = channel as unknown as { outgoing: { window: number } }; // no part of its types
  outgoing.window = Number.POSITIVE_INFINITY;
}

function underneath(connection: Connection): Under {
  const inside = insideOf(connection);
  return {
    send(payload) {
      if (inside._kexinit !== undefined) return;
      const packet = inside._cipher.allocPacket(payload.length);
      packet.set(payload, 5);
      inside._cipher.encrypt(packet);
    },
    rekey: (then) => connection.rekey(then),
  };
}

function distort(inside: Inside, { oddity, software }: SshSession): void {
  const { window } = oddity;
  if (oddity.oldIdent) inside._identRaw = Buffer.from(`SSH-1.99-${software}`);
  if (oddity.noService) inside.serviceAccept = () => {};
  if (window === undefined) return;
  const confirm = inside.channelOpenConfirm;
  inside.channelOpenConfirm = (remote, local, _window, packet) =>
    confirm.call(inside, remote, local, window, packet);
}

function insideOf(connection: Connection): Inside {
  return (connection as unknown as { _protocol: Inside })._protocol; // see Inside
}

/** ssh2's own signature decodes the key's text anew each time, which costs ten times the signing. */
function prepareHostKey(hostKey: HostKey, signer: HostKey): ParsedKey {
  const parsed = utils.parseKey(hostKey.openssh);
  if (parsed instanceof Error) throw parsed;
  parsed.sign = (content) => sign(null, Buffer.from(content), signer.key);
  return parsed;
}

/** ssh2 always says 2.0. */
function sayOldIdent(socket: Socket): void {
  const write = socket.write;
  socket.write = ((bytes: Buffer, ...rest: []) => {
    socket.write = write;
    return socket.write(
      Buffer.from(bytes.toString('latin1').replace('SSH-2.0-', 'SSH-1.99-'), 'latin1'),
      ...rest,
    );
  }) as Socket['write'];
}

/** ssh2 writes each message by itself; what one turn writes leaves in one system call. */
function joinWrites(socket: Socket): void {
  socket.on('data', () => {
    if (socket.writableCorked > 0) return;
    socket.cork();
    setImmediate(() => socket.uncork());
  });
}
