// A platform file from one live session: of a device that no platform fits, of one that is nearly a known one, and
// of devices that there is nothing to learn from. What is learnt must serve: a session by it gives whole outputs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { errorPattern, movingPattern, promptPattern } from '../../agent/session/draft.ts';
import { Proof, Purpose, Status } from '../../proto/gen/netsweep/v1/model.js';
import { AUTO, type Platform, Platforms } from '../../proto/platform.ts';
import { attempt, ios, type Line, ScriptedDevice, textOf } from './device.ts';

const scratch = mkdtempSync(join(tmpdir(), 'netsweep-learn-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const LEARN = { device: { platform: AUTO, commands: [] }, options: { purpose: Purpose.LEARN } };
const CONFIGURATION = Array.from({ length: 60 }, (_, number) => `set port ${number} up`);

/** What a user would have, with the file in the directory of their own. */
function saved(text: string): Platform {
  const directory = mkdtempSync(join(scratch, 'own-'));
  writeFileSync(join(directory, 'zog.yaml'), text);
  const platform = new Platforms([directory]).get('zog');
  if (platform === undefined) throw new Error('it is not among the platforms');
  return platform;
}

/** A session on the device by the platform that was learnt. */
function sessionBy(platform: Platform, port: number, commands: string[]) {
  return attempt(port, {
    device: { platform: 'zog', commands },
    options: { platforms: [{ name: 'zog', json: JSON.stringify(platform) }] },
  });
}

/** A command line of nobody's: a counting prompt below a line of its own, pages, words of its own for errors. */
async function zog(line: Line): Promise<void> {
  let count = 0;
  let paging = true;
  const prompt = () => line.write(`\r\n{unit:0}\r\nzog.${++count} [lab]> `);
  line.write('Welcome to Zog\r\n');
  prompt();
  for (;;) {
    const typed = await line.read();
    if (typed === null || typed === 'quit') return line.close();
    line.write(`${typed}\r\n`);
    if (typed === 'terminal datadump') paging = false;
    else if (typed === 'show configuration') await pages(line, paging);
    else if (typed !== '') line.write(`?? no such word: ${typed}\r\n`);
    prompt();
  }
}

async function pages(line: Line, paging: boolean): Promise<void> {
  for (const [number, text] of CONFIGURATION.entries()) {
    if (paging && number > 0 && number % 20 === 0) {
      line.write(`-- more (${number}) --`);
      if ((await line.key()) === 'q') return line.write(`\r${' '.repeat(20)}\r`);
      line.write(`\r${' '.repeat(20)}\r`);
    }
    line.write(`${text}\r\n`);
  }
}

describe('a device that no platform fits', () => {
  test('is described in full by reading and settings of the session, and a session by that gives whole outputs', async () => {
    await using device = await ScriptedDevice.start({ shell: zog });
    const { status, failure, outputs, platform } = await attempt(device.port, LEARN);
    expect({ status, failure, platform }).toEqual({ status: Status.OK, failure: undefined, platform: '' });
    const learning = [...device.seen.lines];
    const text = textOf(outputs[0]);
    expect(text).toContain('No known platform fits');
    const learnt = saved(text);
    expect(learnt).toMatchObject({
      mode: 'shell',
      default_commands: ['show configuration'],
      setup: ['terminal datadump'],
      pager: [{ text: '-- more \\(\\d+\\) --', key: ' ' }],
      errors: ['^ *\\?\\? no such word:'],
      exit: 'quit',
      above: '^\\{unit:\\d+\\} *$',
    });
    expect(text).toContain('# paging was on before and off after these');
    expect('zog.8 [core]> ').toMatch(new RegExp(learnt.prompt));
    expect('set port 8 up').not.toMatch(new RegExp(learnt.prompt));

    const swept = await sessionBy(learnt, device.port, ['show configuration', 'show nonsense']);
    expect(swept.outputs.map(({ proof }) => proof)).toEqual([Proof.COMPLETE, Proof.COMPLETE]);
    expect(textOf(swept.outputs[0]).trimEnd().split('\n')).toEqual(CONFIGURATION);
    expect(swept.failure?.message).toBe('"show nonsense": ?? no such word: show nonsense');
    expect(learning.filter((line) => !/^(show|display) /.test(line))).toEqual(
      learning.filter((line) =>
        /^(netsweep-learn|exit|quit|(terminal|screen-length|set cli) .+|)$/.test(line),
      ),
    );
  });
});

describe('a device that is nearly a known one', () => {
  test('is described by what differs', async () => {
    const answers = {
      'show version': 'Cisco IOS Software, C2960 Software, Version 15.0(2)SE11\r\n',
      'show running-config': 'hostname R1\r\n!\r\nend\r\n',
    };
    await using device = await ScriptedDevice.start({ shell: ios(answers) });
    const { outputs, platform } = await attempt(device.port, LEARN);
    expect(platform).toBe('cisco_ios');
    const text = textOf(outputs[0]);
    expect(text.split('\n').filter((line) => !line.startsWith('#'))).toEqual([
      'title: Learnt from R1',
      'extends: cisco_ios',
      '',
    ]);
    const swept = await sessionBy(saved(text), device.port, ['show version', 'show running-config']);
    expect(swept).toMatchObject({ status: Status.OK });
  });

  test('builds on the platform that is named', async () => {
    await using device = await ScriptedDevice.start({ shell: zog });
    const { outputs } = await attempt(device.port, {
      ...LEARN,
      device: { platform: 'generic', commands: [] },
    });
    expect(saved(textOf(outputs[0])).reads).toEqual(new Platforms().get('generic')?.reads);
    expect(textOf(outputs[0])).toContain('extends: generic');
  });
});

describe('nothing can be learnt', () => {
  test('from a device that never prompts', async () => {
    await using device = await ScriptedDevice.start({ shell: async (line) => line.write('one moment...') });
    const { status, failure } = await attempt(device.port, { ...LEARN, limits: { idleMs: 1500 } });
    expect(status).toBe(Status.FAILED);
    expect(failure?.message).toBe('an empty line does not bring a prompt again; the last line is ""');
  });

  test('from one that goes silent in the middle', async () => {
    const shell = async (line: Line) => {
      line.write('zog> ');
      for (let typed = await line.read(); typed === ''; typed = await line.read()) line.write('\r\nzog> ');
      line.write('...');
    };
    await using device = await ScriptedDevice.start({ shell });
    const { failure } = await attempt(device.port, { ...LEARN, limits: { idleMs: 1500 } });
    expect(failure?.message).toBe('nothing came for 1500 ms; the last line is "..."');
  });

  test('from one that hangs up', async () => {
    const shell = async (line: Line) => {
      line.write('zog> ');
      await line.read();
      line.drop();
    };
    await using device = await ScriptedDevice.start({ shell });
    const { status, failure, outputs } = await attempt(device.port, LEARN);
    expect({ status, outputs }).toEqual({ status: Status.FAILED, outputs: [] });
    expect(failure?.message).toContain('the device closed');
  });
});

describe('patterns from single sights', () => {
  test.each([
    ['R1#', 'R1#', ['switch-2.site_1#', 'R1>', 'R1(config)# '], ['% Bad', 'R1', 'set a#b #']],
    ['edge-1# ', 'edge-1# ', ['core> '], ['']],
    ['<HUAWEI>', '<HUAWEI>', ['<core-1>'], ['[HUAWEI]', 'HUAWEI>']],
    ['[admin@MikroTik] > ', '[admin@MikroTik] > ', ['[ops@core] > '], ['admin@MikroTik > ']],
    ['admin@web:~$ ', 'admin@web:~$ ', ['ops@db:~$ '], ['admin@web:~# ']],
    ['* X440-1.3 # ', '* X440-1.3 # ', ['* X440-1.14 # '], ['X440-1.3 #x']],
  ])('of the prompt %j', (prompt, itself, likewise, not) => {
    const pattern = new RegExp(promptPattern(prompt));
    for (const line of [itself, ...likewise]) expect(line).toMatch(pattern);
    for (const line of not) expect(line).not.toMatch(pattern);
  });

  test.each([
    [['R1#', 'R1#', 'R1#'], null],
    [['X.3 # ', 'X.4 # ', 'X.5 # '], '(?<=\\.)\\d+(?= )'],
    [['10:01 R1>', '10:02 R1>'], '(?<=:)\\d+(?= )'],
    [['R9', 'R10'], '(?<=R)\\d+$'],
    [['R1 ready>', 'R1 busy>'], null],
  ])('of what moves in %j', (prompts, expected) => {
    expect(movingPattern(prompts)).toBe(expected);
  });

  test.each([
    ["% Invalid input detected at '^' marker.", '^ *% Invalid input detected at'],
    ['% Unknown command: netsweep-learn', '^ *% Unknown command:'],
    ["Error: Unrecognized command found at '^' position.", '^ *Error: Unrecognized command found at'],
    ['-bash: netsweep-learn: command not found', '^ *-bash:'],
    ['netsweep-learn: what?', '^ *.*netsweep-learn'],
  ])('of the refusal %j', (line, expected) => {
    expect(errorPattern(line)).toBe(expected);
  });
});
