// Gives a fleet, which listens on loopback only, addresses of a network: what comes to 10.10.1.N, port 22, goes on to
// 127.1.0.N, and ends when that ends.
import { connect, createServer } from 'node:net';

const port = Number(process.argv[2]);
createServer({ noDelay: true }, (socket) => {
  const address = (socket.localAddress ?? '').replace(/^.*\.(\d+)$/, '127.1.0.$1');
  const device = connect({ host: address, port, noDelay: true });
  for (const [from, to] of [
    [socket, device],
    [device, socket],
  ]) {
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroySoon());
  }
}).listen({ host: '0.0.0.0', port: 22 }, () => process.stdout.write('ready\n'));
