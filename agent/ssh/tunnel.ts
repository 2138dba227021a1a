// A forwarded channel as a stream that behaves as a socket does: destroyed, it is closed at once, whether or not the
// bastion ever confirms it. ssh2's own channel waits for that, and a bastion that hangs would hang its sessions.
import { Duplex } from 'node:stream';

export function tunnel(channel: Duplex): Duplex {
  let reading = false;
  const way: Duplex = new Duplex({
    allowHalfOpen: false,
    read: () => {
      // Not before somebody reads, who may have something to say about how bytes come in.
      if (!reading) channel.on('data', take);
      reading = true;
      channel.resume();
    },
    write: (chunk: Buffer, _encoding, done) => send(channel, chunk, done),
    writev: (chunks, done) => send(channel, Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), done),
    final: (done) => {
      channel.end();
      done();
    },
    destroy: (error, done) => {
      channel.destroy();
      channel.resume(); // a channel closes only once it has been read to its end
      done(error);
    },
  });
  const take = (chunk: Buffer) => {
    if (!way.destroyed && !way.push(chunk)) channel.pause();
  };
  way.on('error', () => undefined); // whoever uses it listens too; before that nobody does
  channel.on('end', () => {
    if (!way.destroyed) way.push(null);
  });
  // What has come is read first; what was to be sent has nowhere to go.
  channel.on('close', () => {
    if (way.readableEnded) way.destroy();
    else way.once('end', () => way.destroy());
  });
  channel.on('error', (error: Error) => way.destroy(error));
  return way;
}

function send(channel: Duplex, bytes: Buffer, sent: () => void): void {
  if (channel.write(bytes)) sent();
  else channel.once('drain', sent);
}
