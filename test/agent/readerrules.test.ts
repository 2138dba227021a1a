// The reader on platforms whose command lines do more than IOS: prompts that move or have lines above them,
// commands put back for editing, log messages over a prompt, pagers and questions that nobody announced.
import { describe, expect, test } from 'vitest';
import { compileRules, type Rules, rulesOf } from '../../agent/line/platform.js';
import { Reader, type Sighting } from '../../agent/line/reader.js';

function rules(platform: string): Rules {
  const known = rulesOf(platform);
  if (!known) throw new Error(`${platform} is missing`);
  return known;
}

/** As if its files named no pager. */
function withoutPager(platform: string): Rules {
  return compileRules({ ...rules(platform).platform, pager: [] });
}

/** A reader at a prompt to which `command` has just been typed. */
function asked(platform: string | Rules, prompt: string, command: string, possible: RegExp[] = []): Reader {
  const reader = new Reader(typeof platform === 'string' ? rules(platform) : platform);
  reader.prompt.learn(prompt);
  reader.begin(command, [], possible);
  return reader;
}

function see(reader: Reader, text: string, quietMs = 20): Sighting {
  reader.push(Buffer.from(text, 'latin1'));
  return reader.look(quietMs);
}

function output(reader: Reader): string {
  return reader.output().rest.toString('latin1');
}

describe('a prompt that moves', () => {
  test('is known again with another counter and an unsaved mark', () => {
    const reader = asked('extreme_exos', 'sw1.9 # ', 'show version');
    expect(see(reader, 'show version\r\nSwitch : 800123\r\n* sw1.10 # ')).toMatchObject({ proved: true });
    expect(output(reader)).toBe('Switch : 800123\r\n');
    expect(reader.prompt.text).toBe('* sw1.10 # ');
  });

  test('is put to the test when it stands in the output too', () => {
    const reader = asked('extreme_exos', 'sw1.9 # ', 'show log');
    expect(see(reader, 'show log\r\nsw1.7 # \r\nentered\r\n* sw1.10 # ')).toEqual({ kind: 'confirm' });
    expect(see(reader, '\r\n* sw1.10 # ')).toMatchObject({ kind: 'prompt', proved: true });
    expect(output(reader)).toBe('show log\r\nsw1.7 # \r\nentered\r\n'.slice('show log\r\n'.length));
  });
});

describe('lines above a prompt', () => {
  test('are no part of the output', () => {
    const reader = asked('juniper_junos', 'netops@mx1> ', 'show version');
    expect(see(reader, 'show version\r\nModel: mx204\r\n\r\n{master:0}\r\nnetops@mx1> ')).toMatchObject({
      proved: true,
    });
    expect(output(reader)).toBe('Model: mx204\r\n\r\n');
  });

  test('are looked past when the prompt was asked for once more', () => {
    const reader = asked('juniper_junos', 'netops@mx1# ', 'show');
    const first = see(reader, 'show\r\nnetops@mx1# \r\ntext\r\n\r\n[edit]\r\nnetops@mx1# ');
    expect(first).toEqual({ kind: 'confirm' });
    expect(see(reader, '\r\n\r\n[edit]\r\nnetops@mx1# ')).toMatchObject({ kind: 'prompt', proved: true });
    expect(output(reader)).toBe('netops@mx1# \r\ntext\r\n\r\n');
  });
});

test('a refused command that the device puts back for editing is taken back, and is no output', () => {
  const reader = asked('cisco_ftd', '> ', 'show nonsense');
  const offered = 'show nonsense\r\nSyntax error: Illegal parameter\r\n> show nonsense\x07';
  expect(see(reader, offered)).toEqual({ kind: 'wait', quietMs: 300 });
  expect(see(reader, '', 300)).toEqual({ kind: 'pending' });
  expect(see(reader, '\x1b[13D\x1b[J')).toMatchObject({ kind: 'prompt', prompt: '> ', proved: true });
  expect(output(reader)).toBe('Syntax error: Illegal parameter\r\n');
});

