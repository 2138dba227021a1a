// The reader alone: bytes in pieces, quiet as given, and what it makes of them.
import { describe, expect, test } from 'vitest';
import { rulesOf } from '../../agent/line/platform.js';
import { Reader, type Sighting } from '../../agent/line/reader.js';
import { wholeOf } from '../../agent/line/settled.js';

const rules = rulesOf('cisco_ios');
if (!rules) throw new Error('cisco_ios is missing');
const cisco = rules;

/** A reader at the prompt R1# to which `command` has just been typed. */
function asked(command: string, prompt = 'R1#', question: RegExp | null = null): Reader {
  const reader = new Reader(cisco);
  reader.prompt.learn(prompt);
  reader.prompt.echoes = true; // as the setup lines have shown
  reader.begin(command, question === null ? [] : [question]);
  return reader;
}

function push(reader: Reader, text: string): void {
  reader.push(Buffer.from(text, 'latin1'));
}

/** Feeds the text, whole or byte by byte, with a look at each quiet moment; answers what was seen last. */
function feed(reader: Reader, text: string, size = text.length): Sighting {
  let seen: Sighting = { kind: 'more' };
  for (let at = 0; at < text.length; at += size) {
    push(reader, text.slice(at, at + size));
    seen = reader.look(20);
  }
  return seen;
}

function output(reader: Reader): string {
  return reader.output().rest.toString('latin1');
}

const BLANKED = `${'\b'.repeat(9)}${' '.repeat(8)}${'\b'.repeat(9)}`;

describe('the end of an output', () => {
  test('is the prompt on the last line after the echo', () => {
    const reader = asked('show version');
    expect(feed(reader, 'show version\r\nCisco IOS\r\nR1#')).toEqual({
      kind: 'prompt',
      prompt: 'R1#',
      proved: true,
    });
    expect(output(reader)).toBe('Cisco IOS\r\n');
  });

  test('is not a prompt that was there before the echo', () => {
    const reader = asked('show version');
    expect(feed(reader, '\r\nR1#')).toEqual({ kind: 'wait', quietMs: 1000 });
  });

  test('is believed without an echo after a long quiet, and not as proved', () => {
    const reader = asked('show version');
    push(reader, 'Cisco IOS\r\nR1#');
    expect(reader.look(1000)).toEqual({ kind: 'prompt', prompt: 'R1#', proved: false });
    expect(output(reader)).toBe('Cisco IOS\r\n');
  });

  test('is not a prompt with text after it', () => {
    const reader = asked('show run');
    expect(feed(reader, 'show run\r\nR1# is the name\r\n')).toEqual({ kind: 'more' });
  });

  test('is confirmed by an empty line when the prompt stood in the output before', () => {
    const reader = asked('show run');
    expect(feed(reader, 'show run\r\nR1#\r\nmore\r\nR1#')).toEqual({ kind: 'confirm' });
    expect(feed(reader, '\r\nR1#')).toEqual({ kind: 'prompt', prompt: 'R1#', proved: true });
    expect(output(reader)).toBe('R1#\r\nmore\r\n');
  });

  test('is confirmed when a line only looks like a prompt, and text that goes on is kept', () => {
    const reader = asked('show run');
    push(reader, 'show run\r\nsw2>');
    expect(reader.look(20)).toEqual({ kind: 'wait', quietMs: 300 });
    expect(reader.look(300)).toEqual({ kind: 'confirm' });
    expect(feed(reader, '\r\nend\r\nR1#')).toEqual({ kind: 'wait', quietMs: 2000 });
    expect(feed(reader, '\r\nR1#')).toEqual({ kind: 'prompt', prompt: 'R1#', proved: true });
    expect(output(reader)).toBe('sw2>\r\nend\r\n');
  });

  test('is seen behind text without a line end, which stays in the output', () => {
    const reader = asked('show clock');
    push(reader, 'show clock\r\n12:00R1#');
    expect(reader.look(300)).toEqual({ kind: 'confirm' });
    expect(feed(reader, '\r\nR1#')).toEqual({ kind: 'prompt', prompt: 'R1#', proved: true });
    expect(output(reader)).toBe('12:00');
  });

  test('is not proved when the empty line is never answered', () => {
    const reader = asked('show run');
    feed(reader, 'show run\r\nR1#\r\nmore\r\nR1#');
    expect(reader.look(2000)).toEqual({ kind: 'prompt', prompt: 'R1#', proved: false });
  });

  test('survives a change of mode, after a confirmation', () => {
    const reader = asked('configure terminal');
    push(reader, 'configure terminal\r\nR1(config)#');
    expect(reader.look(300)).toEqual({ kind: 'confirm' });
    expect(feed(reader, '\r\nR1(config)#')).toMatchObject({ kind: 'prompt', proved: true });
    expect(reader.prompt.text).toBe('R1(config)#');
  });

  test('carries ANSI and a carriage return like any other text', () => {
    const reader = asked('show version');
    expect(feed(reader, '\x1b[Kshow version\r\r\nCisco\r\n\r\x1b[0mR1#')).toMatchObject({
      kind: 'prompt',
      proved: true,
    });
    expect(output(reader)).toBe('Cisco\r\n');
  });
});

