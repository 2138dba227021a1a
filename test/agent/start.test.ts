// Leave to begin, in sweeps that may write: asked for at the prompt, and nothing of the user's is sent without it.
import { expect, test } from 'vitest';
import { Kind, Stage, Status } from '../../proto/gen/netsweep/v1/model.js';
import { until } from '../process.js';
import { attempt, Coordinator, ios, ScriptedDevice } from './device.js';

const WRITES = { options: { allowWrites: true }, device: { commands: ['reload'] } };

function gate() {
  let open: (granted: boolean) => void = () => undefined;
  const answer = new Promise<boolean>((resolve) => {
    open = resolve;
  });
  const ports = new Coordinator();
  ports.startAnswer = () => answer;
  return { ports, open: (granted: boolean) => open(granted) };
}

test('the first command waits at the prompt for leave, however long that takes, and is asked for once', async () => {
  const { ports, open } = gate();
  const commands = ['reload', 'write memory'];
  await using device = await ScriptedDevice.start({
    shell: ios(Object.fromEntries(commands.map((command) => [command, 'done\r\n']))),
  });
  const limits = { idleMs: 2_500, deviceMs: 3_000 };
  const attempted = attempt(device.port, { ports, limits, ...WRITES, device: { commands } });
  await until('leave is asked for', () => ports.starts === 1);
  expect(device.seen.lines).toEqual(['terminal length 0']);
  const askedAt = performance.now();
  await until('both limits would be over', () => performance.now() - askedAt > 3_200);
  open(true);
  expect(await attempted).toMatchObject({ status: Status.OK });
  expect(device.seen.lines).toEqual(['terminal length 0', ...commands, 'exit']);
  expect(ports.starts).toBe(1);
});

test('without leave no command is sent', async () => {
  const { ports, open } = gate();
  open(false);
  await using device = await ScriptedDevice.start({ shell: ios({ reload: 'done\r\n' }) });
  const got = await attempt(device.port, { ports, ...WRITES });
  expect(got).toMatchObject({
    status: Status.FAILED,
    failure: { kind: Kind.DISCONNECTED, stage: Stage.COMMAND },
    outputs: [],
  });
  expect(device.seen.lines).not.toContain('reload');
});

test('a shell asks before its first channel, and not again on the command line that stands in for it', async () => {
  const ports = new Coordinator();
  await using device = await ScriptedDevice.start({
    shell: async (line) => {
      line.write('netops@r1:~$ ');
      for (let typed = await line.read(); typed !== null; typed = await line.read()) {
        if (typed === 'exit') return line.close();
        line.write(`${typed}\r\ndone\r\nnetops@r1:~$ `);
      }
    },
  });
  const linux = { commands: ['reboot'], platform: 'linux' };
  const got = await attempt(device.port, { ports, ...WRITES, device: linux });
  expect(ports.starts).toBe(1);
  expect(got).toMatchObject({ status: Status.OK, outputs: [{ command: 'reboot' }] });
});

test('a sweep that only reads asks for nothing', async () => {
  const ports = new Coordinator();
  await using device = await ScriptedDevice.start({ shell: ios({ 'show version': 'Cisco\r\n' }) });
  expect(await attempt(device.port, { ports })).toMatchObject({ status: Status.OK });
  expect(ports.starts).toBe(0);
});
