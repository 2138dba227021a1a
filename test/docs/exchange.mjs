// On the examples' machine: what connects to an address there is led to a device of the fleet, or to a socket of the
// test, which is outside. Where nothing is led, a connection is refused. Node 20 runs no TypeScript.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** By address and port. */
const leads = new Map();

process.on('disconnect', () => process.exit());
process.on('message', async ({ address, port, to }) => {
  const place = `${address} ${port}`;
  const isOpen = leads.has(place);
  leads.set(place, to);
  const error = isOpen ? null : await open(address, port, place).then(() => null, String);
  process.send({ error });
});
process.send({ error: null });

async function open(address, port, place) {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ ...leads.get(place), noDelay: true, allowHalfOpen: true });
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  await once(server.listen(port, address), 'listening');
}
