#!/usr/bin/env node
// Stands in for OpenSSH's client: ssh [options] root@HOST COMMAND. Whoever made the hosts carries the command there.
import { connect } from 'node:net';

const [to = '', ...command] = process.argv
  .slice(2)
  .filter((word, at, all) => word !== '-o' && all[at - 1] !== '-o');
const socket = connect('/run/ssh.sock');
socket.write(`${JSON.stringify({ host: to.replace(/^root@/, ''), command: command.join(' ') })}\n`);
process.stdin.pipe(socket);

let heard = '';
socket.setEncoding('utf8').on('data', (text) => {
  heard += text;
  const lines = heard.split('\n');
  heard = lines.pop() ?? '';
  for (const { out, err, status } of lines.map((line) => JSON.parse(line))) {
    if (out !== undefined) process.stdout.write(Buffer.from(out, 'base64'));
    if (err !== undefined) process.stderr.write(Buffer.from(err, 'base64'));
    if (status === undefined) continue;
    process.stdin.unref();
    process.exitCode = status;
    socket.destroy();
  }
});
