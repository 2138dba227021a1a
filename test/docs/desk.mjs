// Command lines of netsweep, one after the other in one process that stays: a start for each would cost ten times as
// much. It holds a connection open, so that all of them find the same coordinator. Node 20 runs no TypeScript.
import { Readable } from 'node:stream';

const dist = new URL('../../dist/coordinator/', import.meta.url);
const { Netsweep } = await import(new URL('client/netsweep.js', dist).href);
const { buildProgram } = await import(new URL('cli/program.js', dist).href);
const { wordsOf } = await import(new URL('cli/words.js', dist).href);
const { endOf } = await import(new URL('cli/end.js', dist).href);

const netsweep = await Netsweep.open();
const printed = { stdout: '', stderr: '' };
for (const name of ['stdout', 'stderr'])
  process[name].write = (text, ...rest) => {
    printed[name] += typeof text === 'string' ? text : Buffer.from(text).toString();
    rest.find((one) => typeof one === 'function')?.();
    return true;
  };

for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0); // each command adds its own

let turn = Promise.resolve();
process.on('message', (asked) => {
  turn = turn.then(() => answer(asked));
});
process.on('disconnect', async () => {
  await netsweep.close();
  process.exit();
});
process.send({ ready: true });

async function answer({ words, cwd, env, input }) {
  Object.assign(printed, { stdout: '', stderr: '' });
  process.chdir(cwd);
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  Object.defineProperty(process, 'stdin', { value: Readable.from([input]), configurable: true });
  const stop = new AbortController().signal;
  let code = 0;
  const program = buildProgram({ stop, done: (ended) => (code = ended) });
  await program.parseAsync(wordsOf(['node', 'netsweep', ...words])).catch((error) => {
    const end = endOf(error, stop);
    code = end.code;
    if (end.message !== '') printed.stderr += `${end.message}\n`;
  });
  process.send({ ...printed, status: code });
}
