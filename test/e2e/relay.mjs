// A relay to the rehearsal fleet, which is on loopback alone: whoever connects to 10.66.b.c is passed on to 127.1.b.c.
import { connect, createServer } from 'node:net';

const [fleetPort, port] = process.argv.slice(2).map(Number);

// Whoever has started it has gone.
process.stdin.on('end', () => process.exit()).resume();

createServer({ noDelay: true }, (near) => {
  const host = near.localAddress.replace(/^10\.66\./, '127.1.');
  const far = connect({ host, port: fleetPort, noDelay: true });
  near.pipe(far).pipe(near);
  near.on('error', () => far.destroy());
  far.on('error', () => near.destroy());
}).listen(port, '0.0.0.0', () => process.stdout.write('ready\n'));