describe('an echo', () => {
  test.each([
    ['after a prompt that came again', '\r\nR1#show version\r\n'],
    ['typed letter by letter with corrections', 'show verX\b \bsion\r\n'],
    ['with a bell and a NUL', 'show\x07 version\x00\r\n'],
    ['with a space behind', 'show version \r\n'],
  ])('is recognised %s', (_name, echo) => {
    const reader = asked('show version');
    expect(feed(reader, `${echo}x\r\nR1#`)).toMatchObject({ kind: 'prompt', proved: true });
    expect(output(reader)).toBe('x\r\n');
  });

  const long = `show running-config | include ${'abcdefghij'.repeat(6)}`;

  test('is recognised when a long line was wrapped', () => {
    const reader = asked(long);
    expect(feed(reader, `${long.slice(0, 70)} \r${long.slice(70)}\r\nx\r\nR1#`)).toMatchObject({
      proved: true,
    });
  });

  test('is recognised when a long line was scrolled', () => {
    const reader = asked(long);
    const echo = `${long.slice(0, 70)}${'\b'.repeat(70)}$${long.slice(60, 70)}${' '.repeat(59)}${'\b'.repeat(59)}${long.slice(70)}`;
    expect(feed(reader, `${echo}\r\nx\r\nR1#`)).toMatchObject({ proved: true });
  });

  test('is not a line of output that ends like the command', () => {
    const reader = asked('show version');
    expect(feed(reader, 'usage: show version\r\nR1#')).toEqual({ kind: 'wait', quietMs: 1000 });
  });
});

describe('a pager', () => {
  test.each([
    ['backspaces and spaces', BLANKED],
    ['one backspace, space, backspace after the other', '\b \b'.repeat(10)],
    ['a carriage return and spaces', `\r${' '.repeat(10)}\r`],
    ['a carriage return alone', '\r'],
    ['an escape that erases the line', '\r\x1b[K'],
    ['an escape that erases all of the line first', '\x1b[2K\r'],
    ['an escape that moves back', `\x1b[10D${' '.repeat(10)}\x1b[10D`],
  ])('erased by %s vanishes without a trace', (_name, erasure) => {
    for (const size of [1, 3, 1000]) {
      const reader = asked('show run');
      push(reader, 'show run\r\nline 1\r\n');
      expect(feed(reader, ' --More-- ', 10)).toEqual({ kind: 'pager', key: ' ' });
      feed(reader, `${erasure}  line 2\r\n`, size);
      expect(feed(reader, ' --More-- ', 10)).toEqual({ kind: 'pager', key: ' ' });
      expect(feed(reader, `${erasure}R1#`, size)).toMatchObject({ kind: 'prompt', proved: true });
      expect(output(reader)).toBe('line 1\r\n  line 2\r\n');
    }
  });

  test('is answered once, even when its last space comes late', () => {
    const reader = asked('show run');
    push(reader, 'show run\r\n --More--');
    expect(reader.look(20)).toEqual({ kind: 'pager', key: ' ' });
    expect(reader.look(20)).toEqual({ kind: 'more' });
    expect(feed(reader, ' ')).toEqual({ kind: 'more' });
    expect(feed(reader, `${BLANKED}end\r\nR1#`)).toMatchObject({ kind: 'prompt' });
    expect(output(reader)).toBe('end\r\n');
  });

  test('that is part of a finished line belongs to the output', () => {
    const reader = asked('show run');
    feed(reader, 'show run\r\nbanner exec --More-- here\r\nR1#');
    expect(output(reader)).toBe('banner exec --More-- here\r\n');
  });

  test('keeps an empty line that follows its erasure', () => {
    const reader = asked('show run');
    feed(reader, 'show run\r\na\r\n --More-- ');
    feed(reader, `${BLANKED}\r\nb\r\nR1#`);
    expect(output(reader)).toBe('a\r\n\r\nb\r\n');
  });
});