describe('a log message over the prompt', () => {
  const LOG = '*Nov 22 11:00:00.123: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down\r\n';

  test.each([
    ['on its line', `R1#${LOG}`],
    ['on the lines after it', `R1#\r\n${LOG}${LOG}`],
  ])('%s is no output; an empty line brings the prompt again', (_where, noise) => {
    const reader = asked('cisco_ios', 'R1#', 'show clock');
    expect(see(reader, `show clock\r\n11:00:00\r\n${noise}`)).toEqual({ kind: 'wait', quietMs: 1000 });
    expect(see(reader, '', 1000)).toEqual({ kind: 'confirm' });
    expect(see(reader, '\r\nR1#')).toMatchObject({ kind: 'prompt', proved: true });
    expect(output(reader)).toBe('11:00:00\r\n');
  });

  test.each([
    ['with its facility is no output when the prompt is drawn again', LOG, true, '11:00:00\r\n'],
    [
      'that is but a time makes the output suspect',
      '11:00:01 up\r\n',
      false,
      '11:00:00\r\nR1#11:00:01 up\r\n',
    ],
  ])('%s', (_what, noise, proved, text) => {
    const reader = asked('cisco_ios', 'R1#', 'show clock');
    expect(see(reader, `show clock\r\n11:00:00\r\nR1#${noise}R1#`)).toEqual({ kind: 'confirm' });
    expect(see(reader, '\r\nR1#')).toMatchObject({ kind: 'prompt', proved });
    expect(output(reader)).toBe(text);
  });

  test('that is none makes the output suspect', () => {
    const reader = asked('cisco_ios', 'R1#', 'show clock');
    see(reader, 'show clock\r\n11:00:00\r\nR1#\r\nwhatever this is\r\n');
    expect(see(reader, '', 1000)).toEqual({ kind: 'confirm' });
    expect(see(reader, '\r\nR1#')).toMatchObject({ kind: 'prompt', proved: false });
  });

  test('is none when the output goes on after the empty line', () => {
    const reader = asked('cisco_ios', 'R1#', 'show run');
    see(reader, 'show run\r\nbanner\r\nR1#\r\nmore at 11:00:00\r\n');
    expect(see(reader, '', 1000)).toEqual({ kind: 'confirm' });
    expect(see(reader, '\r\nend\r\nR1#\r\nR1#')).toMatchObject({ kind: 'prompt', proved: true });
    expect(output(reader)).toBe('banner\r\nR1#\r\nmore at 11:00:00\r\n\r\nend\r\n');
  });

  test('over a pager does not keep it from being answered, and makes the output suspect', () => {
    const reader = asked('cisco_ios', 'R1#', 'show run');
    see(reader, `show run\r\none\r\n --More-- \r\n${LOG}`);
    expect(see(reader, '', 1000)).toEqual({ kind: 'pager', key: ' ' });
    expect(see(reader, '', 1000)).toEqual({ kind: 'more' });
    expect(see(reader, 'two\r\nR1#')).toMatchObject({ kind: 'prompt', proved: false });
    expect(output(reader)).not.toContain('More');
  });
});

describe('a pager that the platform does not name', () => {
  test.each([
    '--More--',
    '---- More ----',
    '---(more 42%)---',
    '<--- More --->',
    '-- MORE --, next page: Space, next line: Enter, quit: Control-C',
    'Press any key to continue (Q to quit)',
    'lines 1-23',
    'More: <space>,  Quit: q, One line: <return>',
  ])('%j is answered after a quiet', (text) => {
    const reader = asked(withoutPager('linux'), 'netops@r1:~$ ', 'cat big');
    expect(see(reader, `cat big\r\none\r\n${text}`)).toEqual({ kind: 'wait', quietMs: 1000 });
    expect(see(reader, '', 1000)).toEqual({ kind: 'pager', key: ' ' });
    expect(see(reader, '\r\x1b[Ktwo\r\nnetops@r1:~$ ')).toMatchObject({ kind: 'prompt', proved: true });
    expect(output(reader)).toBe('one\r\ntwo\r\n');
  });

  test('at its end is left', () => {
    const reader = asked(withoutPager('linux'), 'netops@r1:~$ ', 'cat big');
    see(reader, 'cat big\r\none\r\n\x1b[7m(END)\x1b[27m');
    expect(see(reader, '', 1000)).toEqual({ kind: 'pager', key: 'q' });
  });
});

describe('a question in the middle of a command', () => {
  const ASKS = /\{ <cr>.*\}:\s*$/;

  test('is believed after a quiet, and once where it stands', () => {
    const reader = asked('cisco_ios', 'R1#', 'display version', [ASKS]);
    expect(see(reader, 'display version\r\n{ <cr>||<K> }:')).toEqual({ kind: 'wait', quietMs: 300 });
    expect(see(reader, '', 300)).toEqual({ kind: 'question', index: 0 });
    expect(see(reader, '', 300)).toEqual({ kind: 'more' });
    expect(see(reader, '\r\nVRP\r\nR1#')).toMatchObject({ kind: 'prompt', proved: true });
  });

  test('is none within a finished line', () => {
    const reader = asked('cisco_ios', 'R1#', 'display version', [ASKS]);
    expect(see(reader, 'display version\r\n{ <cr>||<K> }: is asked\r\nR1#', 300)).toMatchObject({
      kind: 'prompt',
    });
  });
});

