import { expect, test } from 'vitest';
import { inForce } from '../../coordinator/audit/inforce.ts';

function left(text: string): string[] {
  const lines = text.split('\n');
  const kept = inForce(lines);
  expect(kept.length).toBe(lines.length);
  return kept.filter((line) => line !== '' && !line.startsWith('\t'));
}

test.each([
  ['IOS', 'banner login ^C\nno ip source-route\n^C\nline con 0', ['banner login ^C', 'line con 0']],
  ['IOS, on one line', 'banner motd ^CKeep out^C\nline con 0', ['banner motd ^CKeep out^C', 'line con 0']],
  ['IOS, text behind the mark', 'banner motd ^C Keep\nout ^C\nend', ['banner motd ^C Keep', 'end']],
  ['NX-OS', 'banner motd #\nfeature telnet\n#\n\nfeature ssh', ['banner motd #', 'feature ssh']],
  ['EOS', 'banner login\nmanagement telnet\nEOF\n!', ['banner login', '!']],
  ['one without an end', 'banner motd ^C\nip http server', ['banner motd ^C', 'ip http server']],
  ['plain text, as on ASA', 'banner motd Keep out\nhostname K', ['banner motd Keep out', 'hostname K']],
])('the text of a banner is no configuration, but lies below it: %s', (_, text, kept) => {
  expect(left(text)).toEqual(kept);
});

test('what is deactivated is not in force, with all below it, and nothing else', () => {
  const text = [
    'set system services ssh root-login deny',
    'set system services ssh-proxy x',
    'set system services telnet',
    'set groups g system services telnet',
    'set system services netconf ssh',
    'deactivate system services ssh',
    'deactivate system services telnet',
  ];
  expect(left(text.join('\n'))).toEqual([text[1], text[3], text[4], text[5], text[6]]);
});

test('blanks at the end of a line are none of it', () => {
  expect(left('aaa authorization exec default local \r\nboot nxos x ')).toEqual([
    'aaa authorization exec default local',
    'boot nxos x',
  ]);
});
