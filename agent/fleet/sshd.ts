// The server side of SSH, the only file of the fleet with ssh2. It says yes and no, hands out channels, and
// knows nothing of faults and command lines. One ssh2 Server for each connection: it costs 20 microseconds
// and keeps nothing behind. Writes of one turn leave as one segment.

import { sign } from 'node:crypto';
import type { Socket } from 'node:net';
import ssh2, {
  type AuthContext,
  type AuthenticationType,
  type Connection,
  type ParsedKey,
  type PublicKeyAuthContext,
  type ServerChannel,
  type Session,
} from 'ssh2';
import type { HostKey } from './hostkey.js';

/** A shell or a command of a client: bytes in, bytes out, an exit status. */
export type Channel = ServerChannel;

export interface LoginTry {
  method: 'password' | 'keyboard-interactive' | 'publickey';
  user: string;
  /** A password, or whether the client proved that it holds an authorized key. */
  proof: string | boolean;
}

export interface SshSession {
  hostKey: HostKey;
  software: string;
  banner: string;
  methods: AuthenticationType[];
  /** `ssh-ed25519 AAAA...` of the key that may log in; null: none. */
  authorizedKey: string | null;
  onClient(software: string): void;
  /** `unanswered`: the client never hears of it. */
  onLogin(login: LoginTry): 'accepted' | 'denied' | 'unanswered';
  onReady(): void;
  onShell(channel: Channel, rows: number): { resize(rows: number): void };
  onExec(channel: Channel, command: string): void;
  onError(error: Error): void;
}

const { Server, utils } = ssh2;
const MOST_TRIES = 6;

/** Speaks SSH on an accepted connection. */
export function serveSsh(socket: Socket, session: SshSession): void {
  joinWrites(socket);
  const server = new Server(
    {
      hostKeys: [{ key: prepareHostKey(session.hostKey) }],
      ident: session.software,
      algorithms: { compress: ['none'] },
      keepaliveInterval: NEVER,
      ...(session.banner === '' ? {} : { banner: session.banner }),
    },
    (connection, { header }) => {
      session.onClient(header.versions.software);
      receive(connection, session);
    },
  );
  server.injectSocket(socket);
}

const NEVER = 2 ** 31 - 1;

function receive(connection: Connection, session: SshSession): void {
  let tries = 0;
  connection.on('error', (error) => session.onError(error));
  connection.on('authentication', (context) => {
    authenticate(context, session, (accepted) => {
      if (context.method !== 'none') tries++;
      if (accepted) context.accept();
      else if (tries < MOST_TRIES) context.reject(session.methods);
      else connection.end();
    });
  });
  connection.on('ready', () => session.onReady());
  connection.on('session', (accept) => openChannel(accept(), session));
}

/** Calls `decide` at most once; a password counts as a try although the method is not on offer. */
function authenticate(context: AuthContext, session: SshSession, decide: (accepted: boolean) => void): void {
  const user = context.username;
  const judge = (login: LoginTry) => {
    const verdict = session.onLogin(login);
    if (verdict !== 'unanswered') decide(verdict === 'accepted');
  };
  if (context.method === 'password') {
    judge({ method: 'password', user, proof: context.password });
  } else if (context.method === 'keyboard-interactive' && session.methods.includes(context.method)) {
    context.prompt([{ prompt: 'Password: ', echo: false }], (answers) => {
      // An Error instead of the answers when the client turned to another method.
      const first = Array.isArray(answers) ? answers[0] : undefined;
      if (first !== undefined) judge({ method: 'keyboard-interactive', user, proof: first });
    });
  } else if (context.method === 'publickey') {
    const known = isAuthorized(context.key.data, session.authorizedKey);
    if (known && context.signature === undefined) context.accept();
    else judge({ method: 'publickey', user, proof: known && isSigned(context, session.authorizedKey) });
  } else {
    decide(false);
  }
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
  let rows = 0;
  let shell: { resize(rows: number): void } | null = null;
  requests.on('pty', (accept, _reject, info) => {
    rows = info.rows;
    accept?.();
  });
  requests.on('window-change', (accept, _reject, info) => {
    rows = info.rows;
    shell?.resize(rows);
    accept?.();
  });
  requests.on('shell', (accept) => {
    shell = session.onShell(quiet(accept()), rows);
  });
  requests.on('exec', (accept, _reject, { command }) => {
    session.onExec(quiet(accept()), command);
  });
}

/** A channel's own errors repeat what the connection reports. */
function quiet(channel: Channel): Channel {
  channel.on('error', () => {});
  return channel;
}

/** ssh2's own signature decodes the key's text anew each time, which costs ten times the signing. */
function prepareHostKey(hostKey: HostKey): ParsedKey {
  const parsed = utils.parseKey(hostKey.openssh);
  if (parsed instanceof Error) throw parsed;
  parsed.sign = (content) => sign(null, Buffer.from(content), hostKey.key);
  return parsed;
}

/** ssh2 writes each message by itself; what one turn writes leaves in one system call. */
function joinWrites(socket: Socket): void {
  socket.on('data', () => {
    if (socket.writableCorked > 0) return;
    socket.cork();
    setImmediate(() => socket.uncork());
  });
}
