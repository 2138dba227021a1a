// On a machine: answers with its name whoever connects, or tries addresses and tells who was reached there.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const [what, ...words] = process.argv.slice(2);
/** Whoever is not let through is told so at once; this is for what nobody answers. */
const SILENT_MS = 3_000;

function reach(target) {
  const [host, port] = target.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: SILENT_MS });
    const end = (reached) => {
      socket.destroy();
      resolve([target, reached]);
    };
    socket.on('error', () => end(null));
    socket.on('timeout', () => end(null));
    socket.on('connect', () => port !== '9999' && end('open'));
    socket.on('data', (name) => end(name.toString()));
  });
}

if (what === 'answer') {
  const [name, ...ports] = words;
  process.stdin.resume().on('end', () => process.exit());
  for (const port of ports) {
    const server = createServer((socket) => socket.on('error', () => undefined).end(name)).listen(
      Number(port),
    );
    await once(server, 'listening');
  }
  process.stdout.write('ready\n');
} else {
  const reached = await Promise.all(words.map(reach));
  process.stdout.write(JSON.stringify(Object.fromEntries(reached)));
}