test('lines that end with the terminal\'s "next line" are lines, also when it comes in two pieces', () => {
  const reader = asked('hp_procurve', 'sw1# ', 'show version');
  reader.push(Buffer.from('show version\x1b'));
  expect(see(reader, 'EImage stamp\x1bEsw1# ')).toMatchObject({ kind: 'prompt', proved: true });
  expect(output(reader)).toBe('Image stamp\r\n');
});

test('prompt and command that are drawn twice on one line are no stray output', () => {
  const reader = asked('mikrotik_routeros', '[netops@r1] > ', '/interface print terse without-paging');
  const echo = '/interface print terse without-paging';
  see(reader, `${echo}\r[netops@r1] > ${echo}\x1b[K\r\n 0 R name=ether1\r\n\r\r\r\r[netops@r1] > `);
  expect(reader.stray).toBeNull();
  expect(output(reader)).toContain('name=ether1');
});

test('a line like the prompt but for its last space is waited for, and no end when the output goes on', () => {
  const reader = asked('cisco_nxos', 'sw1# ', 'show file');
  expect(see(reader, 'show file\r\nsw1#')).toEqual({ kind: 'wait', quietMs: 300 });
  expect(see(reader, ' is a comment\r\nsw1# ')).toEqual({ kind: 'confirm' });
  expect(see(reader, '\r\nsw1# ')).toMatchObject({ kind: 'prompt', proved: true });
  expect(output(reader)).toBe('sw1# is a comment\r\n');
});

test('an unfinished line that a prompt is drawn over from the first column on belongs to the output', () => {
  const reader = asked('cisco_asa', 'fw1# ', 'show x');
  expect(see(reader, 'show x\r\nabc\rfw1# ')).toMatchObject({ kind: 'prompt', proved: true });
  expect(output(reader)).toBe('abc\r');
});

test('an echo that was scrolled several times is one', () => {
  const command = `show interfaces | include ${'abcdefghij'.repeat(20)}end`;
  const shownParts = ['$cdefghijabcdefghij', '$ghijabcdefghijabcd', '$hijabcdefghijend'].join('');
  const reader = asked('cisco_ios', 'R1#', command);
  expect(see(reader, `R1#${shownParts}\r\nGi0/1\r\nR1#`)).toMatchObject({ kind: 'prompt', proved: true });
  expect(output(reader)).toBe('Gi0/1\r\n');
});

describe('a pager', () => {
  test('whose text comes in two pieces leaves none of it behind', () => {
    const reader = asked('generic', 'sw1#', 'show run');
    see(reader, 'show run\r\none\r\nMore: <space>,  Quit:');
    see(reader, ' q or CTRL+Z, One line: <return> ');
    expect(see(reader, '\r\x1b[Ktwo\r\nsw1#')).toMatchObject({ kind: 'prompt', proved: true });
    expect(output(reader)).toBe('one\r\ntwo\r\n');
  });

  test('that was text, as it was never wiped and its line goes on, makes the output suspect', () => {
    const reader = asked('cisco_asa', 'fw1# ', 'show run');
    expect(see(reader, 'show run\r\nfoo <--- More --->')).toEqual({ kind: 'pager', key: ' ' });
    expect(see(reader, ' bar\r\nfw1# ')).toMatchObject({ kind: 'prompt', proved: false });
  });

  test('that its own key leaves as it was gets a space', () => {
    const pager = [{ text: '--More--', key: 'a' }];
    const reader = asked(compileRules({ ...rules('cisco_ios').platform, pager }), 'R1#', 'show run');
    expect(see(reader, 'show run\r\none\r\n--More--')).toEqual({ kind: 'pager', key: 'a' });
    expect(see(reader, '\r\x1b[K--More--')).toEqual({ kind: 'pager', key: ' ' });
  });
});

test('a log over a prompt that was believed is no more of the output before it', () => {
  const reader = asked('cisco_ios', 'R1#', 'exit');
  see(reader, '*Mar  1 00:00:01: %SYS-5-CONFIG_I: Configured from console\r\nR1#exit\r\n');
  expect(reader.stray).toBeNull();
});

test('lines where an echo was to come tell that the output before them may have gone on', () => {
  const reader = asked('cisco_ios', 'R1#', 'show clock');
  reader.prompt.echoes = true;
  see(reader, 'late line\r\nR1#', 1000);
  expect(reader.isUnechoed).toBe(true);
});

test.each([
  'Do you want to change the password now? [Y/N]: ',
  'Change your password (y/n)? ',
  'change it [yes/no]?',
])('on any platform a password that may stay as it is does: %j', (asks) => {
  const entry = rules('cisco_ios').entry.find((one) => one.asks.test(asks));
  expect(entry).toMatchObject({ what: 'keys', keys: expect.stringMatching(/^no?\r$/i) });
});
