// The server side of SSH, the only file of the fleet with ssh2. It says yes and no, hands out channels, and
// knows nothing of command lines; what is odd about its SSH it is told. Connections that begin alike share an ssh2
// Server and get their device's host key afterwards. Writes of one turn leave as one segment.

import { sign } from 'node:crypto';
import type { Socket } from 'node:net';
import ssh2, {
  type Algorithms,
  type AuthContext,
  type AuthenticationType,
  type Connection,
  type KeyboardAuthContext,
  type PublicKeyAuthContext,
  type ServerChannel,
  type Session,
  type Server as SshServer,
} from 'ssh2';
import type { HostKey } from './hostkey.js';
import { type Exchanging, sharePairs } from './keyexchange.js';
import { disconnectMessage, type Under } from './noise.js';
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
interface Inside extends Exchanging {
  _identRaw: Buffer;
  _kexinit: unknown;
  _hostKeys: Record<string, { type: string; getPublicSSH(): Buffer; sign(content: Buffer): Buffer }>;
  _cipher: Cipher;
  serviceAccept(name: string): void;
  channelOpenConfirm(remote: number, local: number, window: number, packet: number): void;
}

interface Cipher {
  allocPacket(length: number): Buffer;
  encrypt(packet: Buffer): void;
}

/** Speaks SSH on an accepted connection. */
export function serveSsh(socket: Socket, session: SshSession): void {
  joinWrites(socket);
  if (session.oddity.oldIdent) sayOldIdent(socket);
  SESSIONS.set(socket, session);
  serverFor(session).injectSocket(socket);
}

/** Which session a connection of ssh2 belongs to. */
const SESSIONS = new WeakMap<Socket, SshSession>();
const SERVERS = new Map<string, SshServer>();
/** An ssh2 Server wants a host key before it knows whose; this one is never shown. */
const PLACEHOLDER = readableKey(() => utils.generateKeyPairSync('ed25519').private);

/** Of 256 keys ssh2 writes one, whose public half begins with a zero, in a way that it can't read. */
export function readableKey(make: () => string): string {
  for (;;) {
    const key = make();
    if (!(utils.parseKey(key) instanceof Error)) return key;
  }
}

/** What ssh2 makes of its options costs as much as a key exchange, so connections share it. */
function serverFor({ oddity, software, banner }: SshSession): SshServer {
  const algorithms = oddity.algorithms ?? 'usual';
  const name = `${algorithms} ${software} ${banner}`;
  let server = SERVERS.get(name);
  if (server === undefined) {
    server = new Server({
      hostKeys: [PLACEHOLDER],
      ident: software,
      algorithms: ALGORITHMS[algorithms],
      keepaliveInterval: NEVER,
      ...(banner === '' ? {} : { banner }),
    });
    server.on('connection', (connection, { header }) => {
      const session = SESSIONS.get(socketOf(connection));
      if (session === undefined) throw new Error('a connection of nobody');
      session.onClient(header.versions.software);
      receive(connection, session);
    });
    SERVERS.set(name, server);
  }
  return server;
}

function receive(connection: Connection, session: SshSession): void {
  let tries = 0;
  const inside = insideOf(connection);
  const under = underneath(connection);
  inside._hostKeys = { 'ssh-ed25519': presentHostKey(session.hostKey, session.oddity.falseProof) };
  sharePairs(inside);
  connection.on('handshake', () => padWithZeros(inside._cipher));
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

function socketOf(connection: Connection): Socket {
  return (connection as unknown as { _sock: Socket })._sock; // no part of its types
}

function presentHostKey({ blob, key }: HostKey, signer?: HostKey): Inside['_hostKeys'][string] {
  return {
    type: 'ssh-ed25519',
    getPublicSSH: () => blob,
    sign: (content) => sign(null, content, signer?.key ?? key),
  };
}

/** ssh2 draws random padding for each packet, which costs more than encrypting it; only its length has to be right. */
function padWithZeros(cipher: Cipher): void {
  if (cipher.constructor.name !== 'AESGCMCipherBinding') return;
  cipher.allocPacket = (length) => {
    const padding = BLOCK + MIN_PADDING - 1 - ((length + MIN_PADDING) % BLOCK);
    const inner = 1 + length + padding;
    const packet = Buffer.allocUnsafe(4 + inner + TAG);
    packet.writeUInt32BE(inner);
    packet[4] = padding;
    return packet.fill(0, 5 + length, 4 + inner);
  };
}

const BLOCK = 16;
const MIN_PADDING = 4;
const TAG = 16;

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
