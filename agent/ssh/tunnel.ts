// A forwarded channel as a stream that behaves as a socket does: destroyed, it is closed at once, whether or not the
// bastion ever confirms it. A bastion that hangs would hang its sessions otherwise.
import { Duplex } from 'node:stream';
import type { Channel } from './channel.js';

export function tunnel(channel: Channel): Duplex {
  const way: Duplex = new Duplex({
    allowHalfOpen: false,
    read: () => channel.resume(),
    write: (chunk: Buffer, _encoding, done) => channel.write(chunk, done),
    writev: (chunks, done) => channel.write(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), done),
    final: (done) => {
      channel.end();
      done();
    },
    destroy: (error, done) => {
      channel.close();
      done(error);
    },
  });
  way.on('error', () => undefined); // whoever uses it listens too; before that nobody does
  channel.follow({
    data: (chunk) => {
      if (way.destroyed || way.push(chunk)) return;
      channel.pause();
      // What nobody reads would be held here without end.
      if (channel.isOverrun) way.destroy(new Error('it sends more than there is room for'));
    },
    ended: () => {
      if (!way.destroyed) way.push(null);
    },
    // What has come is read first; what was to be sent has nowhere to go.
    closed: () => {
      if (way.readableEnded) way.destroy();
      else way.once('end', () => way.destroy());
    },
  });
  return way;
}