describe('a question', () => {
  test('is seen after the echo', () => {
    const reader = asked('enable', 'R1>', /[Pp]assword: ?$/);
    expect(feed(reader, 'enable\r\nPassword: ')).toEqual({ kind: 'question', index: 0 });
  });
});

test('the first prompt is learnt from the last line', () => {
  const reader = new Reader(cisco);
  reader.begin(null);
  expect(feed(reader, '\r\nUnauthorised access is prohibited\r\n\r\nedge-1.site_2>')).toMatchObject({
    kind: 'prompt',
  });
  expect(reader.prompt.text).toBe('edge-1.site_2>');
});

test('what came before an echo tells that the output before it had gone on, and completes it', () => {
  const first = asked('show run');
  expect(feed(first, 'show run\r\nbanner\r\nR1#')).toMatchObject({ kind: 'prompt', proved: true });
  const second = asked('exit');
  feed(second, ' in the banner\r\nend\r\nR1#exit\r\n');
  const { stray } = second;
  expect(stray?.toString()).toBe(' in the banner\r\nend\r\nR1#');
  expect(first.extend(stray as Buffer)).toBe(true);
  expect(output(first)).toBe('banner\r\nR1# in the banner\r\nend\r\n');
});

describe('a line of the output that reads like an echo', () => {
  const OUTPUT = 'banner motd ^C\r\nR1# show run\r\n^C\r\nend\r\nR1#';

  test('is none on a device that does not echo', () => {
    const reader = asked('show run');
    reader.prompt.echoes = false;
    push(reader, OUTPUT);
    expect(reader.look(1000)).toEqual({ kind: 'confirm' });
    push(reader, '\r\nR1#');
    expect(reader.look(1000)).toMatchObject({ kind: 'prompt', proved: false });
    expect(output(reader)).toBe(OUTPUT.slice(0, -'R1#'.length));
  });

  test('is none on a device of which nobody knows whether it echoes', () => {
    const reader = asked('show run');
    reader.prompt.echoes = null;
    push(reader, OUTPUT);
    expect(reader.look(300)).toEqual({ kind: 'wait', quietMs: 1000 });
  });

  test('is none without a prompt before it, unless it comes first', () => {
    const reader = asked('exit');
    feed(reader, 'interface Gi0/1\r\nexit\r\nline vty 0 4\r\nR1#exit\r\n');
    expect(reader.stray?.toString()).toBe('interface Gi0/1\r\nexit\r\nline vty 0 4\r\nR1#');
  });
});

test('nothing but a prompt before an echo is no sign of anything', () => {
  const reader = asked('exit');
  feed(reader, '\r\nR1#exit\r\n');
  expect(reader.stray).toBeNull();
});

test('cut anywhere before its last byte an output is never proved whole', () => {
  const text =
    'show run\r\nhostname R1\r\nbanner motd ^C\r\nsw#\r\nR1>\r\nR1# ^C\r\n --More-- \r\nend\r\nR1#';
  for (let cut = 0; cut < text.length; cut++) {
    for (const quietMs of [20, 300, 1000, 60_000]) {
      const reader = asked('show run');
      push(reader, text.slice(0, cut));
      const seen = reader.look(quietMs);
      const standsAlone = text.slice(0, cut).endsWith('\nR1#') && text[cut] === ' ';
      if (!standsAlone) expect(seen, JSON.stringify(text.slice(0, cut))).not.toMatchObject({ proved: true });
    }
  }
});

test('five megabytes in small pieces take linear time', () => {
  const reader = asked('show tech');
  push(reader, 'show tech\r\n');
  const line = Buffer.from(`${'x'.repeat(78)}\r\n`);
  const started = process.cpuUsage();
  for (let at = 0; at < 65_536; at++) {
    reader.push(line);
    if (at % 16 === 0) reader.look(20);
  }
  push(reader, 'R1#');
  expect(reader.look(20)).toMatchObject({ kind: 'prompt', proved: true });
  expect(wholeOf(reader.output()).length).toBe(65_536 * 80);
  expect(process.cpuUsage(started).user / 1_000, 'CPU').toBeLessThan(5_000); // 150; quadratic: minutes
});
