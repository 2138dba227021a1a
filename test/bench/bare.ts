// Bare ssh2, what everything else is compared with: one Node process, so many sessions at once, each with the
// commands that a sweep sends, outputs counted and forgotten. node bare.js INVENTORY.csv DEVICES AT-ONCE COMMAND
import { readFileSync } from 'node:fs';
import ssh2, { type ClientChannel } from 'ssh2';
import { type Device, readDevices } from './inventory.ts';

const PROMPT = /(?:^|[\r\n])([A-Za-z0-9][\w.-]*[>#]) ?$/;
/** Longer than any prompt: only the end of what has come is looked at. */
const TAIL_BYTES = 80;

async function session(device: Device, command: string): Promise<number> {
  const client = new ssh2.Client();
  try {
    const ready = new Promise<void>((resolve, reject) => {
      client
        .once('ready', resolve)
        .on('error', reject)
        .on('close', () => reject(new Error('closed')));
    });
    client.on('connect', () => client.setNoDelay(true));
    client.connect({
      host: device.host,
      port: device.port,
      username: device.username,
      password: device.password,
      hostVerifier: (key: Buffer) => key.length > 0,
      readyTimeout: 60_000,
    });
    await ready;
    const channel = await shell(client);
    const prompt = await answer(channel, null, PROMPT);
    const again = new RegExp(`(?:^|[\\r\\n])${prompt.name.replaceAll('.', '\\.')} ?$`);
    await answer(channel, 'terminal length 0', again);
    const { bytes } = await answer(channel, command, again);
    await leave(channel);
    return bytes;
  } finally {
    client.end();
  }
}

function shell(client: ssh2.Client): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.shell({ cols: 511, rows: 1000 }, (error, channel) => (error ? reject(error) : resolve(channel)));
  });
}

/** Types a line and reads up to the prompt. */
function answer(
  channel: ClientChannel,
  line: string | null,
  prompt: RegExp,
): Promise<{ bytes: number; name: string }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let tail = '';
    const ended = () => reject(new Error(`closed after ${line}`));
    const read = (chunk: Buffer) => {
      chunks.push(chunk);
      tail = (tail + chunk.toString('latin1', Math.max(0, chunk.length - TAIL_BYTES))).slice(-TAIL_BYTES);
      const [whole, name = ''] = prompt.exec(tail) ?? [];
      if (whole === undefined) return;
      channel.off('data', read).off('close', ended);
      resolve({ bytes: Buffer.concat(chunks).length, name });
    };
    channel.on('data', read).on('close', ended);
    if (line !== null) channel.write(`${line}\r`);
  });
}

function leave(channel: ClientChannel): Promise<void> {
  return new Promise((resolve) => {
    channel.once('close', resolve);
    channel.write('exit\r');
  });
}

const [file = '', count = '0', atOnce = '0', command = ''] = process.argv.slice(2);
const devices = readDevices(readFileSync(file, 'utf8')).slice(0, Number(count)).values();
const told = { ok: 0, failed: 0, bytes: 0, error: '' };
await Promise.all(
  Array.from({ length: Number(atOnce) }, async () => {
    for (const device of devices) {
      try {
        const bytes = await session(device, command);
        told.bytes += bytes;
        told.ok += 1;
      } catch (error) {
        told.failed += 1;
        told.error = String(error);
      }
    }
  }),
);
console.log(JSON.stringify(told));
