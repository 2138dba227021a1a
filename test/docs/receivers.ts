// Who the pages' notices go to: a chat's webhook and a mail server, with certificates that programs of the examples
// believe in. They are outside of the machine, behind sockets.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Certificates, makeCertificates } from '../certificates.ts';
import { Smtp } from '../smtp.ts';
import { type Exchange, socketOf } from './exchange.ts';

const CHAT = 'hooks.example.net';
const MAIL = 'mail.example.net';

export class Receivers implements AsyncDisposable {
  private constructor(
    /** Those that notices have come to, by what the pages call them. */
    private readonly told: Set<string>,
    private readonly mail: Smtp,
    private readonly certificates: Certificates,
    private readonly owned: AsyncDisposable[],
  ) {}

  static async open(exchange: Exchange, folder: string): Promise<Receivers> {
    const certificates = await makeCertificates();
    const leaf = await certificates.leaf('receivers', [CHAT, MAIL]);
    const [cert, key] = await Promise.all([readFile(leaf.cert), readFile(leaf.key)]);
    const told = new Set<string>();
    const chat = createServer({ cert, key }, (request, response) => {
      told.add('chat');
      request.resume().on('end', () => response.end());
    });
    await once(chat.listen(0, '127.0.0.1'), 'listening');
    const mail = await Smtp.open({ leaf, secure: false });
    const places = [
      { name: CHAT, port: 443, at: (chat.address() as AddressInfo).port }, // on TCP, so it is no path
      { name: MAIL, port: 587, at: Number(new URL(mail.url).port) },
    ];
    const owned: AsyncDisposable[] = [];
    for (const { name, port, at } of places) {
      const socket = await socketOf(at, folder);
      owned.push(socket);
      await exchange.lead(name, port, socket);
    }
    const closed = {
      async [Symbol.asyncDispose]() {
        chat.closeAllConnections();
        chat.close();
      },
    };
    return new Receivers(told, mail, certificates, [...owned, closed, mail, certificates]);
  }

  /** Whether a notice has come to it since this was asked last. */
  take(name: string): boolean {
    if (this.mail.mails.splice(0).length > 0) this.told.add('ops');
    return this.told.delete(name);
  }

  /** Of who has signed their certificates. */
  get ca(): string {
    return this.certificates.ca;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.owned) await one[Symbol.asyncDispose]();
  }
}
