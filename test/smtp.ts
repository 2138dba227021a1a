// A mail server for tests: over TLS from the start or by STARTTLS, with a login, or in clear. It takes everything, and
// remembers what was said to it before and after the encryption.
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Leaf } from './certificates.ts';

export interface SmtpOptions {
  /** Null: it knows no TLS. */
  leaf: Leaf | null;
  /** TLS from the start. */
  secure: boolean;
}

export class Smtp implements AsyncDisposable {
  readonly said: { line: string; isEncrypted: boolean }[] = [];
  readonly mails: string[] = [];
  readonly logins: { user: string; password: string }[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(private readonly options: SmtpOptions) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      if (options.secure) this.#talk(this.#encrypted(socket), true);
      else this.#talk(socket, false);
    });
  }

  static async open(options: SmtpOptions): Promise<Smtp> {
    const smtp = new Smtp(options);
    await new Promise<void>((resolve) => smtp.#server.listen(0, '127.0.0.1', resolve));
    return smtp;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo; // listening on TCP, so it is not a path
    return `${this.options.secure ? 'smtps' : 'smtp'}://127.0.0.1:${port}`;
  }

  #encrypted(socket: Socket): TLSSocket {
    const { leaf } = this.options;
    if (leaf === null) throw new Error('it has no certificate');
    const secureContext = createSecureContext({ cert: readFileSync(leaf.cert), key: readFileSync(leaf.key) });
    const encrypted = new TLSSocket(socket, { isServer: true, secureContext });
    encrypted.on('error', () => undefined);
    return encrypted;
  }

  #talk(socket: Socket, isEncrypted: boolean, isGreeted = false): void {
    if (!isGreeted) socket.write('220 here\r\n');
    let text = '';
    let mail: string | null = null;
    const take = (data: Buffer) => {
      text += data.toString();
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        if (mail !== null && line !== '.') {
          mail += `${line}\n`;
          continue;
        }
        if (mail !== null) {
          this.mails.push(mail);
          mail = null;
          socket.write('250 taken\r\n');
          continue;
        }
        this.said.push({ line, isEncrypted });
        if (line === 'STARTTLS' && !isEncrypted && this.options.leaf !== null) {
          socket.write('220 go on\r\n');
          socket.off('data', take);
          this.#talk(this.#encrypted(socket), true, true);
          return;
        }
        if (line === 'DATA') mail = '';
        socket.write(this.#answer(line, isEncrypted));
      }
    };
    socket.on('data', take);
  }

  #answer(line: string, isEncrypted: boolean): string {
    const [verb = '', kind = '', secret = ''] = line.split(' ');
    switch (verb) {
      case 'EHLO': {
        const offered = !isEncrypted && this.options.leaf !== null ? ['250-STARTTLS'] : [];
        return ['250-here', ...offered, '250 AUTH PLAIN', ''].join('\r\n');
      }
      case 'AUTH': {
        const [, user = '', password = ''] = Buffer.from(secret, 'base64').toString().split('\0');
        this.logins.push({ user, password });
        return kind === 'PLAIN' ? '235 welcome\r\n' : '504 unknown\r\n';
      }
      case 'STARTTLS':
        return '502 no such thing\r\n';
      case 'DATA':
        return '354 go on\r\n';
      case 'QUIT':
        return '221 bye\r\n';
      default:
        return '250 fine\r\n';
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
